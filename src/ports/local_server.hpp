// What the finders of model servers on this machine share: where to look, and looking within half a second.
#pragma once
#include "async/time.hpp"
#include "net/http_client.hpp"
#include <string>
#include <string_view>

namespace openclaw::ports {

// The address in a variable such as OLLAMA_HOST ("host", "host:port", ":port", or a URL), without a trailing slash; the
// loopback address with the default port when it is empty or no address. 0.0.0.0 and [::] (where servers listen) become
// loopback.
std::string server_address(std::string_view setting, int default_port);

// GETs that together take at most about the bound; what is left of it shrinks with each.
class ServerProbe {
public:
  ServerProbe(net::HttpClient& client, async::Time& time, std::int64_t bound_ms = 500)
      : client_(client), time_(time), end_ms_(time.monotonic_ms() + bound_ms) {}
  // The body of a 200 answer of at most 1 MB; Kind::missing otherwise, for whatever reason, Kind::cancelled excepted.
  Task<std::string> get(std::string url);

private:
  net::HttpClient& client_;
  async::Time& time_;
  std::int64_t end_ms_;
};

} // namespace openclaw::ports
