// signal-cli's daemon as calls: JSON-RPC 2.0 at POST /api/v1/rpc, and what its refusals mean for a message.
#pragma once
#include "base/json.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>

namespace openclaw::extensions::signal {

// A call's outcome: the result, or what signal-cli said.
struct RpcAnswer {
  json::value result;
  std::optional<ports::SendProblem> problem;
  int code = 0; // of the JSON-RPC error; 0: none
};

inline constexpr int kMethodMissing = -32601;
inline constexpr std::int64_t kCallMs = 30'000;

// The answer's text, with the HTTP status it came with. Pure.
RpcAnswer read_answer(int status, std::string_view body);

class DaemonApi {
public:
  DaemonApi(net::HttpClient& http, std::string root) : http_(http), root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  // `once`: it must not be written a second time when a kept connection turns out to be dead. An error only when
  // cancelled; everything else is a problem in the answer.
  Task<RpcAnswer> call(std::string method, json::object parameters, bool once, std::int64_t timeout_ms = kCallMs,
                       std::size_t largest_answer = 4 * 1024 * 1024);
  // Whether a daemon answers; the error says why none does.
  Task<> check();
  // Its events, for the account or, without one, of all.
  Task<std::shared_ptr<net::StreamedResponse>> events(std::string account);

private:
  net::HttpClient& http_;
  std::string root_;
};

} // namespace openclaw::extensions::signal
