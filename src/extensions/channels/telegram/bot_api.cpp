#include "extensions/channels/telegram/bot_api.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include "ports/unreachable.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::telegram {
namespace {

ports::SendFault fault_of(int code, std::string_view description) {
  const auto said = lowercase_ascii(description);
  if (code == 429) return ports::SendFault::retry_after;
  if (code >= 500) return ports::SendFault::transient;
  if (code == 401 || code == 403) return ports::SendFault::refused;
  if (said.find("can't parse entities") != std::string::npos) return ports::SendFault::bad_format;
  if (said.find("too long") != std::string::npos) return ports::SendFault::too_long;
  if (said.find("not found") != std::string::npos || said.find("upgraded") != std::string::npos)
    return ports::SendFault::missing;
  return ports::SendFault::unsupported;
}

ApiAnswer read_answer(const net::Response& response) {
  ApiAnswer answer;
  const auto parsed = parse_json(response.body, "answer of Telegram");
  if (!parsed || !parsed->is_object()) {
    answer.error_code = response.status;
    answer.problem = ports::SendProblem{
        response.status >= 500 || response.status == 200 ? ports::SendFault::transient : ports::SendFault::refused,
        fmt::format("What answered for Telegram is not the Bot API (status {}).", response.status), 0};
    return answer;
  }
  if (bool_or(*parsed, "ok", false)) {
    if (const auto* result = find(*parsed, "result")) answer.result = *result;
    return answer;
  }
  answer.error_code = static_cast<int>(integer_or(*parsed, "error_code", response.status));
  const auto description = printable(string_or(*parsed, "description", "no reason given"), 200);
  ports::SendProblem problem{fault_of(answer.error_code, description),
                             fmt::format("Telegram: {} ({}).", description, answer.error_code), 0};
  if (const auto* parameters = find(*parsed, "parameters")) {
    problem.retry_after_ms = integer_or(*parameters, "retry_after", 1) * 1000;
    if (const auto moved = integer_or(*parameters, "migrate_to_chat_id", 0); moved != 0)
      problem.message += fmt::format(" The group's id is {} now.", moved);
  } else if (answer.error_code == 429) {
    problem.retry_after_ms = 3000;
  }
  answer.problem = std::move(problem);
  return answer;
}

} // namespace

Task<ApiAnswer> BotApi::exchange(net::Outbound request) {
  auto response = co_await http_.fetch(std::move(request));
  if (response) co_return read_answer(*response);
  if (response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  ApiAnswer answer;
  answer.problem = ports::problem_from(ports::unreachable(response.error(), "Telegram", "channels.telegram.apiRoot"));
  co_return answer;
}

Task<ApiAnswer> BotApi::call(std::string method, json::object parameters, std::int64_t timeout_ms) {
  net::Outbound request("POST", fmt::format("{}/bot{}/{}", root_, token_.reveal(), method));
  request.headers.set("Content-Type", "application/json");
  request.body = to_text(json::value(std::move(parameters)));
  request.first_byte_timeout_ms = timeout_ms;
  request.repeatable = !method.starts_with("send") || method == "sendChatAction";
  request.idle_timeout_ms = 30'000;
  co_return co_await exchange(std::move(request));
}

Task<ApiAnswer> BotApi::upload(std::string method, json::object parameters, std::string field,
                               ports::OutgoingFile file) {
  SystemRandom random;
  const auto boundary = "openclaw-" + random_hex(random, 16);
  std::string body;
  for (const auto& [key, value] : parameters)
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary,
                        std::string_view(key), value.is_string() ? std::string(value.get_string()) : to_text(value));
  std::string name;
  for (const char c : file.file_name)
    name += c == '"' || c == '\r' || c == '\n' ? '_' : c;
  body +=
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                  boundary, field, name, file.mime_type);
  body += file.bytes;
  body += fmt::format("\r\n--{}--\r\n", boundary);
  net::Outbound request("POST", fmt::format("{}/bot{}/{}", root_, token_.reveal(), method));
  request.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
  request.body = std::move(body);
  request.first_byte_timeout_ms = 120'000;
  request.repeatable = false;
  co_return co_await exchange(std::move(request));
}

Task<std::string> BotApi::download(std::string file_path, std::size_t limit) {
  net::Outbound request("GET", fmt::format("{}/file/bot{}/{}", root_, token_.reveal(), file_path));
  request.body_limit = limit;
  request.first_byte_timeout_ms = 20'000;
  request.idle_timeout_ms = 20'000;
  auto response = co_await http_.fetch(std::move(request));
  if (!response && response.error().kind == Kind::cancelled) co_return std::unexpected(response.error());
  if (!response && response.error().code == "413")
    co_return fail(Kind::invalid, fmt::format("it is larger than {} MB", limit / 1048576));
  if (!response) co_return fail(Kind::transient, "Telegram did not give it");
  if (response->status != 200) co_return fail(Kind::missing, fmt::format("Telegram answered {}", response->status));
  co_return std::move(response->body);
}

Error refusal(const ApiAnswer& answer) {
  if (answer.error_code == 401 || answer.error_code == 404)
    return Error{Kind::denied,
                 "Telegram does not know this bot token.",
                 "Get it from @BotFather and set it with: openclaw config set channels.telegram.botToken TOKEN",
                 {}};
  if (answer.error_code == 409)
    return Error{Kind::conflict,
                 "Another program receives this bot's messages, or a webhook is set for it.",
                 "Stop the other program; each bot has one receiver.",
                 {}};
  return Error{answer.problem && answer.problem->fault == ports::SendFault::refused ? Kind::denied : Kind::transient,
               answer.problem ? answer.problem->message : "Telegram refused.",
               "It is tried again.",
               {}};
}

} // namespace openclaw::extensions::telegram
