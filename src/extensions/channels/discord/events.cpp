#include "extensions/channels/discord/events.hpp"

#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostEntries = 100; // of any list in an event
constexpr int kVoiceMessage = 1 << 13;

std::string id_or_nothing(const json::value& value, std::string_view key) {
  auto id = string_or(value, key);
  return is_snowflake(id) ? id : std::string();
}

template <class Visit>
void each(const json::value& value, std::string_view key, const Visit& visit) {
  const auto* list = find(value, key);
  if (!list || !list->is_array()) return;
  std::size_t seen = 0;
  for (const auto& item : list->get_array()) {
    if (++seen > kMostEntries) break;
    visit(item);
  }
}

std::string name_of(const json::value& user) {
  const auto name = string_or(user, "global_name");
  return name.empty() ? string_or(user, "username") : name;
}

ports::Person person_from(const json::value& user, const json::value* member, const Me& me) {
  ports::Person person;
  person.id = id_or_nothing(user, "id");
  person.name = name_of(user);
  if (member)
    if (auto nick = string_or(*member, "nick"); !nick.empty()) person.name = std::move(nick);
  if (const auto handle = string_or(user, "username"); !handle.empty()) person.handle = "@" + handle;
  person.is_bot = bool_or(user, "bot", false);
  person.is_self = !person.id.empty() && person.id == me.id;
  return person;
}

ports::Chat chat_from(const json::value& data) {
  ports::Chat chat;
  chat.id = id_or_nothing(data, "channel_id");
  chat.space_id = id_or_nothing(data, "guild_id");
  if (!chat.space_id.empty())
    chat.kind = ports::ChatKind::channel;
  else if (integer_or(data, "channel_type", 1) == 3)
    chat.kind = ports::ChatKind::group;
  return chat;
}

void add_attachments(InboundEvent& event, const json::value& message) {
  const bool voice = (integer_or(message, "flags", 0) & kVoiceMessage) != 0;
  each(message, "attachments", [&](const json::value& file) {
    Attachment attachment;
    attachment.mime_type = string_or(file, "content_type", "application/octet-stream");
    attachment.type = voice ? Attachment::Type::voice : ports::attachment_type(attachment.mime_type);
    attachment.file_name = string_or(file, "filename");
    attachment.bytes = integer_or(file, "size", -1);
    attachment.reference = string_or(file, "url");
    if (!attachment.reference.empty()) event.attachments.push_back(std::move(attachment));
  });
}

bool has_id(const json::value& message, std::string_view key, std::string_view id) {
  bool found = false;
  each(message, key, [&](const json::value& item) {
    const auto* text = item.if_string();
    if ((text ? std::string(*text) : string_or(item, "id")) == id) found = true;
  });
  return found && !id.empty();
}

std::optional<InboundEvent> message_event(const json::value& message, const Me& me, std::string_view my_role) {
  InboundEvent event;
  event.chat = chat_from(message);
  event.message_id = id_or_nothing(message, "id");
  const auto* author = find(message, "author");
  if (event.chat.id.empty() || event.message_id.empty() || !author || !author->is_object()) return std::nullopt;
  const auto kind = integer_or(message, "type", 0);
  if (kind != 0 && kind != 19) return std::nullopt; // pins, joins, boosts…: Discord's own words
  event.event_id = "message-" + event.message_id;
  event.from = person_from(*author, find(message, "member"), me);
  if (find(message, "webhook_id")) event.from.is_bot = true;
  event.sent_ms = time_of(event.message_id);
  const auto content = string_or(message, "content");
  event.text = readable(content, message, me, my_role);
  event.mentions_me = has_id(message, "mentions", me.id) || has_id(message, "mention_roles", my_role);
  if (const auto* replied = find(message, "referenced_message"); replied && replied->is_object()) {
    InboundEvent::Quote quote;
    quote.message_id = id_or_nothing(*replied, "id");
    quote.text = readable(string_or(*replied, "content"), *replied, me, my_role);
    if (const auto* from = find(*replied, "author")) {
      quote.from = name_of(*from);
      event.replies_to_me = !me.id.empty() && string_or(*from, "id") == me.id;
    }
    event.quote = std::move(quote);
  }
  add_attachments(event, message);
  each(message, "message_snapshots", [&](const json::value& snapshot) {
    const auto* forwarded = find(snapshot, "message");
    if (!forwarded) return;
    if (const auto text = string_or(*forwarded, "content"); !text.empty())
      event.text += fmt::format("{}[Forwarded] {}", event.text.empty() ? "" : "\n", text);
    add_attachments(event, *forwarded);
  });
  each(message, "sticker_items", [&](const json::value& sticker) {
    event.text += fmt::format("{}[Sticker: {}]", event.text.empty() ? "" : "\n", string_or(sticker, "name"));
  });
  return event;
}

std::optional<InboundEvent> reaction_event(const json::value& data, bool removed, std::int64_t sequence, const Me& me) {
  InboundEvent event;
  event.type = EventType::reaction;
  event.chat = chat_from(data);
  event.message_id = id_or_nothing(data, "message_id");
  event.from.id = id_or_nothing(data, "user_id");
  event.from.is_self = !event.from.id.empty() && event.from.id == me.id;
  if (const auto* member = find(data, "member"))
    if (const auto* user = find(*member, "user")) event.from = person_from(*user, member, me);
  if (event.chat.id.empty() || event.message_id.empty()) return std::nullopt;
  if (const auto* emoji = find(data, "emoji")) {
    event.emoji = string_or(*emoji, "name");
    if (const auto id = id_or_nothing(*emoji, "id"); !id.empty()) event.emoji += ":" + id;
  }
  event.reaction_removed = removed;
  event.event_id = fmt::format("reaction-{}-{}-{}", event.message_id, event.from.id, sequence);
  return event;
}

void add_options(std::string& text, const json::value& holder, int depth) {
  each(holder, "options", [&](const json::value& option) {
    if (const auto* value = find(option, "value")) {
      text += ' ';
      text += value->is_string() ? std::string(value->get_string()) : to_text(*value);
    } else if (depth < 3) { // a sub-command
      text += " " + string_or(option, "name");
      add_options(text, option, depth + 1);
    }
  });
}

std::optional<InboundEvent> interaction_event(const json::value& data, const Me& me) {
  InboundEvent event;
  event.chat = chat_from(data);
  event.message_id = id_or_nothing(data, "id");
  const auto* content = find(data, "data");
  if (event.chat.id.empty() || event.message_id.empty() || !content) return std::nullopt;
  event.event_id = "interaction-" + event.message_id;
  event.sent_ms = time_of(event.message_id);
  const auto* member = find(data, "member");
  const auto* user = member ? find(*member, "user") : find(data, "user");
  if (!user) return std::nullopt;
  event.from = person_from(*user, member, me);
  event.mentions_me = true; // whoever uses our command speaks to us
  const auto type = integer_or(data, "type", 0);
  if (type == 2) {
    event.type = EventType::command;
    event.text = "/" + string_or(*content, "name");
    add_options(event.text, *content, 0);
    event.reply_token = reply_token(data);
  } else if (type == 3) {
    event.type = EventType::callback;
    event.text = string_or(*content, "custom_id");
  } else {
    return std::nullopt;
  }
  return event;
}

} // namespace

Room room_from(const json::value& channel) {
  return {static_cast<int>(integer_or(channel, "type", 0)), id_or_nothing(channel, "guild_id"),
          id_or_nothing(channel, "parent_id"), string_or(channel, "name")};
}

void place(ports::Chat& chat, const Room& room) {
  if (!room.guild_id.empty()) {
    chat.space_id = room.guild_id;
    chat.kind = ports::ChatKind::channel;
  }
  if (room.is_thread() && !room.parent_id.empty()) {
    chat.thread_id = chat.id;
    chat.id = room.parent_id;
  } else {
    chat.title = room.name;
  }
}

std::string own_role(const json::value& guild, const Me& me) {
  std::string role;
  const auto* roles = find(guild, "roles");
  if (!roles || !roles->is_array()) return role;
  for (const auto& one : roles->get_array()) // a server has 250 at most
    if (const auto* tags = find(one, "tags"); tags && !me.id.empty() && string_or(*tags, "bot_id") == me.id)
      role = id_or_nothing(one, "id");
  return role;
}

std::string reply_token(const json::value& interaction) {
  const auto token = string_or(interaction, "token");
  const auto application = id_or_nothing(interaction, "application_id");
  // It becomes a part of an address.
  const bool good = !token.empty() && token.size() <= 1024 &&
                    token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=") ==
                        std::string::npos;
  return good && !application.empty() ? application + "/" + token : std::string();
}

std::string readable(std::string_view content, const json::value& message, const Me& me, std::string_view my_role) {
  const auto mentioned_name = [&](std::string_view id) {
    std::string name;
    each(message, "mentions", [&](const json::value& user) {
      if (string_or(user, "id") == id) name = name_of(user);
    });
    return name;
  };
  std::string out;
  for (std::size_t at = 0; at < content.size();) {
    const auto rest = content.substr(at);
    const auto end = rest.find('>');
    if (rest.front() != '<' || end == std::string_view::npos || end > 80) {
      out += content[at++];
      continue;
    }
    const auto inside = rest.substr(1, end - 1);
    std::string shown(rest.substr(0, end + 1));
    const bool role = inside.starts_with("@&");
    const auto id = inside.substr(role || inside.starts_with("@!") ? 2 : std::min<std::size_t>(1, inside.size()));
    if (inside.starts_with("@") && is_snowflake(id)) {
      if ((!role && id == me.id) || (role && id == my_role)) {
        shown = trim(out).empty() ? std::string() : "@" + me.name;
      } else if (const auto name = role ? std::string() : mentioned_name(id); !name.empty()) {
        shown = "@" + name;
      }
    } else if (inside.starts_with(":") || inside.starts_with("a:")) {
      const auto name = inside.substr(inside.find(':'));
      if (const auto last = name.rfind(':'); last > 0) shown = std::string(name.substr(0, last + 1));
    }
    out += shown;
    at += end + 1;
  }
  return std::string(trim(out));
}

std::optional<InboundEvent> event_from(std::string_view type, const json::value& data, std::int64_t sequence,
                                       const Me& me, std::string_view my_role) {
  if (type == "MESSAGE_CREATE") return message_event(data, me, my_role);
  if (type == "INTERACTION_CREATE") return interaction_event(data, me);
  if (type == "MESSAGE_REACTION_ADD") return reaction_event(data, false, sequence, me);
  if (type == "MESSAGE_REACTION_REMOVE") return reaction_event(data, true, sequence, me);
  if (type == "MESSAGE_UPDATE") {
    // Without an edit's time it is only a link's preview that was added.
    if (string_or(data, "edited_timestamp").empty()) return std::nullopt;
    auto event = message_event(data, me, my_role);
    if (!event) return std::nullopt;
    event->type = EventType::edit;
    event->event_id = fmt::format("edit-{}-{}", event->message_id, sequence);
    return event;
  }
  if (type == "MESSAGE_DELETE") {
    InboundEvent event;
    event.type = EventType::removal;
    event.chat = chat_from(data);
    event.message_id = id_or_nothing(data, "id");
    event.event_id = "removal-" + event.message_id;
    if (event.chat.id.empty() || event.message_id.empty()) return std::nullopt;
    return event;
  }
  return std::nullopt;
}

} // namespace openclaw::extensions::discord
