#include "extensions/channels/slack/outgoing.hpp"

#include "base/text.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

constexpr std::int64_t kSendMs = 10'000;        // Slack answers within a second; what takes longer is looked for
constexpr std::int64_t kClockMarginMs = 60'000; // Slack's clock and ours
constexpr std::int64_t kUnknownAgeMs = 60 * 60 * 1000;
constexpr int kMostPages = 5;
constexpr std::string_view kEventType = "openclaw_message";

ports::SendReport failed(ports::SendFault fault, std::string message) {
  ports::SendReport report;
  report.problem = ports::SendProblem{fault, std::move(message), 0};
  return report;
}

ports::SendReport report_of(const ApiAnswer& answer) {
  ports::SendReport report;
  report.problem = answer.problem;
  if (auto ts = string_or(answer.body, "ts"); !report.problem && !ts.empty())
    report.message_ids.push_back(std::move(ts));
  return report;
}

bool is_person(std::string_view id) {
  return id.starts_with('U') || id.starts_with('W');
}

// Plain words are escaped here: they must not become mentions and links.
std::string text_of(const ports::Outgoing& message) {
  return message.plain ? escape(message.body.text) : message.body.text;
}

// When the message was written, from a key that begins with a UUIDv7; 0: the key does not say it.
std::int64_t written_ms(std::string_view key) {
  if (key.size() < 15 || key[8] != '-' || key[13] != '-' || key[14] != '7') return 0;
  const auto digits = std::string(key.substr(0, 8)) + std::string(key.substr(9, 4));
  std::int64_t milliseconds = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds, 16);
  return code == std::errc() && end == digits.data() + digits.size() ? milliseconds : 0;
}

std::string key_of(const json::value& message) {
  const auto* metadata = find(message, "metadata");
  const auto* payload =
      metadata && string_or(*metadata, "event_type") == kEventType ? find(*metadata, "event_payload") : nullptr;
  return payload ? string_or(*payload, "key") : std::string();
}

} // namespace

Result<ports::Chat> chat_from_target(std::string_view target) {
  auto id = std::string(trim(target));
  ports::Chat chat;
  if (const auto thread = id.find(":thread:"); thread != std::string::npos) {
    chat.thread_id = id.substr(thread + 8);
    id.resize(thread);
  }
  for (const std::string_view prefix : {"slack:", "user:", "channel:", "group:"})
    if (lowercase_ascii(id).starts_with(prefix)) id.erase(0, prefix.size());
  if (id.starts_with("<@") && id.ends_with('>')) id = id.substr(2, id.size() - 3);
  if (id.starts_with('@') || id.starts_with('#')) id.erase(0, 1);
  for (auto& letter : id)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  const bool good = id.size() >= 2 && id.size() <= 30 && std::string_view("UWDCG").contains(id.front()) &&
                    id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string::npos &&
                    id.find_first_of("0123456789") != std::string::npos &&
                    (chat.thread_id.empty() || is_ts(chat.thread_id));
  if (!good)
    return fail(Kind::invalid, fmt::format("\"{}\" is no Slack id.", printable(target, 80)),
                "Use user:U… for a person, channel:C… for a room, with :thread:TIME behind it for a thread. Slack "
                "shows ids below a person's profile and a room's details.");
  chat.kind = is_person(id) || id.starts_with('D') ? ports::ChatKind::direct : kind_of("", id);
  chat.id = std::move(id);
  return chat;
}

Task<ApiAnswer> Sender::room_of(std::string chat_id) {
  ApiAnswer answer;
  if (!is_person(chat_id)) {
    answer.body = json::string(chat_id);
    co_return answer;
  }
  if (const auto* known = rooms_.find(chat_id)) {
    answer.body = json::string(*known);
    co_return answer;
  }
  json::object parameters{{"users", chat_id}};
  CO_TRY(answer, co_await api_.call("conversations.open", std::move(parameters)));
  if (answer.problem) co_return answer;
  const auto* channel = find(answer.body, "channel");
  auto room = channel ? string_or(*channel, "id") : std::string();
  if (room.empty()) {
    answer.problem = ports::SendProblem{ports::SendFault::missing, "Slack gave no direct room.", 0};
    co_return answer;
  }
  answer.body = json::string(room);
  rooms_.put(std::move(chat_id), std::move(room));
  co_return answer;
}

Task<ports::SendReport> Sender::send(ports::Outgoing message) {
  CO_TRY(const auto where, co_await room_of(message.chat.id));
  if (where.problem) {
    // Nothing was sent yet, whatever became of the question where to.
    auto report = failed(where.problem->fault, where.problem->message);
    report.problem->retry_after_ms = where.problem->retry_after_ms;
    if (report.problem->fault == ports::SendFault::ambiguous) report.problem->fault = ports::SendFault::transient;
    co_return report;
  }
  std::string room(where.body.get_string());
  // A reply is an answer in the message's thread; a thread has no threads of its own.
  auto thread = is_ts(message.chat.thread_id) ? message.chat.thread_id
                : is_ts(message.reply_to)     ? message.reply_to
                                              : std::string();
  const bool command = message.reply_token.find(' ') != std::string::npos;
  const auto written = written_ms(message.idempotency_key);
  const auto* doubtful = doubtful_.find(message.idempotency_key);
  // An answer that only one person sees cannot be looked for; seen twice it does less harm than not at all.
  if ((message.file || !command) && (doubtful || written < started_ms_)) {
    Sought sought{message.idempotency_key, {}, 0};
    if (message.file) sought = {message.idempotency_key, message.file->file_name, message.file->bytes.size()};
    const auto since = doubtful ? *doubtful : written > 0 ? written : time_.now_ms() - kUnknownAgeMs;
    CO_TRY(auto found, co_await look_for(room, thread, std::move(sought), since));
    if (found.problem || !found.message_ids.empty()) co_return found;
  }
  if (message.file) co_return co_await upload(std::move(room), std::move(thread), std::move(message));
  if (auto token = reply_token_from(message.reply_token)) {
    auto to = std::move(*token);
    co_return co_await respond(std::move(to), std::move(room), std::move(message));
  }
  co_return co_await post(std::move(room), std::move(thread), std::move(message));
}

Task<ports::SendReport> Sender::post(std::string room, std::string thread, ports::Outgoing message) {
  json::object parameters{{"channel", room}, {"text", text_of(message)}};
  if (!thread.empty()) parameters["thread_ts"] = thread;
  if (message.plain) parameters["mrkdwn"] = false;
  parameters["metadata"] =
      json::object{{"event_type", kEventType}, {"event_payload", json::object{{"key", message.idempotency_key}}}};
  CO_TRY(const auto answer, co_await api_.call("chat.postMessage", std::move(parameters), kSendMs));
  Sought sought{message.idempotency_key, {}, 0};
  co_return co_await settle(std::move(room), std::move(thread), std::move(sought), report_of(answer));
}

bool Sender::is(const Sought& sought, const json::value& message) {
  if (sought.file_name.empty()) return key_of(message) == sought.key;
  const auto* files = find(message, "files");
  if (!files || !files->is_array() || string_or(message, "bot_id").empty()) return false;
  for (const auto& file : files->get_array())
    if (string_or(file, "name") == sought.file_name &&
        integer_or(file, "size", -1) == static_cast<std::int64_t>(sought.file_bytes))
      return true;
  return false;
}

Task<ports::SendReport> Sender::look_for(std::string room, std::string thread, Sought sought, std::int64_t since_ms) {
  ports::SendReport report;
  json::object parameters{{"channel", room},
                          {"oldest", fmt::format("{}.000000", (since_ms - kClockMarginMs) / 1000)},
                          {"limit", 200},
                          {"include_all_metadata", true}};
  if (!thread.empty()) parameters["ts"] = thread;
  for (int page = 0; page < kMostPages; ++page) {
    auto asked = parameters;
    CO_TRY(const auto answer, co_await api_.call(thread.empty() ? "conversations.history" : "conversations.replies",
                                                 std::move(asked), kSendMs));
    if (answer.problem) {
      // Without an answer it stays unknown, and the next attempt asks again.
      report.problem = answer.problem;
      if (report.problem->fault != ports::SendFault::retry_after) report.problem->fault = ports::SendFault::ambiguous;
      co_return report;
    }
    const auto* messages = find(answer.body, "messages");
    if (messages && messages->is_array())
      for (const auto& message : messages->get_array())
        if (is(sought, message)) {
          report.message_ids.push_back(string_or(message, "ts"));
          co_return report;
        }
    const auto* more = find(answer.body, "response_metadata");
    auto cursor = more ? string_or(*more, "next_cursor") : std::string();
    if (cursor.empty()) break;
    parameters["cursor"] = std::move(cursor);
  }
  co_return report;
}

// The answer was lost; the room itself says whether the message is there.
Task<ports::SendReport> Sender::settle(std::string room, std::string thread, Sought sought, ports::SendReport report) {
  if (!report.problem || report.problem->fault != ports::SendFault::ambiguous) co_return report;
  const auto now = time_.now_ms();
  doubtful_.put(sought.key, now - 2 * kSendMs);
  CO_TRY(auto found, co_await look_for(std::move(room), std::move(thread), std::move(sought), now - 2 * kSendMs));
  if (found.problem || !found.message_ids.empty()) co_return found;
  // It may still be on its way: the next attempt looks again before it sends.
  report.problem = ports::SendProblem{ports::SendFault::transient, "Slack did not take the message.", 0};
  co_return report;
}

Task<ports::SendReport> Sender::edit(std::string message_id, ports::Outgoing message) {
  json::object parameters{{"channel", message.chat.id}, {"ts", message_id}, {"text", text_of(message)}};
  CO_TRY(const auto answer, co_await api_.call("chat.update", std::move(parameters), kSendMs));
  auto report = report_of(answer);
  // Said twice it is the same text.
  if (report.problem && report.problem->fault == ports::SendFault::ambiguous)
    report.problem->fault = ports::SendFault::transient;
  co_return report;
}

Task<ports::SendReport> Sender::upload(std::string room, std::string thread, ports::Outgoing message) {
  auto& file = *message.file;
  const auto size = file.bytes.size();
  json::object wanted{{"filename", file.file_name}, {"length", size}};
  CO_TRY(const auto place, co_await api_.call("files.getUploadURLExternal", std::move(wanted)));
  auto url = string_or(place.body, "upload_url");
  auto id = string_or(place.body, "file_id");
  if (place.problem || url.empty() || id.empty()) {
    auto report = failed(ports::SendFault::transient, "Slack gives no place for a file.");
    if (place.problem) report.problem = place.problem;
    if (report.problem->fault == ports::SendFault::ambiguous) report.problem->fault = ports::SendFault::transient;
    co_return report;
  }
  auto bytes = std::move(file.bytes);
  auto stored = co_await api_.post_to(std::move(url), "application/octet-stream", std::move(bytes));
  if (!stored && stored.error().kind == Kind::cancelled) co_return std::unexpected(stored.error());
  // Bytes alone are seen by nobody, so this may be done again.
  if (!stored) co_return failed(ports::SendFault::transient, stored.error().text());
  if (stored->status != 200)
    co_return failed(stored->status >= 500 ? ports::SendFault::transient : ports::SendFault::unsupported,
                     fmt::format("Slack did not take the file (status {}).", stored->status));
  json::object parameters{{"files", json::array{json::object{{"id", id}, {"title", file.file_name}}}},
                          {"channel_id", room}};
  if (!thread.empty()) parameters["thread_ts"] = thread;
  if (!message.body.text.empty()) parameters["initial_comment"] = text_of(message);
  CO_TRY(const auto answer, co_await api_.call("files.completeUploadExternal", std::move(parameters)));
  ports::SendReport report;
  report.problem = answer.problem;
  if (!report.problem) report.message_ids.push_back(id);
  Sought sought{message.idempotency_key, file.file_name, size};
  co_return co_await settle(std::move(room), std::move(thread), std::move(sought), std::move(report));
}

Task<ports::SendReport> Sender::respond(ReplyToken token, std::string room, ports::Outgoing message) {
  // The address takes five answers: none is spent on half a text.
  if (message.idempotency_key.ends_with("-preview"))
    co_return failed(ports::SendFault::unsupported, "An answer to a command is shown when it is whole.");
  if (!token.response_url.empty()) {
    json::object body{{"text", text_of(message)}, {"response_type", ephemeral_ ? "ephemeral" : "in_channel"}};
    auto address = token.response_url;
    auto answered = co_await api_.post_to(std::move(address), "application/json", to_text(body));
    if (answered && answered->status == 200) co_return ports::SendReport{};
    if (!answered) {
      if (answered.error().kind == Kind::cancelled) co_return std::unexpected(answered.error());
      if (answered.error().kind != Kind::denied) {
        ports::SendReport report;
        report.problem = ports::problem_from(answered.error());
        co_return report;
      }
    } else if (answered->status == 429 || answered->status >= 500) {
      co_return report_of(read_answer(*answered));
    }
  }
  // It was used up or is too old: the same by the Web API.
  if (!ephemeral_) co_return co_await post(std::move(room), {}, std::move(message));
  json::object parameters{{"channel", room}, {"user", token.user_id}, {"text", text_of(message)}};
  CO_TRY(const auto answer, co_await api_.call("chat.postEphemeral", std::move(parameters), kSendMs));
  ports::SendReport report;
  report.problem = answer.problem;
  co_return report;
}

} // namespace openclaw::extensions::slack
