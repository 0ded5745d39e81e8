#include "extensions/channels/matrix/events.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "extensions/channels/matrix/client_api.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::matrix {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

const json::value& field(const json::value& value, std::string_view key) {
  static const json::value nothing;
  const auto* found = find(value, key);
  return found ? *found : nothing;
}

std::string_view local_part(std::string_view user_id) {
  if (!is_user_id(user_id)) return {};
  return user_id.substr(1, user_id.find(':') - 1);
}

ports::Person person(const std::string& id, const RoomFacts& room, const Me& me) {
  ports::Person who;
  who.id = id;
  who.handle = id;
  const auto name = room.names.find(id);
  who.name = name != room.names.end() && !name->second.empty() ? name->second : std::string(local_part(id));
  who.is_self = id == me.id;
  return who;
}

ports::Chat chat_of(const RoomFacts& room) {
  ports::Chat chat;
  chat.id = room.id;
  chat.kind = room.direct ? ports::ChatKind::direct : ports::ChatKind::group;
  chat.title = room.title;
  chat.space_id = room.known_as;
  return chat;
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// Without case, and not inside of a longer word.
bool has_word(std::string_view text, std::string_view word) {
  if (word.size() < 2) return false;
  const auto in = lowercase_ascii(text);
  const auto wanted = lowercase_ascii(word);
  for (auto at = in.find(wanted); at != in.npos; at = in.find(wanted, at + 1)) {
    const auto end = at + wanted.size();
    if ((at == 0 || !is_word_byte(in[at - 1])) && (end == in.size() || !is_word_byte(in[end]))) return true;
  }
  return false;
}

bool mentions(const json::value& content, std::string_view body, const Me& me) {
  const auto markup = string_or(content, "formatted_body");
  for (const auto& id : {me.id, percent_encoded(me.id)})
    if (markup.find("https://matrix.to/#/" + id + "\"") != markup.npos ||
        markup.find("https://matrix.to/#/" + id + "'") != markup.npos)
      return true;
  if (const auto* said = find(content, "m.mentions"); said && said->is_object()) {
    if (bool_or(*said, "room", false)) return true;
    const auto& ids = field(*said, "user_ids");
    return ids.is_array() && std::any_of(ids.get_array().begin(), ids.get_array().end(), [&](const json::value& id) {
             return id.is_string() && id.get_string() == me.id;
           });
  }
  // A client from before intentional mentions: the words are all there is.
  return body.find(me.id) != body.npos || has_word(body, me.name) || has_word(body, local_part(me.id));
}

// "> <@ada:server> words", as older clients put it in front of a reply.
std::string_view without_fallback(std::string_view body) {
  if (!body.starts_with("> ")) return body;
  auto rest = body;
  while (rest.starts_with("> ") || rest == ">") {
    const auto end = rest.find('\n');
    if (end == rest.npos) return {};
    rest.remove_prefix(end + 1);
  }
  return rest.starts_with('\n') ? rest.substr(1) : rest;
}

// A command behind our name: "claw: /status" is "/status".
std::string_view without_address(std::string_view text, const Me& me) {
  for (const std::string_view name : {std::string_view(me.id), std::string_view(me.name), local_part(me.id)}) {
    auto rest = text;
    if (rest.starts_with('@') && !name.starts_with('@')) rest.remove_prefix(1);
    if (name.empty() || !lowercase_ascii(rest.substr(0, name.size())).starts_with(lowercase_ascii(name))) continue;
    rest.remove_prefix(std::min(name.size(), rest.size()));
    if (rest.starts_with(':') || rest.starts_with(',')) rest.remove_prefix(1);
    rest = trim(rest);
    if (rest.starts_with('/')) return rest;
  }
  return text;
}

bool add_attachment(InboundEvent& event, const json::value& content, std::string_view kind) {
  constexpr std::pair<std::string_view, Attachment::Type> kinds[] = {{"m.image", Attachment::Type::image},
                                                                     {"m.file", Attachment::Type::document},
                                                                     {"m.audio", Attachment::Type::audio},
                                                                     {"m.video", Attachment::Type::video},
                                                                     {"m.sticker", Attachment::Type::sticker}};
  const auto* const found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](auto& one) { return one.first == kind; });
  if (found == std::end(kinds)) return false;
  Attachment attachment;
  attachment.type = found->second;
  if (attachment.type == Attachment::Type::audio && find(content, "org.matrix.msc3245.voice"))
    attachment.type = Attachment::Type::voice;
  const auto& info = field(content, "info");
  attachment.mime_type = string_or(info, "mimetype", "application/octet-stream");
  attachment.bytes = integer_or(info, "size", -1);
  attachment.reference = string_or(content, "url");
  const auto body = string_or(content, "body");
  attachment.file_name = string_or(content, "filename", body);
  // Without a file name of its own the body is that name, and no words of the sender.
  event.text = attachment.file_name == body ? std::string() : body;
  event.attachments.push_back(std::move(attachment));
  return true;
}

void read_relation(InboundEvent& event, const json::value& content, ThreadReplies threads) {
  const auto& relation = field(content, "m.relates_to");
  const bool in_thread = string_or(relation, "rel_type") == "m.thread";
  auto root = in_thread ? string_or(relation, "event_id") : std::string();
  if (threads == ThreadReplies::always && root.empty() && event.chat.kind != ports::ChatKind::direct)
    root = event.message_id;
  if (threads != ThreadReplies::off) event.chat.thread_id = std::move(root);
  if (in_thread && bool_or(relation, "is_falling_back", false)) return;
  if (auto replied = string_or(field(relation, "m.in_reply_to"), "event_id"); !replied.empty()) {
    InboundEvent::Quote quote;
    quote.message_id = std::move(replied);
    event.quote = std::move(quote);
    event.text = without_fallback(event.text);
  }
}

std::optional<InboundEvent> message_event(InboundEvent event, const json::value& content, std::string_view kind,
                                          const Me& me, const RoomFacts& room) {
  if (string_or(field(content, "m.relates_to"), "rel_type") == "m.replace") {
    event.type = EventType::edit;
    event.message_id = string_or(field(content, "m.relates_to"), "event_id");
    event.text = string_or(field(content, "m.new_content"), "body");
    return event.message_id.empty() ? std::nullopt : std::optional(std::move(event));
  }
  event.type = EventType::message;
  event.text = string_or(content, "body");
  if (kind == "m.location") event.text = fmt::format("[Location: {}]", printable(string_or(content, "geo_uri"), 100));
  const bool file = add_attachment(event, content, kind);
  if (!file && kind != "m.text" && kind != "m.notice" && kind != "m.emote" && kind != "m.location") return std::nullopt;
  // By the specification notices are what programs say, and programs must not answer them.
  event.from.is_bot = kind == "m.notice";
  read_relation(event, content, room.threads);
  event.mentions_me = mentions(content, event.text, me);
  if (const auto command = without_address(event.text, me); command.starts_with('/')) {
    event.text = std::string(command);
    event.type = EventType::command;
  }
  return event;
}

} // namespace

std::string event_key(std::string_view event_id) {
  return sha256_hex(event_id).substr(0, 40);
}

bool is_user_id(std::string_view text) {
  const auto colon = text.find(':');
  return text.starts_with('@') && colon != text.npos && colon > 1 && colon + 1 < text.size() && text.size() <= 255 &&
         text.find_first_of(" \t\r\n/\"<>") == text.npos;
}

std::optional<std::pair<std::string, std::string>> parse_mxc(std::string_view address) {
  constexpr std::string_view kScheme = "mxc://";
  if (!address.starts_with(kScheme)) return std::nullopt;
  address.remove_prefix(kScheme.size());
  const auto slash = address.find('/');
  if (slash == address.npos) return std::nullopt;
  const auto server = address.substr(0, slash);
  const auto id = address.substr(slash + 1);
  const auto good = [](std::string_view part, std::string_view more) {
    return !part.empty() && part.size() <= 255 && part != "." && part != ".." &&
           std::all_of(part.begin(), part.end(), [&](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    more.find(c) != more.npos;
           });
  };
  if (!good(server, ".-:[]") || !good(id, "-_.~")) return std::nullopt;
  return std::pair{std::string(server), std::string(id)};
}

std::optional<InboundEvent> event_from(const json::value& event, const Me& me, const RoomFacts& room) {
  const auto id = string_or(event, "event_id");
  const auto sender = string_or(event, "sender");
  const auto type = string_or(event, "type");
  // State has a key; a message with one is none.
  if (id.empty() || !is_user_id(sender) || sender == me.id || find(event, "state_key")) return std::nullopt;
  const auto& content = field(event, "content");
  InboundEvent out;
  out.event_id = event_key(id);
  out.message_id = id;
  out.chat = chat_of(room);
  out.from = person(sender, room, me);
  out.sent_ms = integer_or(event, "origin_server_ts", 0);
  if (type == "m.room.message") return message_event(std::move(out), content, string_or(content, "msgtype"), me, room);
  if (type == "m.sticker") return message_event(std::move(out), content, type, me, room);
  if (type == "m.reaction") {
    const auto& relation = field(content, "m.relates_to");
    out.type = EventType::reaction;
    out.message_id = string_or(relation, "event_id");
    out.emoji = string_or(relation, "key");
    return out.message_id.empty() || out.emoji.empty() ? std::nullopt : std::optional(std::move(out));
  }
  if (type == "m.room.redaction") {
    out.type = EventType::removal;
    // Since room version 11 it stands in the content.
    out.message_id = string_or(event, "redacts", string_or(content, "redacts"));
    return out.message_id.empty() ? std::nullopt : std::optional(std::move(out));
  }
  return std::nullopt;
}

std::size_t first_for_us(const json::array& timeline, std::string_view my_id) {
  std::size_t first = 0;
  std::size_t invited = 0;
  for (std::size_t at = 0; at < timeline.size(); ++at) {
    const auto& event = timeline[at];
    if (string_or(event, "type") != "m.room.member" || string_or(event, "state_key") != my_id) continue;
    const auto membership = string_or(field(event, "content"), "membership");
    const auto before = string_or(field(field(event, "unsigned"), "prev_content"), "membership");
    if (membership == "invite") invited = at + 1;
    if (membership != "join" || before == "join") continue;
    first = invited != 0 ? invited : at + 1;
    invited = 0;
  }
  return first;
}

void fill_quote(InboundEvent& event, const json::value& replied, const Me& me, const RoomFacts& room) {
  if (!event.quote) return;
  const auto sender = string_or(replied, "sender");
  if (!is_user_id(sender)) return;
  event.quote->from = person(sender, room, me).name;
  event.quote->text = std::string(without_fallback(string_or(field(replied, "content"), "body")));
  event.replies_to_me = sender == me.id;
}

} // namespace openclaw::extensions::matrix
