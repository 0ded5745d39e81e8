// POST /api/login: the one-time code of a printed link becomes the token that the browser keeps. JSON only, so that no
// foreign page's simple request gets as far as here.
#include "base/text.hpp"
#include "gateway/http_route.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

bool is_json(const net::Request& request) {
  const auto type = request.headers.find("Content-Type");
  return type && lowercase_ascii(trim(type->substr(0, type->find(';')))) == "application/json";
}

Task<net::Response> log_in(RouteCall call) {
  auto& credentials = call.services.gateway.credentials();
  if (!is_json(call.exchange->request()))
    co_return json_error(415, "A login is sent as JSON.", "Use Content-Type: application/json.");
  if (const auto wait = credentials.retry_after_ms(call.remote); wait > 0) {
    auto response = json_error(429, "There were too many failed logins.", "Wait a moment and try again.");
    response.headers.set("Retry-After", std::to_string((wait + 999) / 1000));
    co_return response;
  }
  CO_TRY(const auto body, co_await call.exchange->body());
  CO_TRY(const auto parsed, parse_json(body, "body"));
  auto code = string_or(parsed, "code");
  if (code.empty() || code.size() > 256) co_return json_error(400, "The login has no code.", R"(Send {"code":"..."}.)");
  CO_TRY(const auto issued, co_await credentials.exchange(std::move(code)));
  if (!issued) {
    credentials.count_failure(call.remote);
    co_return json_error(401, "This login link was used already, is too old, or is from another gateway.",
                         "Get a new one with: openclaw dashboard");
  }
  const json::object answer{{"token", issued->token}, {"expiresAtMs", issued->expires_ms}};
  co_return json_response(200, to_text(answer));
}

} // namespace

void register_route_login(RouteTable& table) {
  table.add({"POST", "/api/login", log_in});
}

} // namespace openclaw::gateway
