#include "extensions/channels/mattermost/events.hpp"

#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::mattermost {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostFiles = 20;
constexpr std::pair<std::string_view, std::string_view> kEmoji[] = {{"👀", "eyes"},
                                                                    {"👍", "+1"},
                                                                    {"👎", "-1"},
                                                                    {"❤️", "heart"},
                                                                    {"✅", "white_check_mark"},
                                                                    {"🎉", "tada"},
                                                                    {"😄", "smile"},
                                                                    {"😢", "cry"},
                                                                    {"🔥", "fire"},
                                                                    {"🙏", "pray"},
                                                                    {"🤔", "thinking_face"},
                                                                    {"👏", "clap"},
                                                                    {"🚀", "rocket"},
                                                                    {"⚡", "zap"},
                                                                    {"❌", "x"},
                                                                    {"⏳", "hourglass_flowing_sand"},
                                                                    {"😂", "joy"},
                                                                    {"💯", "100"}};

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 32 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// Where "@name" stands as a word of its own.
std::size_t find_mention(std::string_view text, std::string_view name) {
  const auto lower = lowercase_ascii(text);
  const auto mark = "@" + lowercase_ascii(name);
  for (auto at = lower.find(mark); at != std::string::npos; at = lower.find(mark, at + 1)) {
    const auto end = at + mark.size();
    const bool goes_on = end < lower.size() && is_name_character(lower[end]) &&
                         (lower[end] != '.' || (end + 1 < lower.size() && is_name_character(lower[end + 1])));
    if (!goes_on && (at == 0 || !is_name_character(lower[at - 1]))) return at;
  }
  return std::string::npos;
}

void add_files(InboundEvent& event, const json::value& post) {
  const auto* files = find_path(post, "metadata.files");
  if (!files || !files->is_array()) return;
  for (const auto& file : files->get_array()) {
    if (event.attachments.size() == kMostFiles) break;
    Attachment attachment;
    attachment.reference = string_or(file, "id");
    if (!is_id(attachment.reference)) continue;
    attachment.file_name = string_or(file, "name");
    attachment.mime_type = string_or(file, "mime_type", "application/octet-stream");
    attachment.bytes = integer_or(file, "size", -1);
    attachment.type = ports::attachment_type(attachment.mime_type);
    event.attachments.push_back(std::move(attachment));
  }
}

std::optional<InboundEvent> post_event(const json::value& post, const Me& me, const Addressing& addressing,
                                       EventType type) {
  InboundEvent event;
  event.type = type;
  event.message_id = string_or(post, "id");
  event.chat.id = string_or(post, "channel_id");
  event.chat.thread_id = string_or(post, "root_id");
  event.from.id = string_or(post, "user_id");
  if (!is_id(event.message_id) || !is_id(event.chat.id) || !is_id(event.from.id)) return std::nullopt;
  if (!event.chat.thread_id.empty() && !is_id(event.chat.thread_id)) return std::nullopt;
  event.event_id = fmt::format("post-{}", event.message_id);
  event.sent_ms = integer_or(post, "create_at", 0);
  event.from.is_self = event.from.id == me.id;
  if (const auto* props = find(post, "props"))
    for (const std::string_view key : {"from_bot", "from_webhook"})
      if (string_or(*props, key) == "true") event.from.is_bot = true;
  // "system_…": somebody joined, the header changed.
  if (!string_or(post, "type").empty()) {
    event.type = EventType::membership;
    return event;
  }
  event.text = string_or(post, "message");
  event.mentions_me = addressing.every_message;
  if (const auto at = find_mention(event.text, me.username); at != std::string::npos) {
    event.mentions_me = true;
    if (trim(std::string_view(event.text).substr(0, at)).empty()) event.text.erase(0, at + 1 + me.username.size());
  }
  event.text = std::string(trim(event.text));
  for (const auto& prefix : addressing.prefixes)
    if (!prefix.empty() && event.text.starts_with(prefix)) {
      event.mentions_me = true;
      event.text = std::string(trim(std::string_view(event.text).substr(prefix.size())));
      break;
    }
  add_files(event, post);
  if (event.type == EventType::message && event.text.starts_with('/')) event.type = EventType::command;
  if (event.type == EventType::message && event.text.empty() && event.attachments.empty())
    event.type = EventType::membership;
  return event;
}

ports::ChatKind kind_of(std::string_view type) {
  return type == "D" ? ports::ChatKind::direct : type == "G" ? ports::ChatKind::group : ports::ChatKind::channel;
}

// A field of `data` that is itself a JSON text.
json::value inner(const json::value& data, std::string_view key) {
  auto value = parse_json(string_or(data, key), key);
  return value ? std::move(*value) : json::value();
}

std::optional<InboundEvent> reaction_event(const json::value& reaction, const json::value& frame, bool removed) {
  InboundEvent event;
  event.type = EventType::reaction;
  event.message_id = string_or(reaction, "post_id");
  event.from.id = string_or(reaction, "user_id");
  if (const auto* broadcast = find(frame, "broadcast")) event.chat.id = string_or(*broadcast, "channel_id");
  if (!is_id(event.message_id) || !is_id(event.from.id) || !is_id(event.chat.id)) return std::nullopt;
  event.emoji = emoji_of(utf8_prefix(string_or(reaction, "emoji_name"), 64));
  event.reaction_removed = removed;
  event.event_id = fmt::format("reaction-{}-{}", event.message_id, event.from.id);
  return event;
}

} // namespace

std::optional<InboundEvent> event_from(const json::value& frame, const Me& me, const Addressing& addressing) {
  const auto* data = find(frame, "data");
  if (!data) return std::nullopt;
  const auto name = string_or(frame, "event");
  if (name == "reaction_added" || name == "reaction_removed")
    return reaction_event(inner(*data, "reaction"), frame, name == "reaction_removed");
  const auto type = name == "posted"         ? EventType::message
                    : name == "post_edited"  ? EventType::edit
                    : name == "post_deleted" ? EventType::removal
                                             : EventType::callback;
  if (type == EventType::callback) return std::nullopt;
  auto event = post_event(inner(*data, "post"), me, addressing, type);
  if (!event) return std::nullopt;
  event->chat.kind = kind_of(string_or(*data, "channel_type"));
  event->chat.title = string_or(*data, "channel_display_name");
  event->chat.space_id = string_or(*data, "team_id");
  return event;
}

std::optional<InboundEvent> event_of_post(const json::value& post, const json::value& channel, const Me& me,
                                          const Addressing& addressing) {
  if (integer_or(post, "delete_at", 0) != 0) return std::nullopt;
  auto event = post_event(post, me, addressing, EventType::message);
  if (!event) return std::nullopt;
  event->chat.kind = kind_of(string_or(channel, "type"));
  event->chat.title = string_or(channel, "display_name");
  event->chat.space_id = string_or(channel, "team_id");
  return event;
}

std::optional<std::string_view> emoji_name(std::string_view emoji) {
  for (const auto& [sign, name] : kEmoji)
    if (sign == emoji) return name;
  return std::nullopt;
}

std::string emoji_of(std::string_view name) {
  for (const auto& [sign, known] : kEmoji)
    if (known == name) return std::string(sign);
  return fmt::format(":{}:", name);
}

} // namespace openclaw::extensions::mattermost
