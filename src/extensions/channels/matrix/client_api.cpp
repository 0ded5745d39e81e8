#include "extensions/channels/matrix/client_api.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/matrix/events.hpp"
#include "ports/unreachable.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::matrix {
namespace {

constexpr std::size_t kLargestSync = 64 * 1024 * 1024;
constexpr int kDeepestEvent = 48;

ports::SendFault fault_of(int status, std::string_view code) {
  if (status == 429 || code == "M_LIMIT_EXCEEDED") return ports::SendFault::retry_after;
  if (status >= 500) return ports::SendFault::transient;
  if (status == 413 || code == "M_TOO_LARGE") return ports::SendFault::too_long;
  if (status == 404) return ports::SendFault::missing;
  if (status == 401 || status == 403) return ports::SendFault::refused;
  return ports::SendFault::unsupported;
}

std::int64_t pause_of(const net::Response& response, const json::value& said) {
  if (const auto ms = integer_or(said, "retry_after_ms", -1); ms >= 0) return ms;
  const auto header = response.headers.find("Retry-After").value_or("");
  const bool number = !header.empty() && header.size() < 6 && header.find_first_not_of("0123456789") == header.npos;
  return number ? std::atoll(std::string(header).c_str()) * 1000 : 3000;
}

ApiAnswer read_answer(const net::Response& response, Result<json::value> parsed) {
  ApiAnswer answer;
  answer.status = response.status;
  const bool good = response.status >= 200 && response.status < 300;
  if (!parsed || !parsed->is_object()) {
    const bool passes = response.status >= 500 || response.status == 429 || good;
    answer.problem = ports::SendProblem{
        passes ? ports::SendFault::transient : ports::SendFault::refused,
        fmt::format("What answered for the homeserver is not Matrix (status {}).", response.status), 0};
    return answer;
  }
  if (good) {
    answer.result = std::move(*parsed);
    return answer;
  }
  answer.code = printable(string_or(*parsed, "errcode", "M_UNKNOWN"), 60);
  ports::SendProblem problem{
      fault_of(response.status, answer.code),
      fmt::format("Matrix: {} ({}).", printable(string_or(*parsed, "error", "no reason given"), 200), answer.code), 0};
  if (problem.fault == ports::SendFault::retry_after) problem.retry_after_ms = pause_of(response, *parsed);
  answer.problem = std::move(problem);
  return answer;
}

Error not_there(const Error& error) {
  return ports::unreachable(error, "The homeserver", "channels.matrix.homeserver");
}

bool is_page(std::string_view bytes) {
  const auto head = lowercase_ascii(trim(bytes.substr(0, 64)));
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

} // namespace

std::string client_path(std::initializer_list<std::string_view> parts) {
  std::string path = "/_matrix/client/v3";
  for (const auto part : parts)
    path += "/" + percent_encoded(part);
  return path;
}

std::string readable_json(std::string_view text, int deepest) {
  std::string out;
  out.reserve(text.size());
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool shown = depth <= deepest;
    if (in_string) {
      if (shown) out += c;
      if (c == '\\' && at + 1 < text.size()) {
        ++at;
        if (shown) out += text[at];
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '{' || c == '[') {
      if (++depth == deepest + 1) out += "null";
    }
    if (depth <= deepest) out += c;
    if (c == '"') in_string = true;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return to_valid_utf8(out);
}

ClientApi::ClientApi(net::HttpClient& http, std::string homeserver)
    : http_(http), homeserver_(without_trailing_slashes(homeserver)) {}

net::Outbound ClientApi::request(std::string_view method, std::string_view path) const {
  net::Outbound request{std::string(method), homeserver_ + std::string(path)};
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_.reveal());
  request.first_byte_timeout_ms = 30'000;
  request.idle_timeout_ms = 30'000;
  return request;
}

Task<ApiAnswer> ClientApi::exchange(net::Outbound request) {
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(*response, parse_json(response->body, "answer of the homeserver"));
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  ApiAnswer answer;
  answer.problem = ports::problem_from(not_there(response.error()));
  co_return answer;
}

Task<ApiAnswer> ClientApi::get(std::string path, std::int64_t timeout_ms) {
  auto outgoing = request("GET", path);
  outgoing.first_byte_timeout_ms = timeout_ms;
  co_return co_await exchange(std::move(outgoing));
}

Task<ApiAnswer> ClientApi::put(std::string path, json::object body) {
  auto outgoing = request("PUT", path);
  outgoing.headers.set("Content-Type", "application/json");
  outgoing.body = to_text(json::value(std::move(body)));
  co_return co_await exchange(std::move(outgoing));
}

Task<ApiAnswer> ClientApi::post(std::string path, json::object body) {
  auto outgoing = request("POST", path);
  outgoing.headers.set("Content-Type", "application/json");
  outgoing.body = to_text(json::value(std::move(body)));
  outgoing.repeatable = false;
  co_return co_await exchange(std::move(outgoing));
}

void ClientApi::post_aside(async::Scope& scope, std::string path) {
  auto outgoing = request("POST", path);
  outgoing.headers.set("Content-Type", "application/json");
  outgoing.body = "{}";
  scope.spawn("matrix aside", send_aside(http_, std::move(outgoing)));
}

Task<> ClientApi::send_aside(net::HttpClient& http, net::Outbound request) {
  auto answered = co_await http.fetch(std::move(request));
  (void)answered;
  co_return Result<>{};
}

Task<ApiAnswer> ClientApi::sync(std::string query, std::int64_t timeout_ms) {
  auto outgoing = request("GET", "/_matrix/client/v3/sync?" + query);
  outgoing.first_byte_timeout_ms = timeout_ms;
  outgoing.body_limit = kLargestSync;
  auto response = co_await http_.fetch(std::move(outgoing));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response) {
    ApiAnswer answer;
    answer.problem = ports::problem_from(not_there(response.error()));
    co_return answer;
  }
  auto parsed = parse_json(response->body, "answer of the homeserver");
  if (!parsed) parsed = parse_json(readable_json(response->body, kDeepestEvent), "answer of the homeserver");
  co_return read_answer(*response, std::move(parsed));
}

Task<ApiAnswer> ClientApi::upload(ports::OutgoingFile file) {
  auto outgoing = request("POST", "/_matrix/media/v3/upload?filename=" + percent_encoded(file.file_name));
  outgoing.headers.set("Content-Type", file.mime_type.empty() ? "application/octet-stream" : file.mime_type);
  outgoing.body = std::move(file.bytes);
  outgoing.first_byte_timeout_ms = 120'000;
  CO_TRY(auto answer, co_await exchange(std::move(outgoing)));
  // An upload is no message yet: what is doubtful about it may be repeated.
  if (answer.problem && answer.problem->fault == ports::SendFault::ambiguous)
    answer.problem->fault = ports::SendFault::transient;
  co_return answer;
}

Task<std::string> ClientApi::download(std::string mxc, std::size_t limit, bool picture) {
  const auto address = parse_mxc(mxc);
  if (!address) co_return fail(Kind::invalid, "its address is not one of a homeserver's files");
  const auto file = percent_encoded(address->first) + "/" + percent_encoded(address->second);
  while (true) {
    const bool old = old_media_;
    auto outgoing = request("GET", (old ? "/_matrix/media/v3/download/" : "/_matrix/client/v1/media/download/") + file);
    outgoing.body_limit = limit;
    auto response = co_await http_.fetch(std::move(outgoing));
    if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
    if (!response && response.error().kind == Kind::remote)
      co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
    if (!response) co_return fail(Kind::transient, "the homeserver did not give it");
    if (response->status == 200) {
      const auto type = lowercase_ascii(response->headers.find("Content-Type").value_or(""));
      if (picture && (type.starts_with("text/html") || is_page(response->body)))
        co_return fail(Kind::invalid, "what came is a web page, not a picture");
      co_return std::move(response->body);
    }
    const auto said = parse_json(response->body, "answer of the homeserver");
    const bool unknown_door = said && string_or(*said, "errcode") == "M_UNRECOGNIZED";
    if (old || !unknown_door)
      co_return fail(Kind::missing, fmt::format("the homeserver answered {}", response->status));
    old_media_ = true;
  }
}

Error refusal(const ApiAnswer& answer) {
  if (answer.code == "M_UNKNOWN_TOKEN" || answer.code == "M_MISSING_TOKEN")
    return Error{Kind::denied,
                 "The homeserver does not know this access token (any more).",
                 "Log the account in and set its token with: openclaw config set channels.matrix.accessToken TOKEN",
                 {}};
  if (answer.code == "M_USER_DEACTIVATED")
    return Error{Kind::denied,
                 "This Matrix account was deactivated.",
                 "Use another account: channels.matrix.userId and its accessToken.",
                 {}};
  if (answer.problem && answer.problem->fault == ports::SendFault::refused)
    return Error{Kind::denied, answer.problem->message,
                 "Check channels.matrix.homeserver, and userId with password or accessToken.", answer.code};
  return Error{Kind::transient, answer.problem ? answer.problem->message : "The homeserver refused.",
               "It is tried again.", answer.code};
}

} // namespace openclaw::extensions::matrix
