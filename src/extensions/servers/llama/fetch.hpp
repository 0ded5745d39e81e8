// Fetches one file of known size and checksum into a part file: resumed where an earlier attempt stopped, tried at most
// three times, never longer than announced.
#pragma once
#include "async/task.hpp"
#include "async/time.hpp"
#include "net/http_client.hpp"
#include <functional>
#include <string>

namespace openclaw::llama {

struct Fetch {
  std::string url;
  std::string sha256;
  std::int64_t bytes = 0;
  std::string part_file;
  std::function<void(std::int64_t bytes_there)> progress;
};

// Kind::denied when what came is not what was announced, Kind::missing when the server no longer has it, otherwise what
// the network said.
Task<> fetch_file(net::HttpClient& http, async::Time& time, Fetch fetch);

} // namespace openclaw::llama
