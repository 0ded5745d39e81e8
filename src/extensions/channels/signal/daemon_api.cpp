#include "extensions/channels/signal/daemon_api.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "ports/unreachable.hpp"
#include <fmt/core.h>
#include <limits>

namespace openclaw::extensions::signal {
namespace {

using ports::SendFault;
using ports::SendProblem;

// signal-cli's own numbers for failures, besides those of JSON-RPC.
constexpr int kUserError = -1;
constexpr int kIoError = -3;
constexpr int kUntrustedKey = -4;
constexpr int kRateLimit = -5;
constexpr int kBadParameters = -32602;
constexpr int kInternal = -32603;

constexpr std::int64_t kUnknownLimitMs = 60'000;
constexpr std::int64_t kIdleMs = 60'000; // it writes a comment each 15 seconds

const json::array* results_of(const json::value& value) {
  const auto* results = find(value, "results");
  return results && results->is_array() && !results->get_array().empty() ? &results->get_array() : nullptr;
}

// What became of a message that signal-cli took, by its first recipient that did not get it; nothing when somebody did.
std::optional<SendProblem> problem_of(const json::array& results) {
  std::optional<SendProblem> problem;
  for (const auto& result : results) {
    const auto type = string_or(result, "type");
    if (type == "SUCCESS") return std::nullopt;
    if (problem) continue;
    if (type == "RATE_LIMIT_FAILURE") {
      const bool captcha = !string_or(result, "token").empty();
      const auto seconds = integer_or(result, "retryAfterSeconds", kUnknownLimitMs / 1000);
      problem = SendProblem{SendFault::retry_after,
                            captcha ? "Signal limits this account until somebody solves a captcha (signal-cli "
                                      "submitRateLimitChallenge), or for a while."
                                    : "Signal limits how much this account may send.",
                            std::max<std::int64_t>(seconds, 1) * 1000};
    } else if (type == "UNREGISTERED_FAILURE") {
      problem = SendProblem{SendFault::missing, "This person has no account at Signal (any more).", 0};
    } else if (type == "IDENTITY_FAILURE") {
      problem = SendProblem{
          SendFault::refused,
          "The safety number of this person changed. Check it and accept it with: signal-cli trust -a NUMBER", 0};
    } else if (type == "INVALID_PRE_KEY_FAILURE") {
      problem = SendProblem{SendFault::transient, "This person's device has no usable keys at Signal now.", 0};
    } else {
      // The connection to Signal broke: before or after Signal had it, nobody can say.
      problem = SendProblem{SendFault::ambiguous, "signal-cli lost the connection to Signal while it sent this.", 0};
    }
  }
  return problem;
}

// Failures before anything was written to Signal, by the names that Java gives them.
bool never_left(std::string_view message) {
  for (const std::string_view sign : {"UnknownHostException", "Unable to resolve host", "ConnectException",
                                      "Connection refused", "NoRouteToHost", "Network is unreachable"})
    if (message.find(sign) != std::string_view::npos) return true;
  return false;
}

SendProblem problem_of(int code, const json::value& error) {
  if (const auto* data = find(error, "data"); data)
    if (const auto* response = find(*data, "response"); response)
      if (const auto* results = results_of(*response))
        if (auto problem = problem_of(*results)) return *problem;
  const auto said = string_or(error, "message", "no reason given");
  const auto text = fmt::format("signal-cli: {} ({}).", printable(said, 200), code);
  const auto lower = lowercase_ascii(said);
  switch (code) {
  case kRateLimit:
    return {SendFault::retry_after, text, kUnknownLimitMs};
  case kUntrustedKey:
    return {SendFault::refused, text, 0};
  case kIoError:
    return {never_left(said) ? SendFault::transient : SendFault::ambiguous, text, 0};
  case kInternal:
    return {SendFault::ambiguous, text, 0};
  case kBadParameters:
    return {lower.find("account") != std::string::npos ? SendFault::refused : SendFault::unsupported, text, 0};
  case kUserError:
    if (lower.find("textstyle") != std::string::npos || lower.find("invalid style") != std::string::npos)
      return {SendFault::bad_format, text, 0};
    if (lower.find("not registered") != std::string::npos || lower.find("group") != std::string::npos)
      return {SendFault::missing, text, 0};
    return {SendFault::unsupported, text, 0};
  default:
    return {SendFault::unsupported, text, 0};
  }
}

Error not_there(const Error& error) {
  return ports::unreachable(error, "signal-cli's daemon", "channels.signal.httpUrl");
}

} // namespace

RpcAnswer read_answer(int status, std::string_view body) {
  RpcAnswer answer;
  const auto parsed = parse_json(body, "answer of signal-cli");
  const auto* error = parsed ? find(*parsed, "error") : nullptr;
  if (error && error->is_object()) {
    answer.code = static_cast<int>(integer_or(*error, "code", kInternal));
    answer.problem = problem_of(answer.code, *error);
    return answer;
  }
  const auto* result = parsed && status == 200 ? find(*parsed, "result") : nullptr;
  if (result) {
    answer.result = *result;
    if (const auto* results = results_of(*result)) answer.problem = problem_of(*results);
    return answer;
  }
  answer.code = kInternal;
  answer.problem = SendProblem{status >= 500   ? SendFault::transient
                               : status == 200 ? SendFault::ambiguous
                                               : SendFault::refused,
                               fmt::format("What answered for signal-cli is not its daemon (status {}).", status), 0};
  return answer;
}

Task<RpcAnswer> DaemonApi::call(std::string method, json::object parameters, bool once, std::int64_t timeout_ms,
                                std::size_t largest_answer) {
  net::Outbound request("POST", root_ + "/api/v1/rpc");
  request.headers.set("Content-Type", "application/json");
  json::object body{{"jsonrpc", "2.0"}, {"id", "1"}, {"method", method}, {"params", std::move(parameters)}};
  request.body = to_text(json::value(std::move(body)));
  request.first_byte_timeout_ms = timeout_ms;
  request.idle_timeout_ms = kCallMs;
  request.body_limit = largest_answer;
  request.repeatable = !once;
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(response->status, response->body);
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  RpcAnswer answer;
  answer.problem = ports::problem_from(not_there(response.error()));
  co_return answer;
}

Task<> DaemonApi::check() {
  net::Outbound request("GET", root_ + "/api/v1/check");
  request.connect_timeout_ms = 5000;
  request.first_byte_timeout_ms = 5000;
  auto response = co_await http_.fetch(std::move(request));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response) co_return std::unexpected(not_there(response.error()));
  if (response->status != 200)
    co_return fail(Kind::transient,
                   fmt::format("What answers at {} is not signal-cli's daemon (status {}).", root_, response->status),
                   "See channels.signal.httpUrl, and start it with: signal-cli daemon --http");
  co_return Result<>{};
}

Task<std::shared_ptr<net::StreamedResponse>> DaemonApi::events(std::string account) {
  auto url = root_ + "/api/v1/events";
  if (!account.empty()) url += "?account=" + percent_encoded(account);
  net::Outbound request("GET", std::move(url));
  request.headers.set("Accept", "text/event-stream");
  request.first_byte_timeout_ms = kCallMs;
  request.idle_timeout_ms = kIdleMs;
  request.body_limit = std::numeric_limits<std::size_t>::max(); // it has no end; each event is bounded by its parser
  auto response = co_await http_.open(std::move(request));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response) co_return std::unexpected(not_there(response.error()));
  co_return std::move(*response);
}

} // namespace openclaw::extensions::signal
