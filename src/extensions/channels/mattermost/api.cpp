#include "extensions/channels/mattermost/api.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include "ports/unreachable.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::mattermost {
namespace {

constexpr std::size_t kLargestFrame = 4 * 1024 * 1024;

ports::SendFault fault_of(int status, std::string_view id) {
  if (status == 429) return ports::SendFault::retry_after;
  if (status == 401 || status == 403) return ports::SendFault::refused;
  if (status == 404) return ports::SendFault::missing;
  if (status == 413 || id.find("message_length") != std::string_view::npos) return ports::SendFault::too_long;
  return status >= 500 ? ports::SendFault::transient : ports::SendFault::unsupported;
}

std::int64_t retry_after_ms(const net::Response& response) {
  for (const std::string_view name : {"Retry-After", "X-RateLimit-Reset"}) {
    const auto field = trim(response.headers.find(name).value_or(""));
    if (!field.empty() && field.size() <= 5 && field.find_first_not_of("0123456789") == std::string_view::npos)
      return std::stoll(std::string(field)) * 1000;
  }
  return 1000;
}

Answer read_answer(const net::Response& response) {
  Answer answer;
  answer.status = response.status;
  if (auto body = parse_json(response.body, "answer of Mattermost")) answer.body = std::move(*body);
  if (response.status >= 200 && response.status < 300) {
    // A page of a proxy is no answer of Mattermost.
    if (answer.body.is_null())
      answer.problem = {ports::SendFault::ambiguous, "What answered for Mattermost is not its API.", 0};
    return answer;
  }
  const auto said = printable(string_or(answer.body, "message", "no reason given"), 200);
  answer.problem = {fault_of(response.status, string_or(answer.body, "id")),
                    fmt::format("Mattermost: {} ({}).", said, response.status), 0};
  if (response.status == 429) answer.problem->retry_after_ms = retry_after_ms(response);
  return answer;
}

} // namespace

net::Outbound Api::request(std::string method, std::string_view path) const {
  net::Outbound request(std::move(method), fmt::format("{}/api/v4{}", base_, path));
  request.headers.set("Authorization", "Bearer " + token_.reveal());
  request.first_byte_timeout_ms = 30'000;
  request.idle_timeout_ms = 30'000;
  return request;
}

Task<Answer> Api::exchange(net::Outbound request) {
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(*response);
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(std::move(response).error());
  Answer answer;
  answer.problem =
      ports::problem_from(ports::unreachable(response.error(), "Mattermost", "channels.mattermost.baseUrl"));
  co_return answer;
}

Task<Answer> Api::call(std::string method, std::string path, json::value body, bool repeatable) {
  auto outgoing = request(std::move(method), path);
  if (!body.is_null()) {
    outgoing.headers.set("Content-Type", "application/json");
    outgoing.body = to_text(body);
  }
  outgoing.repeatable = repeatable;
  co_return co_await exchange(std::move(outgoing));
}

Task<Answer> Api::upload(std::string channel_id, ports::OutgoingFile file) {
  SystemRandom random;
  const auto boundary = "openclaw-" + random_hex(random, 16);
  std::string name;
  for (const char c : file.file_name)
    name += c == '"' || c == '\r' || c == '\n' ? '_' : c;
  auto outgoing = request("POST", "/files");
  outgoing.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
  outgoing.body = fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"channel_id\"\r\n\r\n{1}\r\n--{0}\r\n"
                              "Content-Disposition: form-data; name=\"files\"; filename=\"{2}\"\r\nContent-Type: "
                              "{3}\r\n\r\n",
                              boundary, channel_id, name, file.mime_type);
  outgoing.body += file.bytes;
  outgoing.body += fmt::format("\r\n--{}--\r\n", boundary);
  outgoing.first_byte_timeout_ms = 120'000;
  co_return co_await exchange(std::move(outgoing));
}

Task<std::string> Api::download(std::string file_id, std::size_t limit) {
  auto outgoing = request("GET", "/files/" + file_id);
  outgoing.body_limit = limit;
  auto response = co_await http_.fetch(std::move(outgoing));
  if (!response && response.error().code == "413")
    co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) co_return fail(Kind::missing, fmt::format("Mattermost answered {}", response->status));
  co_return std::move(response->body);
}

Task<std::shared_ptr<net::WebSocket>> Api::open_events() {
  auto outgoing = request("GET", "/websocket");
  outgoing.url.replace(0, 4, "ws"); // http: and https: as ws: and wss:
  outgoing.body_limit = kLargestFrame;
  co_return co_await http_.connect_websocket(std::move(outgoing));
}

Error refusal(const Answer& answer) {
  if (answer.status == 401)
    return Error{Kind::denied,
                 "Mattermost does not know this token.",
                 "Make one for the bot in the System Console and set it with: openclaw config set "
                 "channels.mattermost.botToken TOKEN",
                 {}};
  return Error{
      Kind::transient, answer.problem ? answer.problem->message : "Mattermost refused.", "It is tried again.", {}};
}

} // namespace openclaw::extensions::mattermost
