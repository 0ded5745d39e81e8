#include "extensions/channels/telegram/updates.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::telegram {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

std::string id_of(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  const auto number = found ? as_integer(*found) : std::nullopt;
  return number ? std::to_string(*number) : std::string();
}

ports::Person person_from(const json::value& user, const Me& me) {
  ports::Person person;
  person.id = id_of(user, "id");
  person.name = string_or(user, "first_name");
  if (const auto last = string_or(user, "last_name"); !last.empty()) person.name += " " + last;
  if (const auto handle = string_or(user, "username"); !handle.empty()) person.handle = "@" + handle;
  person.is_bot = bool_or(user, "is_bot", false);
  person.is_self = !person.id.empty() && person.id == me.id;
  return person;
}

ports::Chat chat_from(const json::value& message) {
  ports::Chat chat;
  const auto* value = find(message, "chat");
  if (!value) return chat;
  chat.id = id_of(*value, "id");
  const auto type = string_or(*value, "type");
  chat.kind = type == "private"   ? ports::ChatKind::direct
              : type == "channel" ? ports::ChatKind::channel
                                  : ports::ChatKind::group;
  chat.title = string_or(*value, "title");
  // A reply in an ordinary group carries a thread id too; only topics are conversations of their own.
  if (bool_or(message, "is_topic_message", false)) chat.thread_id = id_of(message, "message_thread_id");
  return chat;
}

void add_attachments(InboundEvent& event, const json::value& message) {
  const auto add = [&](Attachment::Type type, const json::value& file, std::string mime) {
    Attachment attachment;
    attachment.type = type;
    attachment.mime_type = string_or(file, "mime_type", mime);
    attachment.file_name = string_or(file, "file_name");
    attachment.bytes = integer_or(file, "file_size", -1);
    attachment.reference = string_or(file, "file_id");
    if (!attachment.reference.empty()) event.attachments.push_back(std::move(attachment));
  };
  if (const auto* photos = find(message, "photo"); photos && photos->is_array() && !photos->get_array().empty())
    add(Attachment::Type::image, photos->get_array().back(), "image/jpeg"); // the last is the largest
  constexpr std::tuple<std::string_view, Attachment::Type, std::string_view> kinds[] = {
      {"voice", Attachment::Type::voice, "audio/ogg"},
      {"audio", Attachment::Type::audio, "audio/mpeg"},
      {"video", Attachment::Type::video, "video/mp4"},
      {"video_note", Attachment::Type::video, "video/mp4"},
      {"animation", Attachment::Type::video, "video/mp4"},
      {"document", Attachment::Type::document, "application/octet-stream"},
      {"sticker", Attachment::Type::sticker, "image/webp"}};
  for (const auto& [key, type, mime] : kinds) {
    // An animation comes as a document too.
    if (key == "document" && find(message, "animation")) continue;
    if (const auto* file = find(message, key); file && file->is_object()) add(type, *file, std::string(mime));
  }
}

// Mentions of us, and the command with our name taken off.
void read_entities(InboundEvent& event, const json::value& message, const Me& me) {
  const auto* entities = find(message, "entities");
  if (!entities) entities = find(message, "caption_entities");
  if (!entities || !entities->is_array()) return;
  const auto own = lowercase_ascii("@" + me.username);
  const auto text = event.text;
  std::size_t seen = 0;
  for (const auto& entity : entities->get_array()) {
    if (++seen > 100) break;
    const auto type = string_or(entity, "type");
    const auto slice = utf16_slice(text, integer_or(entity, "offset", 0), integer_or(entity, "length", 0));
    if (type == "mention" && lowercase_ascii(slice) == own) event.mentions_me = true;
    if (type == "text_mention")
      if (const auto* user = find(entity, "user"); user && id_of(*user, "id") == me.id) event.mentions_me = true;
    if (type == "bot_command" && slice.data() == text.data()) {
      const auto at = slice.find('@');
      if (at != std::string_view::npos) {
        if (lowercase_ascii(slice.substr(at)) != own) {
          event.type = EventType::message; // meant for another bot
          continue;
        }
        event.mentions_me = true;
        event.text = std::string(slice.substr(0, at)) + text.substr(slice.size());
      }
      event.type = EventType::command;
    }
  }
}

std::optional<InboundEvent> message_event(const json::value& message, const Me& me, EventType type) {
  InboundEvent event;
  event.type = type;
  event.chat = chat_from(message);
  event.message_id = id_of(message, "message_id");
  if (event.chat.id.empty() || event.message_id.empty()) return std::nullopt;
  if (const auto* from = find(message, "from")) event.from = person_from(*from, me);
  if (event.from.id.empty())
    if (const auto* sender = find(message, "sender_chat")) event.from.id = id_of(*sender, "id");
  event.sent_ms = integer_or(message, "date", 0) * 1000;
  event.text = string_or(message, "text");
  if (event.text.empty()) event.text = string_or(message, "caption");
  if (type == EventType::message) read_entities(event, message, me);
  if (const auto* replied = find(message, "reply_to_message"); replied && replied->is_object()) {
    InboundEvent::Quote quote;
    quote.message_id = id_of(*replied, "message_id");
    quote.text = string_or(*replied, "text");
    if (quote.text.empty()) quote.text = string_or(*replied, "caption");
    if (const auto* from = find(*replied, "from")) {
      quote.from = person_from(*from, me).name;
      event.replies_to_me = id_of(*from, "id") == me.id && !me.id.empty();
    }
    // Each message of a topic "replies" to the one that opened it.
    if (!find(*replied, "forum_topic_created")) event.quote = std::move(quote);
  }
  add_attachments(event, message);
  if (const auto* place = find(message, "location"); place && place->is_object() && event.text.empty())
    event.text = fmt::format("[Location: {:.5f}, {:.5f}]", number_or(place->get_object(), "latitude", 0),
                             number_or(place->get_object(), "longitude", 0));
  if (event.text.empty() && event.attachments.empty()) event.type = EventType::membership; // a service message
  return event;
}

std::optional<InboundEvent> callback_event(const json::value& query, const Me& me) {
  const auto* message = find(query, "message");
  if (!message) return std::nullopt;
  auto event = message_event(*message, me, EventType::callback);
  if (!event) return std::nullopt;
  event->type = EventType::callback;
  event->text = string_or(query, "data");
  event->attachments.clear();
  event->quote.reset();
  event->reply_token = string_or(query, "id");
  if (const auto* from = find(query, "from")) event->from = person_from(*from, me);
  return event;
}

std::optional<InboundEvent> reaction_event(const json::value& change, const Me& me) {
  InboundEvent event;
  event.type = EventType::reaction;
  event.chat = chat_from(change);
  event.message_id = id_of(change, "message_id");
  if (const auto* user = find(change, "user")) event.from = person_from(*user, me);
  const auto emoji_of = [&](std::string_view key) {
    const auto* list = find(change, key);
    return list && list->is_array() && !list->get_array().empty() ? string_or(list->get_array().front(), "emoji")
                                                                  : std::string();
  };
  const auto* now = find(change, "new_reaction");
  event.reaction_removed = !now || !now->is_array() || now->get_array().empty();
  event.emoji = emoji_of(event.reaction_removed ? "old_reaction" : "new_reaction");
  return event.chat.id.empty() ? std::nullopt : std::optional(event);
}

} // namespace

std::string_view utf16_slice(std::string_view text, std::int64_t offset, std::int64_t length) {
  const auto bytes_at = [&](std::int64_t units, std::size_t from) {
    std::size_t at = from;
    while (units > 0 && at < text.size()) {
      const auto byte = static_cast<unsigned char>(text[at]);
      const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      units -= size == 4 ? 2 : 1;
      at = std::min(at + size, text.size());
    }
    return at;
  };
  const auto begin = bytes_at(offset, 0);
  const auto end = bytes_at(length, begin);
  return text.substr(begin, end - begin);
}

json::object target_of(const ports::Chat& chat) {
  json::object target{{"chat_id", chat.id}};
  if (!chat.thread_id.empty() && chat.thread_id != "1")
    target["message_thread_id"] = std::atoll(chat.thread_id.c_str());
  return target;
}

std::optional<InboundEvent> event_from(const json::value& update, const Me& me) {
  const auto number = id_of(update, "update_id");
  if (number.empty()) return std::nullopt;
  std::optional<InboundEvent> event;
  if (const auto* message = find(update, "message"))
    event = message_event(*message, me, EventType::message);
  else if (const auto* post = find(update, "channel_post"))
    event = message_event(*post, me, EventType::message);
  else if (const auto* edited = find(update, "edited_message"))
    event = message_event(*edited, me, EventType::edit);
  else if (const auto* query = find(update, "callback_query"))
    event = callback_event(*query, me);
  else if (const auto* reaction = find(update, "message_reaction"))
    event = reaction_event(*reaction, me);
  else if (const auto* member = find(update, "my_chat_member")) {
    event = InboundEvent{};
    event->type = EventType::membership;
    event->chat = chat_from(*member);
  }
  if (!event) return std::nullopt;
  event->event_id = "update-" + number;
  event->checkpoint = std::to_string(std::atoll(number.c_str()) + 1);
  return event;
}

std::string album_of(const json::value& update) {
  const auto* message = find(update, "message");
  if (!message) message = find(update, "channel_post");
  const auto* chat = message ? find(*message, "chat") : nullptr;
  const auto group = message ? string_or(*message, "media_group_id") : std::string();
  return chat && !group.empty() ? fmt::format("{}/{}", id_of(*chat, "id"), group) : std::string();
}

std::vector<InboundEvent> events_from(const json::array& updates, const Me& me) {
  std::vector<InboundEvent> events;
  std::string open_album; // the last event's
  for (const auto& update : updates) {
    auto event = event_from(update, me);
    if (!event) continue;
    auto album = album_of(update);
    if (album.empty() || album != open_album) {
      open_album = std::move(album);
      events.push_back(std::move(*event));
      continue;
    }
    auto& whole = events.back();
    if (!event->text.empty()) whole.text += (whole.text.empty() ? "" : "\n") + event->text;
    whole.mentions_me = whole.mentions_me || event->mentions_me;
    for (auto& attachment : event->attachments)
      whole.attachments.push_back(std::move(attachment));
    whole.checkpoint = event->checkpoint;
  }
  return events;
}

std::optional<std::pair<std::string, std::string>> moved_group(const json::value& update) {
  const auto* message = find(update, "message");
  if (!message) return std::nullopt;
  auto to = id_of(*message, "migrate_to_chat_id");
  if (to.empty()) return std::nullopt;
  return std::pair{chat_from(*message).id, std::move(to)};
}

bool is_command_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

} // namespace openclaw::extensions::telegram
