#include "extensions/channels/discord/rest_api.hpp"

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "extensions/channels/discord/session.hpp"
#include "ports/unreachable.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

constexpr std::size_t kMostBuckets = 1000;
constexpr std::int64_t kLongestWaitMs = 60'000; // for room in a bucket, before it is the caller's business
constexpr std::int64_t kPatienceMs = 10'000;
constexpr int kPatientAttempts = 4;

double number_in(std::string_view text) {
  return std::strtod(std::string(text.substr(0, 32)).c_str(), nullptr);
}

std::int64_t as_ms(double seconds) {
  if (!std::isfinite(seconds)) return 1000;
  return static_cast<std::int64_t>(std::ceil(std::clamp(seconds, 0.0, 3600.0) * 1000));
}

std::string multipart(const RestCall& call, const std::string& boundary) {
  std::string name;
  for (const char c : call.file->file_name)
    name += c == '"' || c == '\r' || c == '\n' ? '_' : c;
  auto body = fmt::format("--{}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n"
                          "Content-Type: application/json\r\n\r\n{}\r\n",
                          boundary, to_text(*call.body));
  body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"{}\"\r\n"
                      "Content-Type: {}\r\n\r\n",
                      boundary, name, call.file->mime_type);
  body += call.file->bytes;
  body += fmt::format("\r\n--{}--\r\n", boundary);
  return body;
}

// The first sentence of the tree of complaints about a form: {"content":{"_errors":[{"code","message"}]}}
std::string complaint(const json::value& tree, int depth) {
  if (const auto* list = find(tree, "_errors"); list && list->is_array() && !list->get_array().empty())
    return string_or(list->get_array().front(), "message");
  if (!tree.is_object() || depth > 8) return {};
  for (const auto& [key, inner] : tree.get_object())
    if (const auto found = complaint(inner, depth + 1); !found.empty())
      return fmt::format("{}: {}", std::string_view(key), found);
  return {};
}

} // namespace

RestApi::RestApi(async::Time& time, net::HttpClient& http, std::string base, Secret token)
    : time_(time), http_(http), base_(without_trailing_slashes(base)), token_(std::move(token)) {}

Task<RestAnswer> RestApi::call(RestCall call) {
  for (int attempts = 1;; ++attempts) {
    auto wanted = call;
    CO_TRY(auto answer, co_await attempt(std::move(wanted)));
    const bool limited = answer.problem && answer.problem->fault == ports::SendFault::retry_after;
    if (!limited || !call.patient || attempts >= kPatientAttempts || answer.problem->retry_after_ms > kPatienceMs)
      co_return answer;
    CO_TRY_VOID(co_await time_.sleep_ms(answer.problem->retry_after_ms));
  }
}

Task<RestAnswer> RestApi::attempt(RestCall call) {
  const auto route = route_of(call.method, call.path);
  CO_TRY(const bool room, co_await wait_for_room(route));
  RestAnswer answer;
  if (!room) {
    answer.status = 429;
    answer.problem = ports::SendProblem{ports::SendFault::retry_after, "Discord's limit is reached.", kLongestWaitMs};
    co_return answer;
  }
  net::Outbound request(call.method, fmt::format("{}/v10{}", base_, call.path));
  request.headers.set("User-Agent", fmt::format("DiscordBot (https://github.com/openclaw/openclaw, {})", kVersion));
  if (call.with_token) request.headers.set("Authorization", "Bot " + token_.reveal());
  request.first_byte_timeout_ms = call.timeout_ms;
  request.idle_timeout_ms = 30'000;
  request.repeatable = call.repeatable;
  if (call.file) {
    SystemRandom random;
    const auto boundary = "openclaw-" + random_hex(random, 16);
    request.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
    request.body = multipart(call, boundary);
    request.first_byte_timeout_ms = 120'000;
  } else if (call.body) {
    request.headers.set("Content-Type", "application/json");
    request.body = to_text(*call.body);
  }
  auto response = co_await http_.fetch(std::move(request));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response) {
    answer.problem = ports::problem_from(ports::unreachable(response.error(), "Discord", "channels.discord.restBase"));
    co_return answer;
  }
  answer.status = response->status;
  if (!response->body.empty()) {
    auto parsed = parse_json(response->body, "answer of Discord");
    if (parsed) answer.body = std::move(*parsed);
  }
  note_limits(route, *response, answer.body);
  const bool good = answer.status >= 200 && answer.status < 300;
  if (!good || (answer.status != 204 && answer.body.is_null())) {
    answer.problem = problem_of(good ? 502 : answer.status, answer.body);
    answer.code = integer_or(answer.body, "code", 0);
  }
  co_return answer;
}

// False when there will be none for long.
Task<bool> RestApi::wait_for_room(std::string route) {
  while (true) {
    auto until = global_until_ms_;
    const auto now = time_.monotonic_ms();
    if (const auto bucket = buckets_.find(route); bucket != buckets_.end()) {
      if (bucket->second.reset_ms <= now)
        buckets_.erase(bucket);
      else if (bucket->second.remaining > 0)
        --bucket->second.remaining; // whoever else waits counts with what is left
      else
        until = std::max(until, bucket->second.reset_ms);
    }
    if (until <= now) co_return true;
    if (until - now > kLongestWaitMs) co_return false;
    CO_TRY_VOID(co_await time_.sleep_ms(until - now));
  }
}

void RestApi::note_limits(const std::string& route, const net::Response& response, const json::value& body) {
  const auto now = time_.monotonic_ms();
  if (response.status == 429) {
    const auto until = now + problem_of(429, body).retry_after_ms;
    if (bool_or(body, "global", false) || response.headers.find("X-RateLimit-Global"))
      global_until_ms_ = std::max(global_until_ms_, until);
    else
      buckets_[route] = {0, until};
  } else if (const auto remaining = response.headers.find("X-RateLimit-Remaining")) {
    const auto left = static_cast<std::int64_t>(std::clamp(number_in(*remaining), 0.0, 1e6));
    const auto reset = response.headers.find("X-RateLimit-Reset-After");
    // A bucket with plenty left is not worth remembering.
    if (left <= 1 && reset)
      buckets_[route] = {left, now + as_ms(number_in(*reset))};
    else
      buckets_.erase(route);
  }
  if (buckets_.size() > kMostBuckets)
    std::erase_if(buckets_, [&](const auto& one) { return one.second.reset_ms <= now; });
  if (buckets_.size() > kMostBuckets) buckets_.clear();
}

Task<std::string> RestApi::download(std::string url, std::size_t limit, std::string mime_type) {
  const auto target = net::parse_url(url);
  const auto own = net::parse_url(base_);
  if (!target || !own) co_return fail(Kind::invalid, "Discord does not say where it is");
  const bool discord =
      target->scheme == "https" && (target->host == "cdn.discordapp.com" || target->host == "media.discordapp.net");
  const bool beside_api = target->host == own->host && target->port == own->port && target->scheme == own->scheme;
  if (!discord && !beside_api) co_return fail(Kind::denied, "it does not lie with Discord");
  net::Outbound request("GET", std::move(url));
  request.body_limit = limit;
  request.first_byte_timeout_ms = 20'000;
  request.idle_timeout_ms = 20'000;
  const auto response = co_await http_.fetch(std::move(request));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response && response.error().kind == Kind::remote)
    co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  if (!response) co_return fail(Kind::transient, "Discord did not give it");
  if (response->status != 200) co_return fail(Kind::missing, fmt::format("Discord answered {}", response->status));
  const auto type = lowercase_ascii(response->headers.find("Content-Type").value_or(""));
  if (type.starts_with("text/html") && !mime_type.starts_with("text/html"))
    co_return fail(Kind::invalid, "what came is a web page, not the file");
  co_return response->body;
}

std::string route_of(std::string_view method, std::string_view path) {
  std::string route(method);
  const auto parts = split(path.substr(0, path.find('?')), '/');
  for (std::size_t at = 1; at < parts.size(); ++at) {
    route += '/';
    const auto before = at > 1 ? parts[at - 1] : std::string_view();
    const bool major = at == 2 && (before == "channels" || before == "guilds" || before == "webhooks");
    const bool token = at == 3 && parts[1] == "webhooks";
    if (before == "reactions") {
      route += "x"; // all emoji share one
      break;
    }
    route += major || token || !is_snowflake(parts[at]) ? parts[at] : std::string_view("x");
  }
  return route;
}

ports::SendProblem problem_of(int status, const json::value& body) {
  using ports::SendFault;
  const auto code = integer_or(body, "code", 0);
  auto said = printable(string_or(body, "message", "no reason given"), 200);
  if (const auto* errors = find(body, "errors"))
    if (const auto detail = complaint(*errors, 0); !detail.empty())
      said += fmt::format(" ({})", printable(detail, 200));
  ports::SendProblem problem{SendFault::unsupported, fmt::format("Discord: {} ({}, code {}).", said, status, code), 0};
  if (status == 429) {
    problem.fault = SendFault::retry_after;
    problem.retry_after_ms = as_ms(body.is_object() ? number_or(body.get_object(), "retry_after", 1) : 1);
  } else if (status >= 500) {
    problem.fault = SendFault::transient;
  } else if (status == 401 || status == 403) {
    problem.fault = SendFault::refused;
  } else if (status == 404) {
    problem.fault = SendFault::missing;
  } else if (code == 50035 && said.find("or fewer in length") != std::string::npos) {
    problem.fault = SendFault::too_long;
  }
  return problem;
}

Error refusal(const RestAnswer& answer) {
  if (answer.status == 401) return verdict_of(4004).error;
  const bool refused = answer.problem && answer.problem->fault == ports::SendFault::refused;
  return Error{refused ? Kind::denied : Kind::transient,
               answer.problem ? answer.problem->message : "Discord refused.",
               refused ? "Check the bot's rights in https://discord.com/developers." : "It is tried again.",
               {}};
}

} // namespace openclaw::extensions::discord
