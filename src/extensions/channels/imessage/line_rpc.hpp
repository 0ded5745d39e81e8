// A child that speaks JSON-RPC 2.0, one object a line, on its standard input and output. What it writes to standard
// error is read and forgotten, but for faults that a person can mend.
#pragma once
#include "async/event.hpp"
#include "async/process.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/json.hpp"
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace openclaw::extensions::imessage {

// Error::code of a request that the child certainly did not read.
inline constexpr std::string_view kNotRead = "not-read";

class LineRpc {
public:
  // What a line of standard error asks a person to do; nothing for every other one.
  using Remedy = std::optional<Error> (*)(std::string_view line);

  // What reads and writes for a child stands on its own and ends with it, in `background`.
  LineRpc(async::Scope& background, async::Time& time) : background_(background), time_(time) {}

  Result<> start(std::vector<std::string> argv, Remedy remedy);
  // Its answer's "result"; Kind::remote with the error's number as code when it refused, Kind::timeout and
  // Kind::transient when it may have read the request, and kNotRead when it has not.
  Task<json::value> request(std::string method, json::object parameters, std::int64_t timeout_ms);
  // Its next notification ({method, params}), null for a line that is not JSON; an error when it ended.
  Task<json::value> next();
  // Ends it and waits for its end; does nothing when it was not started.
  Task<> stop();

private:
  struct Life; // of one child
  static Task<> read(std::shared_ptr<Life> life);
  static Task<> read_errors(std::shared_ptr<Life> life, Remedy remedy);
  static Task<> write(std::shared_ptr<Life> life);

  async::Scope& background_;
  async::Time& time_;
  std::shared_ptr<Life> life_;
};

} // namespace openclaw::extensions::imessage
