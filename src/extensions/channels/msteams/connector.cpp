#include "extensions/channels/msteams/connector.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/msteams/addresses.hpp"
#include "ports/unreachable.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::msteams {
namespace {

constexpr std::string_view kScope = "https://api.botframework.com/.default";
constexpr std::int64_t kBeforeEndMs = 5 * 60 * 1000;
constexpr std::int64_t kFreshMs = 60 * 1000; // a token that is refused this young will be refused again
constexpr std::string_view kHowToMend =
    "Compare channels.msteams.appId, appPassword and tenantId with the app's registration in Azure; secrets there end.";

ports::SendFault fault_of(int status, std::string_view code) {
  if (status == 429) return ports::SendFault::retry_after;
  if (status == 401 || status == 403) return ports::SendFault::refused;
  if (status == 404) return ports::SendFault::missing;
  if (status == 413 || code == "MessageSizeTooBig" || code == "RequestEntityTooLarge")
    return ports::SendFault::too_long;
  if (status == 412 || status >= 500) return ports::SendFault::transient;
  if (status == 400) return ports::SendFault::bad_format;
  return ports::SendFault::unsupported;
}

std::int64_t retry_after_ms(const net::Response& response) {
  const auto field = trim(response.headers.find("Retry-After").value_or(""));
  if (field.empty() || field.size() > 6 || field.find_first_not_of("0123456789") != std::string_view::npos) return 3000;
  return std::stoll(std::string(field)) * 1000;
}

// What the sign-in server says, without what it repeats of our request.
Error sign_in_refused(const net::Response& response) {
  const auto said = parse_json(response.body, "answer of the sign-in server");
  const auto code = said ? printable(string_or(*said, "error"), 60) : std::string();
  if (response.status == 400 || response.status == 401 || response.status == 403)
    return Error{Kind::denied,
                 fmt::format("Microsoft does not accept the bot's credentials ({}).",
                             code.empty() ? std::to_string(response.status) : code),
                 std::string(kHowToMend),
                 {}};
  return Error{
      Kind::transient, fmt::format("Microsoft's sign-in answered {}.", response.status), "It is tried again.", {}};
}

} // namespace

Task<> Connector::sign_in() {
  while (asking_)
    CO_TRY_VOID(co_await asked_.wait());
  if (token_is_good()) co_return Result<>{};
  asking_ = true;
  auto asked = co_await ask_for_token();
  asking_ = false;
  asked_.notify();
  co_return asked;
}

Task<> Connector::ask_for_token() {
  const auto tenant = settings_.tenant_id.empty() ? std::string("botframework.com") : settings_.tenant_id;
  net::Outbound request("POST", fmt::format("{}/{}/oauth2/v2.0/token", settings_.login_url, percent_encoded(tenant)));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
                             percent_encoded(settings_.app_id), percent_encoded(settings_.app_password.reveal()),
                             percent_encoded(kScope));
  request.first_byte_timeout_ms = 20'000;
  request.body_limit = 256 * 1024;
  CO_TRY(const auto response, co_await http_.fetch(std::move(request)));
  if (response.status != 200) co_return std::unexpected(sign_in_refused(response));
  const auto answer = parse_json(response.body, "token");
  auto token = answer ? string_or(*answer, "access_token") : std::string();
  if (token.empty()) co_return fail(Kind::transient, "Microsoft's sign-in gave no token.", "It is tried again.");
  const auto lasts_ms = std::clamp<std::int64_t>(integer_or(*answer, "expires_in", 3600), 1, 86'400) * 1000;
  token_ = Secret(std::move(token));
  got_ms_ = time_.monotonic_ms();
  renew_at_ms_ = got_ms_ + std::max(lasts_ms - kBeforeEndMs, lasts_ms / 2);
  co_return Result<>{};
}

Task<Answer> Connector::call(std::string method, std::string service_url, std::string path, json::object activity,
                             bool repeatable) {
  Answer answer;
  if (!trusted_service(service_url, settings_.service_url)) {
    answer.problem = {ports::SendFault::missing,
                      "Where this conversation is served is not known: nothing trustworthy has come from it yet.", 0};
    co_return answer;
  }
  if (auto ready = co_await sign_in(); !ready) {
    if (ready.error().kind == Kind::cancelled) co_return std::unexpected(std::move(ready).error());
    // Nothing of the message has been sent.
    answer.problem = {ready.error().kind == Kind::denied ? ports::SendFault::refused : ports::SendFault::transient,
                      ready.error().text(), 0};
    co_return answer;
  }
  net::Outbound request(std::move(method),
                        fmt::format("{}{}{}", service_url, service_url.ends_with('/') ? "" : "/", path));
  request.headers.set("Authorization", "Bearer " + token_.reveal());
  if (!activity.empty()) {
    request.headers.set("Content-Type", "application/json");
    request.body = to_text(json::value(std::move(activity)));
  }
  request.repeatable = repeatable;
  request.first_byte_timeout_ms = 30'000;
  request.idle_timeout_ms = 30'000;
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(*response);
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(std::move(response).error());
  answer.problem = ports::problem_from(ports::unreachable(response.error(), "Teams", "channels.msteams.serviceUrl"));
  co_return answer;
}

Answer Connector::read_answer(const net::Response& response) {
  Answer answer;
  auto body = parse_json(response.body, "answer of Teams");
  if (body) answer.body = std::move(*body);
  if (response.status >= 200 && response.status < 300) return answer;
  const auto* error = find(answer.body, "error");
  const auto code = error ? printable(string_or(*error, "code"), 60) : std::string();
  const auto said = error ? printable(string_or(*error, "message"), 200) : std::string();
  ports::SendProblem problem{fault_of(response.status, code),
                             fmt::format("Teams: {} ({}).", said.empty() ? "no reason given" : said,
                                         code.empty() ? std::to_string(response.status) : code),
                             0};
  if (response.status == 429) problem.retry_after_ms = retry_after_ms(response);
  if (response.status == 401) {
    // A token may be taken back before its end; a fresh one is asked for once.
    if (time_.monotonic_ms() - got_ms_ > kFreshMs) problem.fault = ports::SendFault::transient;
    token_ = Secret();
  }
  answer.problem = std::move(problem);
  return answer;
}

Task<std::string> Connector::download(std::string url, std::size_t limit) {
  if (!trusted_service(url, settings_.service_url))
    co_return fail(Kind::denied, "it is on a host that is not Microsoft's");
  CO_TRY_VOID(co_await sign_in());
  net::Outbound request("GET", std::move(url));
  request.headers.set("Authorization", "Bearer " + token_.reveal());
  request.body_limit = limit;
  request.first_byte_timeout_ms = 20'000;
  request.idle_timeout_ms = 20'000;
  CO_TRY(auto response, co_await http_.fetch(std::move(request)));
  if (response.status != 200) co_return fail(Kind::missing, fmt::format("Teams answered {}", response.status));
  co_return std::move(response.body);
}

} // namespace openclaw::extensions::msteams
