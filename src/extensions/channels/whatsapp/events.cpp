#include "extensions/channels/whatsapp/events.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::string_view kNumberServer = "@s.whatsapp.net";
constexpr std::string_view kHiddenServer = "@lid";
constexpr std::string_view kGroupServer = "@g.us";
constexpr std::string_view kLinkAgain = "Link it again with: openclaw channels login --channel whatsapp";

std::string_view user_of(std::string_view name) {
  return name.substr(0, name.find('@'));
}

bool is_me(const Me& me, std::string_view name) {
  const auto plain = without_device(name);
  return !plain.empty() && (plain == me.number || plain == me.hidden);
}

// Both names of a person; the number decides when it is known.
ports::Person person_from(std::string_view one, std::string_view other, const Me& me) {
  ports::Person person;
  std::string number, hidden;
  for (const auto name : {one, other}) {
    auto plain = without_device(name);
    if (plain.ends_with(kNumberServer) && number.empty())
      number = std::move(plain);
    else if (!plain.empty() && hidden.empty())
      hidden = std::move(plain);
  }
  person.id = person_id(number.empty() ? hidden : number);
  if (!number.empty()) person.other_ids = {number, std::string(user_of(number))};
  if (!hidden.empty()) person.other_ids.push_back(hidden);
  person.is_self = is_me(me, number) || is_me(me, hidden);
  return person;
}

// The part of the content that has a context: what is quoted, who is mentioned.
const json::value* context_of(const json::value& content) {
  for (const std::string_view kind : {"extendedTextMessage", "imageMessage", "videoMessage", "audioMessage",
                                      "documentMessage", "stickerMessage", "locationMessage", "contactMessage"})
    if (const auto* part = find(content, kind))
      if (const auto* context = find(*part, "contextInfo")) return context;
  return nullptr;
}

std::string poll_text(const json::value& poll) {
  auto text = "[Poll: " + string_or(poll, "name");
  if (const auto* options = find(poll, "options"); options && options->is_array()) {
    std::size_t count = 0;
    for (const auto& option : options->get_array())
      if (++count <= 12) text += fmt::format("{} {}", count == 1 ? ":" : " |", string_or(option, "optionName"));
  }
  return text + "]";
}

std::string text_of(const json::value& content) {
  if (auto text = string_or(content, "conversation"); !text.empty()) return text;
  constexpr std::pair<std::string_view, std::string_view> places[] = {
      {"extendedTextMessage", "text"},
      {"imageMessage", "caption"},
      {"videoMessage", "caption"},
      {"documentMessage", "caption"},
      {"buttonsResponseMessage", "selectedDisplayText"},
      {"templateButtonReplyMessage", "selectedDisplayText"},
      {"listResponseMessage", "title"}};
  for (const auto& [kind, key] : places)
    if (const auto* part = find(content, kind))
      if (auto text = string_or(*part, key); !text.empty()) return text;
  for (const std::string_view kind : {"locationMessage", "liveLocationMessage"})
    if (const auto* place = find(content, kind); place && place->is_object())
      return fmt::format("[Location: {:.5f}, {:.5f}{}{}]", number_or(place->get_object(), "degreesLatitude", 0),
                         number_or(place->get_object(), "degreesLongitude", 0),
                         string_or(*place, "name").empty() ? "" : " ", string_or(*place, "name"));
  if (const auto* contact = find(content, "contactMessage"))
    return fmt::format("[Contact: {}]", string_or(*contact, "displayName"));
  for (const std::string_view kind : {"pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3"})
    if (const auto* poll = find(content, kind)) return poll_text(*poll);
  return {};
}

void add_attachments(InboundEvent& event, const json::value& content) {
  constexpr std::tuple<std::string_view, Attachment::Type, std::string_view> kinds[] = {
      {"imageMessage", Attachment::Type::image, "image"},
      {"videoMessage", Attachment::Type::video, "video"},
      {"ptvMessage", Attachment::Type::video, "video"},
      {"audioMessage", Attachment::Type::audio, "audio"},
      {"documentMessage", Attachment::Type::document, "document"},
      {"stickerMessage", Attachment::Type::sticker, "sticker"}};
  for (const auto& [key, type, kind] : kinds) {
    const auto* file = find(content, key);
    if (!file || !file->is_object()) continue;
    Attachment attachment;
    attachment.type = bool_or(*file, "ptt", false) ? Attachment::Type::voice : type;
    attachment.mime_type = string_or(*file, "mimetype");
    attachment.mime_type.resize(std::min(attachment.mime_type.size(), attachment.mime_type.find(';')));
    attachment.file_name = string_or(*file, "fileName");
    attachment.bytes = integer_or(*file, "fileLength", -1);
    json::object media;
    for (const std::string_view name : {"url", "directPath", "mediaKey", "fileSha256"})
      if (auto text = string_or(*file, name); !text.empty()) media[name] = std::move(text);
    attachment.reference = to_text(json::object{{"kind", kind}, {"media", std::move(media)}});
    event.attachments.push_back(std::move(attachment));
  }
}

// In a group a message is named by its author too: whoever quotes it must say who wrote it.
std::string whole_id(std::string_view id, bool group, std::string_view author) {
  return group && !author.empty() ? fmt::format("{}/{}", id, without_device(author)) : std::string(id);
}

void read_context(InboundEvent& event, const json::value& context, const Me& me) {
  if (const auto* mentioned = find(context, "mentionedJid"); mentioned && mentioned->is_array())
    for (const auto& name : mentioned->get_array())
      if (name.is_string() && is_me(me, std::string_view(name.get_string()))) event.mentions_me = true;
  const auto id = string_or(context, "stanzaId");
  if (id.empty()) return;
  const auto author = string_or(context, "participant");
  event.replies_to_me = is_me(me, author);
  InboundEvent::Quote quote;
  quote.message_id = whole_id(id, event.chat.kind == ports::ChatKind::group, author);
  quote.from = event.replies_to_me ? "you" : person_id(without_device(author));
  if (const auto* quoted = find(context, "quotedMessage")) quote.text = text_of(*quoted);
  event.quote = std::move(quote);
}

// Edits and removals name the message that they are about.
void read_change(InboundEvent& event, const json::value& change, bool group, std::string_view author) {
  const auto* key = find(change, "key");
  const auto target = key ? string_or(*key, "id") : std::string();
  const auto* edited = find(change, "editedMessage");
  event.type = target.empty() ? EventType::membership : edited ? EventType::edit : EventType::removal;
  event.message_id = whole_id(target, group, author);
  if (edited) event.text = text_of(*edited);
}

} // namespace

std::string without_device(std::string_view name) {
  const auto at = name.find('@');
  if (at == std::string_view::npos) return std::string(name);
  const auto user = name.substr(0, at);
  return fmt::format("{}{}", user.substr(0, user.find(':')), name.substr(at));
}

std::string person_id(std::string_view name) {
  if (!name.ends_with(kNumberServer)) return std::string(name);
  return fmt::format("+{}", user_of(name));
}

Result<ports::Chat> chat_from(std::string_view target) {
  auto text = std::string(trim(target));
  if (lowercase_ascii(text).starts_with("whatsapp:")) text.erase(0, 9);
  ports::Chat chat;
  for (const auto server : {kGroupServer, kNumberServer, kHiddenServer})
    if (text.ends_with(server) && text.size() > server.size() && text.size() < 100 &&
        text.find_first_not_of("0123456789-") == text.size() - server.size()) {
      chat.kind = server == kGroupServer ? ports::ChatKind::group : ports::ChatKind::direct;
      chat.id = std::move(text);
      return chat;
    }
  std::string digits;
  bool number = !text.empty();
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      digits += c;
    else if (!std::string_view("+ -()./").contains(c))
      number = false;
  }
  if (!number || digits.size() < 6 || digits.size() > 15)
    return fail(Kind::invalid, fmt::format("\"{}\" is no WhatsApp chat.", printable(target, 80)),
                "Use a number with its country code (+15550001111), or a group's name of WhatsApp's (…@g.us).");
  chat.id = digits + std::string(kNumberServer);
  return chat;
}

std::vector<std::string> mentions_in(std::string_view words) {
  std::vector<std::string> names;
  for (std::size_t at = words.find('@'); at != std::string_view::npos; at = words.find('@', at + 1)) {
    const auto end = std::min(words.find_first_not_of("0123456789", at + 1), words.size());
    const auto length = end - at - 1;
    if (length < 6 || length > 15) continue;
    if (at > 0 && (std::isalnum(static_cast<unsigned char>(words[at - 1])) != 0)) continue;
    auto name = std::string(words.substr(at + 1, length)) + std::string(kNumberServer);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    if (names.size() >= 50) break;
  }
  return names;
}

std::string message_id_of(std::string_view key) {
  auto id = "3EB0" + sha256_hex(key).substr(0, 18);
  for (char& c : id)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return id;
}

Close judge_close(std::int64_t code, bool linked) {
  const auto stop = [](std::string what, std::string hint) {
    return Close{CloseAction::stop, Error{Kind::denied, std::move(what), std::move(hint), {}}};
  };
  switch (code) {
  case 401:
    return {CloseAction::relink,
            Error{Kind::denied, "WhatsApp has removed this device from the account.", std::string(kLinkAgain), {}}};
  case 403:
    return stop("WhatsApp refuses this account: it may be banned.",
                "Open WhatsApp on the phone of this number; it says why and how to ask for a review.");
  case 405:
    return stop("WhatsApp does not accept this version of its client any more.", "Update OpenClaw.");
  case 411:
    return stop("The phone's WhatsApp does not fit this link.",
                fmt::format("Update WhatsApp on the phone. {}", kLinkAgain));
  case 440:
    return stop("Another program uses this link to WhatsApp.",
                "Stop the other one (a second gateway on a copy of this state?), then: openclaw channels login "
                "--channel whatsapp");
  case 408:
    if (!linked)
      return stop("Nobody scanned the code.", "Get a new one with: openclaw channels login --channel whatsapp");
    break;
  default:
    break;
  }
  return {CloseAction::retry,
          Error{Kind::transient, fmt::format("The connection to WhatsApp ended ({}).", code), {}, {}}};
}

std::optional<InboundEvent> event_from(const json::value& message, const Me& me) {
  const auto id = string_or(message, "id");
  const auto chat = without_device(string_or(message, "chat"));
  const auto* content = find(message, "content");
  if (id.empty() || chat.empty() || !content || !content->is_object()) return std::nullopt;
  const bool group = chat.ends_with(kGroupServer);
  if (!group && !chat.ends_with(kNumberServer) && !chat.ends_with(kHiddenServer)) return std::nullopt;
  const auto participant = string_or(message, "participant");
  InboundEvent event;
  event.event_id = "wa-" + sha256_hex(fmt::format("{}\n{}\n{}", chat, without_device(participant), id)).substr(0, 40);
  event.message_id = whole_id(id, group, participant);
  event.sent_ms = integer_or(message, "at", 0) * 1000;
  if (group) {
    event.chat.kind = ports::ChatKind::group;
    event.chat.id = chat;
    event.from = person_from(participant, string_or(message, "participantAlt"), me);
  } else {
    const auto other = without_device(string_or(message, "chatAlt"));
    event.chat.id = chat.ends_with(kHiddenServer) && other.ends_with(kNumberServer) ? other : chat;
    event.from = person_from(chat, other, me);
  }
  if (event.from.id.empty()) return std::nullopt;
  event.from.name = string_or(message, "name");
  // A note to oneself comes only when the settings want it answered.
  if (bool_or(message, "self", false)) event.from.is_self = false;

  if (const auto* change = find(*content, "protocolMessage")) {
    read_change(event, *change, group, participant);
    return event;
  }
  if (const auto* reaction = find(*content, "reactionMessage")) {
    const auto* key = find(*reaction, "key");
    event.type = EventType::reaction;
    event.emoji = string_or(*reaction, "text");
    event.reaction_removed = event.emoji.empty();
    event.message_id = key ? string_or(*key, "id") : std::string();
    return event;
  }
  event.text = text_of(*content);
  add_attachments(event, *content);
  if (const auto* context = context_of(*content)) read_context(event, *context, me);
  if (event.text.empty() && event.attachments.empty()) event.type = EventType::membership;
  return event;
}

} // namespace openclaw::extensions::whatsapp
