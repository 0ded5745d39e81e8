#include "extensions/channels/slack/events.hpp"

#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostNames = 8;
constexpr std::size_t kMostFiles = 20;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const json::value* object_at(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  return found && found->is_object() ? found : nullptr;
}

ports::Person person_from(const json::value& message, const Me& me, const NameOf& name_of) {
  ports::Person person;
  const auto bot_id = string_or(message, "bot_id");
  person.id = string_or(message, "user");
  person.is_bot = !bot_id.empty() || string_or(message, "subtype") == "bot_message";
  if (person.id.empty())
    person.id = bot_id;
  else if (!bot_id.empty())
    person.other_ids.push_back(bot_id);
  person.is_self = (!person.id.empty() && (person.id == me.user_id || person.id == me.bot_id)) ||
                   (!bot_id.empty() && bot_id == me.bot_id);
  if (name_of) person.name = name_of(person.id);
  if (person.name.empty())
    if (const auto* profile = object_at(message, "bot_profile")) person.name = string_or(*profile, "name");
  if (person.name.empty()) person.name = string_or(message, "username");
  return person;
}

void add_files(InboundEvent& event, const json::value& message) {
  const auto* files = find(message, "files");
  if (!files || !files->is_array()) return;
  for (const auto& file : files->get_array()) {
    if (event.attachments.size() >= kMostFiles) break;
    Attachment attachment;
    attachment.mime_type = string_or(file, "mimetype", "application/octet-stream");
    attachment.type = string_or(file, "subtype") == "slack_audio" ? Attachment::Type::voice
                                                                  : ports::attachment_type(attachment.mime_type);
    attachment.file_name = string_or(file, "name");
    if (attachment.file_name.empty()) attachment.file_name = string_or(file, "title");
    attachment.bytes = integer_or(file, "size", -1);
    attachment.reference = string_or(file, "url_private_download");
    if (attachment.reference.empty()) attachment.reference = string_or(file, "url_private");
    // In rooms shared with another workspace only the file's id comes.
    if (const auto id = string_or(file, "id"); attachment.reference.empty() && !id.empty())
      attachment.reference = "id:" + id;
    if (!attachment.reference.empty() && string_or(file, "mode") != "tombstone")
      event.attachments.push_back(std::move(attachment));
  }
}

// A message that somebody passed on is a quote; what a bot says beside its text are its words.
void add_attachments(InboundEvent& event, const json::value& message, const Me& me, const NameOf& name_of) {
  const auto* list = find(message, "attachments");
  if (!list || !list->is_array()) return;
  for (const auto& item : list->get_array()) {
    auto words = plain_words(string_or(item, "text"), me.user_id, name_of);
    if (words.empty()) words = plain_words(string_or(item, "fallback"), me.user_id, name_of);
    if (words.empty()) continue;
    if (bool_or(item, "is_share", false) || bool_or(item, "is_msg_unfurl", false)) {
      if (!event.quote) event.quote = {string_or(item, "ts"), string_or(item, "author_name"), std::move(words)};
    } else if (event.text.empty()) {
      event.text = std::move(words);
    }
  }
}

ports::Chat chat_from(const json::value& payload, const json::value& event, const json::value& message) {
  ports::Chat chat;
  chat.id = string_or(event, "channel");
  chat.kind = kind_of(string_or(event, "channel_type"), chat.id);
  chat.space_id = string_or(payload, "team_id"); // ours; the event's own is the sender's
  // The message that opened a thread names it too, and stands in the room.
  const auto thread = string_or(message, "thread_ts");
  if (is_ts(thread) && (thread != string_or(message, "ts") || !string_or(message, "parent_user_id").empty()))
    chat.thread_id = thread;
  return chat;
}

// Slack's own id, which is there but for a peer's mistake.
std::string other_event_id(const json::value& payload, const json::value& event) {
  auto id = string_or(payload, "event_id");
  return valid_id(id) && id.size() <= 100 ? id : "Ev:" + sha256_hex(to_text(event)).substr(0, 40);
}

std::optional<InboundEvent> message_event(const json::value& payload, const json::value& event, const Me& me,
                                          const NameOf& name_of) {
  const auto subtype = string_or(event, "subtype");
  InboundEvent ours;
  ours.event_id = other_event_id(payload, event);
  if (subtype == "message_changed") {
    const auto* message = object_at(event, "message");
    if (!message) return std::nullopt;
    ours.type = EventType::edit;
    ours.chat = chat_from(payload, event, *message);
    ours.message_id = string_or(*message, "ts");
    ours.from = person_from(*message, me, name_of);
    ours.text = plain_words(string_or(*message, "text"), me.user_id, name_of);
    return ours.chat.id.empty() || !is_ts(ours.message_id) ? std::nullopt : std::optional(ours);
  }
  if (subtype == "message_deleted") {
    const auto* message = object_at(event, "previous_message");
    ours.type = EventType::removal;
    ours.chat = chat_from(payload, event, message ? *message : event);
    ours.message_id = string_or(event, "deleted_ts");
    return ours.chat.id.empty() || !is_ts(ours.message_id) ? std::nullopt : std::optional(ours);
  }
  if (!one_of(subtype, {"", "file_share", "bot_message", "thread_broadcast", "me_message"})) return std::nullopt;
  auto ts = string_or(event, "ts");
  if (!is_ts(ts)) ts = string_or(event, "event_ts");
  ours.chat = chat_from(payload, event, event);
  if (ours.chat.id.empty() || !is_ts(ts)) return std::nullopt;
  ours.message_id = ts;
  // Not Slack's event id: a mention comes as message and as app_mention, under two of them.
  ours.event_id = fmt::format("{}:{}", ours.chat.id, ts);
  if (!valid_id(ours.event_id) || ours.event_id.size() > 100) return std::nullopt;
  ours.from = person_from(event, me, name_of);
  ours.sent_ms = ts_milliseconds(ts);
  const auto text = string_or(event, "text");
  ours.mentions_me = string_or(event, "type") == "app_mention" ||
                     (!me.user_id.empty() && (text.find(fmt::format("<@{}>", me.user_id)) != std::string::npos ||
                                              text.find(fmt::format("<@{}|", me.user_id)) != std::string::npos));
  ours.replies_to_me =
      !ours.chat.thread_id.empty() && !me.user_id.empty() && string_or(event, "parent_user_id") == me.user_id;
  ours.text = plain_words(text, me.user_id, name_of);
  add_files(ours, event);
  add_attachments(ours, event, me, name_of);
  if (ours.text.starts_with('/')) ours.type = EventType::command;
  // A mention alone is a greeting; the words would be lost with it.
  if (ours.text.empty() && ours.attachments.empty() && ours.mentions_me) ours.text = "@" + me.name;
  ours.checkpoint = ts;
  return ours;
}

std::optional<InboundEvent> reaction_event(const json::value& payload, const json::value& event, const Me& me,
                                           const NameOf& name_of) {
  const auto* item = object_at(event, "item");
  if (!item || string_or(*item, "type") != "message") return std::nullopt;
  InboundEvent ours;
  ours.type = EventType::reaction;
  ours.event_id = other_event_id(payload, event);
  ours.chat.id = string_or(*item, "channel");
  ours.chat.kind = kind_of("", ours.chat.id);
  ours.chat.space_id = string_or(payload, "team_id");
  ours.message_id = string_or(*item, "ts");
  ours.from = person_from(event, me, name_of);
  ours.emoji = emoji_of(string_or(event, "reaction"));
  ours.reaction_removed = string_or(event, "type") == "reaction_removed";
  return ours.chat.id.empty() || !is_ts(ours.message_id) ? std::nullopt : std::optional(ours);
}

} // namespace

bool is_ts(std::string_view text) {
  const auto dot = text.find('.');
  return text.size() <= 40 && dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
         text.find_first_not_of("0123456789", dot + 1) == std::string_view::npos &&
         text.substr(0, dot).find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t ts_milliseconds(std::string_view ts) {
  std::int64_t seconds = 0;
  const auto dot = std::min(ts.find('.'), ts.size());
  if (dot > 12) return 0;
  std::from_chars(ts.data(), ts.data() + dot, seconds);
  return seconds * 1000;
}

ports::ChatKind kind_of(std::string_view channel_type, std::string_view channel_id) {
  if (channel_type == "im" || channel_id.starts_with('D')) return ports::ChatKind::direct;
  if (channel_type == "mpim" || (channel_type.empty() && channel_id.starts_with('G'))) return ports::ChatKind::group;
  return ports::ChatKind::channel;
}

std::optional<InboundEvent> event_from(const json::value& payload, const Me& me, const NameOf& name_of) {
  const auto* event = object_at(payload, "event");
  if (!event) return std::nullopt;
  const auto type = string_or(*event, "type");
  if (type == "message" || type == "app_mention") return message_event(payload, *event, me, name_of);
  if (type == "reaction_added" || type == "reaction_removed") return reaction_event(payload, *event, me, name_of);
  return std::nullopt;
}

std::vector<std::string> people_of(const json::value& payload) {
  const auto* event = object_at(payload, "event");
  if (!event) return {};
  if (string_or(*event, "subtype").starts_with("message_")) return {}; // edits and deletions need no names
  auto ids = mentioned_people(string_or(*event, "text"), kMostNames);
  if (auto sender = string_or(*event, "user");
      !sender.empty() && std::find(ids.begin(), ids.end(), sender) == ids.end())
    ids.insert(ids.begin(), std::move(sender));
  return ids;
}

std::optional<InboundEvent> command_from(const json::value& fields, const Me& me, std::string_view own_command) {
  InboundEvent event;
  event.type = EventType::command;
  event.chat.id = string_or(fields, "channel_id");
  event.from.id = string_or(fields, "user_id");
  auto name = string_or(fields, "command");
  if (event.chat.id.empty() || event.from.id.empty() || !name.starts_with('/')) return std::nullopt;
  name.erase(0, 1);
  const auto room = string_or(fields, "channel_name");
  event.chat.kind = kind_of(room == "directmessage" ? "im" : room.starts_with("mpdm-") ? "mpim" : "", event.chat.id);
  event.chat.space_id = string_or(fields, "team_id");
  if (event.chat.kind == ports::ChatKind::channel) event.chat.title = room;
  event.from.name = string_or(fields, "user_name");
  event.from.handle = event.from.name.empty() ? std::string() : "@" + event.from.name;
  event.from.is_self = !me.user_id.empty() && event.from.id == me.user_id;
  event.mentions_me = true;
  const auto words = plain_words(string_or(fields, "text"), me.user_id, {});
  const bool own = lowercase_ascii(name) == lowercase_ascii(own_command);
  event.text = own ? words : words.empty() ? "/" + name : fmt::format("/{} {}", name, words);
  if (event.text.empty()) event.text = "/help";
  // What is asked by a command is seen by one person, so it is no part of what the room talks about.
  if (!event.text.starts_with('/')) event.chat.thread_id = "slash-" + event.from.id;
  event.reply_token = fmt::format("{} {}", event.from.id, string_or(fields, "response_url"));
  // The trigger is another one each time that somebody gives a command.
  event.event_id = "slash:" + string_or(fields, "trigger_id");
  if (event.event_id.size() <= 8 || event.event_id.size() > 100 || !valid_id(event.event_id))
    event.event_id = "slash:" + sha256_hex(to_text(fields)).substr(0, 40);
  return event;
}

std::optional<ReplyToken> reply_token_from(std::string_view token) {
  const auto space = token.find(' ');
  if (space == std::string_view::npos || space + 1 >= token.size()) return std::nullopt;
  return ReplyToken{std::string(token.substr(0, space)), std::string(token.substr(space + 1))};
}

} // namespace openclaw::extensions::slack
