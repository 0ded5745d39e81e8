// A client of the gateway's WebSocket protocol (3 and 4) for one command: connects, asks, reads events. One coroutine
// uses it at a time; send_request() alone may be called in between by others of the same loop.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "cli/setup.hpp"
#include "net/http_client.hpp"
#include <deque>
#include <memory>
#include <string>

namespace openclaw::cli {

struct Incoming {
  std::string event;   // its name; empty for an answer
  std::string id;      // of the request that this answers
  json::value payload; // of the event or the answer
  std::optional<Error> error;
};

class GatewayClient {
public:
  // `client` must outlive it. Errors say where it tried and what to do.
  static Task<std::shared_ptr<GatewayClient>> connect(net::HttpClient& client, async::Time& time,
                                                      async::Executor executor, GatewayAddress address,
                                                      std::int64_t timeout_ms);
  // The answer's payload. Events that arrive meanwhile are kept for next().
  Task<json::value> request(std::string method, json::object params);
  // Returns the id under which next() will bring the answer.
  std::string send_request(const std::string& method, json::object params);
  // The next event or answer. Kind::timeout after `timeout_ms` without one (0: waits for ever).
  Task<Incoming> next(std::int64_t timeout_ms);
  // Must be the last call.
  Task<> close();

  const json::value& hello() const { return hello_; }
  const std::string& url() const { return url_; }

private:
  GatewayClient(async::Time& time, async::Executor executor, std::int64_t timeout_ms)
      : time_(time), watch_(executor), timeout_ms_(timeout_ms) {}
  Task<Incoming> read(std::int64_t timeout_ms);

  async::Time& time_;
  async::Scope watch_;
  std::int64_t timeout_ms_;
  std::shared_ptr<net::WebSocket> socket_;
  std::deque<Incoming> waiting_;
  json::value hello_;
  std::string url_;
  int last_id_ = 0;
};

// Connects, runs `work`, closes; prints what went wrong and returns the exit status.
using GatewayWork = Task<int> (*)(Invocation*, GatewayClient*);
int run_with_gateway(Invocation& invocation, GatewayWork work);
// The simplest use: one request.
Result<json::value> call_gateway(const Invocation& invocation, std::string method, json::object params);

} // namespace openclaw::cli
