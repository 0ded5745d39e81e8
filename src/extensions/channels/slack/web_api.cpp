#include "extensions/channels/slack/web_api.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "ports/unreachable.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

constexpr std::size_t kLargestAnswer = 8 * 1024 * 1024;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

ports::SendFault fault_of(std::string_view error) {
  if (one_of(error, {"ratelimited", "rate_limited", "message_limit_exceeded"})) return ports::SendFault::retry_after;
  if (one_of(error, {"service_unavailable", "request_timeout", "team_added_to_org", "method_temporarily_disabled"}))
    return ports::SendFault::transient;
  // Slack says of these two that a part of it may have been done.
  if (one_of(error, {"internal_error", "fatal_error"})) return ports::SendFault::ambiguous;
  if (one_of(error, {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
                     "no_permission", "missing_scope", "not_allowed_token_type", "org_login_required",
                     "ekm_access_denied", "access_denied", "team_access_not_granted"}) ||
      error.starts_with("restricted_action"))
    return ports::SendFault::refused;
  if (one_of(error, {"channel_not_found", "not_in_channel", "is_archived", "user_not_found", "users_not_found",
                     "user_disabled", "cannot_dm_bot", "message_not_found", "thread_not_found", "expired_url",
                     "used_url", "no_such_command"}))
    return ports::SendFault::missing;
  if (one_of(error, {"msg_too_long", "msg_blocks_too_long", "metadata_too_large"})) return ports::SendFault::too_long;
  return ports::SendFault::unsupported;
}

std::int64_t retry_after_ms(const net::Headers& headers) {
  const auto text = headers.find("Retry-After").value_or("");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp<std::int64_t>(seconds, 1, 900) * 1000;
}

std::string form_encoded(const json::object& parameters) {
  std::string body;
  for (const auto& [key, value] : parameters) {
    if (!body.empty()) body += '&';
    body += percent_encoded(key);
    body += '=';
    body += percent_encoded(value.is_string() ? std::string(value.get_string()) : to_text(value));
  }
  return body;
}

// What is sent twice when it is repeated.
bool repeatable(std::string_view method) {
  return !one_of(method, {"chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"});
}

bool same_origin(const net::Url& one, const net::Url& other) {
  return one.host == other.host && one.port == other.port && one.tls() == other.tls();
}

} // namespace

bool is_slack_address(std::string_view url, std::string_view root) {
  const auto parsed = net::parse_url(url);
  const auto own = net::parse_url(root);
  if (!parsed) return false;
  if (own && same_origin(*parsed, *own)) return true;
  if (!parsed->tls()) return false;
  const std::string_view host = parsed->host;
  if (one_of(host, {"slack.com", "slack-gov.com"})) return true;
  constexpr std::string_view endings[] = {".slack.com", ".slack-gov.com", ".slack-edge.com", ".slack-files.com"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view ending) { return host.ends_with(ending); });
}

ApiAnswer read_answer(const net::Response& response) {
  ApiAnswer answer;
  if (response.status == 429) {
    answer.error = "ratelimited";
    answer.problem = ports::SendProblem{ports::SendFault::retry_after, "Slack: too many requests.",
                                        retry_after_ms(response.headers)};
    return answer;
  }
  auto parsed = parse_json(response.body, "answer of Slack");
  if (response.status >= 500 || !parsed || !parsed->is_object()) {
    answer.problem = ports::SendProblem{
        ports::SendFault::transient,
        response.status >= 500
            ? fmt::format("Slack is not well (status {}).", response.status)
            : fmt::format("What answered for Slack is not its Web API (status {}).", response.status),
        0};
    return answer;
  }
  answer.body = std::move(*parsed);
  if (bool_or(answer.body, "ok", false)) return answer;
  answer.error = printable(string_or(answer.body, "error", "no reason given"), 100);
  auto message = fmt::format("Slack: {}.", answer.error);
  if (const auto needed = string_or(answer.body, "needed"); !needed.empty())
    message = fmt::format("Slack: {} (the token lacks the scope {}).", answer.error, printable(needed, 100));
  const auto fault = fault_of(answer.error);
  answer.problem = ports::SendProblem{fault, std::move(message),
                                      fault == ports::SendFault::retry_after ? retry_after_ms(response.headers) : 0};
  return answer;
}

Error refusal(const ApiAnswer& answer, std::string_view key) {
  if (answer.error == "missing_scope")
    return {Kind::denied,
            answer.problem->message,
            "Add the scope to the app at https://api.slack.com/apps and install it again.",
            {}};
  if (answer.error == "not_allowed_token_type")
    return {Kind::denied,
            fmt::format("Slack wants another kind of token in {}.", key),
            "appToken begins with xapp-, botToken with xoxb-.",
            {}};
  if (answer.problem && answer.problem->fault == ports::SendFault::refused)
    return {Kind::denied,
            fmt::format("Slack does not accept {} ({}).", key, answer.error),
            fmt::format("Take it from https://api.slack.com/apps and set it with: openclaw config set "
                        "channels.slack.{} TOKEN",
                        key),
            {}};
  return {Kind::transient, answer.problem ? answer.problem->message : "Slack refused.", "It is tried again.", {}};
}

Task<ApiAnswer> WebApi::call_as(Secret token, std::string method, json::object parameters, std::int64_t timeout_ms) {
  net::Outbound request("POST", root_ + method);
  request.headers.set("Authorization", "Bearer " + token.reveal());
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = form_encoded(parameters);
  request.body_limit = kLargestAnswer;
  request.first_byte_timeout_ms = timeout_ms;
  request.idle_timeout_ms = timeout_ms;
  request.repeatable = repeatable(method);
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(*response);
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  ApiAnswer answer;
  answer.problem = ports::problem_from(ports::unreachable(response.error(), "Slack", "channels.slack.slackApiUrl"));
  co_return answer;
}

Result<net::Outbound> WebApi::to_slack(std::string method, std::string url) const {
  if (!is_slack_address(url, root_))
    return fail(Kind::denied, "it lies on a host that is not Slack's, which must not get the token");
  net::Outbound request(std::move(method), std::move(url));
  request.first_byte_timeout_ms = 20'000;
  request.idle_timeout_ms = 20'000;
  return request;
}

Task<net::Response> WebApi::post_to(std::string url, std::string content_type, std::string body) {
  CO_TRY(auto request, to_slack("POST", std::move(url)));
  request.headers.set("Content-Type", content_type);
  request.first_byte_timeout_ms += static_cast<std::int64_t>(body.size() / 100); // a slow line takes its time
  request.body = std::move(body);
  request.repeatable = false;
  auto response = co_await http_.fetch(std::move(request));
  if (!response && response.error().kind != Kind::cancelled)
    co_return std::unexpected(ports::unreachable(response.error(), "Slack", "the proxy, if there is one"));
  co_return response;
}

Task<net::Response> WebApi::download(std::string url, std::size_t limit) {
  CO_TRY(auto request, to_slack("GET", std::move(url)));
  request.headers.set("Authorization", "Bearer " + bot_token_.reveal());
  request.body_limit = limit;
  request.redirects = 3; // to presigned addresses, which the token is not sent to
  auto response = co_await http_.fetch(std::move(request));
  if (response || response.error().kind == Kind::cancelled) co_return response;
  if (response.error().code == "413" || response.error().kind == Kind::remote)
    co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  co_return fail(Kind::transient, "Slack did not give it");
}

} // namespace openclaw::extensions::slack
