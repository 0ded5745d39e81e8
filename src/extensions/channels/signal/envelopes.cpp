#include "extensions/channels/signal/envelopes.hpp"

#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace openclaw::extensions::signal {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostMentions = 100;
constexpr std::size_t kMostAttachments = 64;

// Whom an object names by KEY (older), KEYNumber and KEYUuid.
struct Address {
  std::string number;
  std::string uuid;
  bool empty() const { return number.empty() && uuid.empty(); }
  // What sends and allowlists use: the number where it is known, as OpenClaw does.
  const std::string& recipient() const { return number.empty() ? uuid : number; }
  bool is(const Me& me) const {
    return (!number.empty() && number == me.number) || (!uuid.empty() && uuid == lowercase_ascii(me.uuid));
  }
};

Address address_of(const json::value& value, std::string_view number_key, std::string_view uuid_key,
                   std::string_view older_key = {}) {
  Address address{string_or(value, number_key), lowercase_ascii(string_or(value, uuid_key))};
  if (address.empty() && !older_key.empty()) {
    auto either = string_or(value, older_key);
    (either.starts_with('+') ? address.number : address.uuid) = std::move(either);
  }
  return address;
}

ports::Person person_from(const Address& address, std::string name) {
  ports::Person person;
  person.id = address.number.empty() ? "uuid:" + address.uuid : address.number;
  if (!address.uuid.empty()) {
    person.other_ids.push_back(address.uuid);
    if (!address.number.empty()) person.other_ids.push_back("uuid:" + address.uuid);
  }
  // In configurations numbers often stand as numbers.
  if (address.number.starts_with('+')) person.other_ids.push_back(address.number.substr(1));
  person.name = std::move(name);
  return person;
}

// A part of an event's id, which may hold neither '+' nor anything that a stranger made up.
std::string plain_id(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 64))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-') out += c;
  return out;
}

std::string message_id(std::int64_t timestamp, const Address& author, const ports::Chat& chat) {
  return chat.kind == ports::ChatKind::direct ? std::to_string(timestamp)
                                              : fmt::format("{}:{}", timestamp, author.recipient());
}

struct Mention {
  std::size_t start;
  std::size_t length;
  std::string name;
  bool me;
};

std::vector<Mention> mentions_of(const json::value& message, const Me& me) {
  std::vector<Mention> mentions;
  const auto* list = find(message, "mentions");
  if (!list || !list->is_array()) return mentions;
  for (const auto& value : list->get_array()) {
    if (mentions.size() >= kMostMentions) break;
    const auto start = integer_or(value, "start", -1);
    const auto length = integer_or(value, "length", -1);
    if (start < 0 || length <= 0) continue;
    const auto who = address_of(value, "number", "uuid");
    auto name = string_or(value, "name");
    if (name.empty()) name = who.recipient();
    mentions.push_back(
        {static_cast<std::size_t>(start), static_cast<std::size_t>(length), std::move(name), who.is(me)});
  }
  std::sort(mentions.begin(), mentions.end(), [](const Mention& a, const Mention& b) { return a.start < b.start; });
  return mentions;
}

// The words with each mention's placeholder (U+FFFC, counted in UTF-16 units) as "@name". Ours at the very beginning
// is taken out, so that a command behind it is seen.
std::string with_mentions(std::string_view text, const std::vector<Mention>& mentions) {
  std::string out;
  std::size_t unit = 0;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size();) {
    while (next < mentions.size() && mentions[next].start < unit)
      ++next; // overlaps the one before
    if (next < mentions.size() && mentions[next].start == unit) {
      const auto& mention = mentions[next];
      if (!(mention.me && trim(out).empty())) out += "@" + mention.name;
      for (std::size_t left = mention.length; left > 0 && at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        const std::size_t units = size == 4 ? 2 : 1;
        at = std::min(at + size, text.size());
        unit += units;
        left -= std::min(left, units);
      }
      ++next;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    out += text.substr(at, size);
    unit += size == 4 ? 2 : 1;
    at = std::min(at + size, text.size());
  }
  return mentions.empty() ? out : std::string(trim(out));
}

void add_attachments(InboundEvent& event, const json::value& message) {
  const auto* list = find(message, "attachments");
  if (!list || !list->is_array()) return;
  for (const auto& value : list->get_array()) {
    if (event.attachments.size() >= kMostAttachments) break;
    Attachment attachment;
    attachment.mime_type = string_or(value, "contentType", "application/octet-stream");
    attachment.type = ports::attachment_type(attachment.mime_type);
    attachment.file_name = string_or(value, "filename");
    attachment.bytes = integer_or(value, "size", -1);
    const auto id = string_or(value, "id");
    if (id.empty()) continue;
    auto reference = target_of(event.chat);
    reference["id"] = id;
    // One sender, not a list: getAttachment takes a single one.
    if (auto* people = reference.if_contains("recipient")) *people = json::value(people->get_array().front());
    attachment.reference = to_text(json::value(std::move(reference)));
    event.attachments.push_back(std::move(attachment));
  }
}

void read_quote(InboundEvent& event, const json::value& message, const Me& me) {
  const auto* value = find(message, "quote");
  const auto timestamp = value ? integer_or(*value, "id", 0) : 0;
  if (timestamp <= 0) return;
  const auto author = address_of(*value, "authorNumber", "authorUuid", "author");
  InboundEvent::Quote quote;
  quote.message_id = author.is(me) ? std::to_string(timestamp) : message_id(timestamp, author, event.chat);
  quote.from = author.recipient();
  quote.text = with_mentions(string_or(*value, "text"), mentions_of(*value, me));
  event.replies_to_me = author.is(me);
  event.quote = std::move(quote);
}

std::optional<InboundEvent> reaction_event(InboundEvent event, const json::value& reaction, const Me& me) {
  const auto timestamp = integer_or(reaction, "targetSentTimestamp", 0);
  event.emoji = string_or(reaction, "emoji");
  if (timestamp <= 0 || event.emoji.empty()) return std::nullopt;
  const auto author = address_of(reaction, "targetAuthorNumber", "targetAuthorUuid", "targetAuthor");
  event.type = EventType::reaction;
  event.event_id = "reaction-" + event.event_id;
  event.message_id = author.is(me) ? std::to_string(timestamp) : message_id(timestamp, author, event.chat);
  event.reaction_removed = bool_or(reaction, "isRemove", false);
  return event;
}

} // namespace

std::optional<MessageName> message_name(std::string_view id) {
  MessageName name;
  const auto colon = id.find(':');
  const auto number = id.substr(0, colon);
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), name.timestamp);
  if (problem != std::errc{} || end != number.data() + number.size() || name.timestamp <= 0) return std::nullopt;
  if (colon != std::string_view::npos) name.author = id.substr(colon + 1);
  return name;
}

std::optional<InboundEvent> event_from(const json::value& received, const Me& me) {
  const auto* envelope = find(received, "envelope");
  if (!envelope || !envelope->is_object()) return std::nullopt;
  const auto sender = address_of(*envelope, "sourceNumber", "sourceUuid", "source");
  const auto* edited = find(*envelope, "editMessage");
  const auto* message = edited ? find(*edited, "dataMessage") : find(*envelope, "dataMessage");
  if (sender.empty() || !message || !message->is_object()) return std::nullopt;

  InboundEvent event;
  event.from = person_from(sender, string_or(*envelope, "sourceName"));
  event.from.is_self = sender.is(me);
  event.sent_ms = integer_or(*message, "timestamp", integer_or(*envelope, "timestamp", 0));
  if (event.sent_ms <= 0) return std::nullopt;
  if (const auto* group = find(*message, "groupInfo"); group && group->is_object()) {
    event.chat.id = string_or(*group, "groupId");
    event.chat.kind = ports::ChatKind::group;
    event.chat.title = string_or(*group, "groupName");
    if (event.chat.id.empty()) return std::nullopt;
  } else {
    event.chat.id = event.from.id;
  }
  event.event_id = fmt::format("{}-{}", event.sent_ms, plain_id(sender.uuid.empty() ? sender.number : sender.uuid));
  event.message_id = message_id(event.sent_ms, sender, event.chat);

  if (const auto* reaction = find(*message, "reaction"); reaction && reaction->is_object())
    return reaction_event(std::move(event), *reaction, me);
  if (const auto* removed = find(*message, "remoteDelete"); removed && removed->is_object()) {
    const auto timestamp = integer_or(*removed, "timestamp", 0);
    if (timestamp <= 0) return std::nullopt;
    event.type = EventType::removal;
    event.event_id = "removal-" + event.event_id;
    event.message_id = message_id(timestamp, sender, event.chat);
    return event;
  }
  const auto mentions = mentions_of(*message, me);
  event.mentions_me = std::any_of(mentions.begin(), mentions.end(), [](const Mention& one) { return one.me; });
  event.text = with_mentions(string_or(*message, "message"), mentions);
  read_quote(event, *message, me);
  add_attachments(event, *message);
  if (edited) {
    const auto target = integer_or(*edited, "targetSentTimestamp", 0);
    if (target <= 0) return std::nullopt;
    event.type = EventType::edit;
    event.event_id = "edit-" + event.event_id;
    event.message_id = message_id(target, sender, event.chat);
    return event;
  }
  if (event.text.empty() && event.attachments.empty()) {
    if (find(*message, "sticker") && find(*message, "sticker")->is_object())
      event.text = "[Sticker]";
    else
      event.type = EventType::membership; // a group's change, a profile key, a timer
  }
  return event;
}

std::string unreadable(const json::value& received) {
  const auto* exception = find(received, "exception");
  if (!exception || !exception->is_object()) return {};
  return printable(string_or(*exception, "type", "unknown"), 80);
}

Result<json::object> attachment_parameters(std::string_view reference) {
  TRY(auto value, parse_json(reference, "reference of an attachment"));
  if (!value.is_object()) return fail(Kind::invalid, "this is not an attachment of Signal");
  return std::move(value.get_object());
}

json::object target_of(const ports::Chat& chat) {
  if (chat.kind != ports::ChatKind::direct) return json::object{{"groupId", chat.id}};
  if (chat.id.starts_with("username:")) return json::object{{"username", json::array{json::value(chat.id.substr(9))}}};
  const auto recipient = chat.id.starts_with("uuid:") ? chat.id.substr(5) : chat.id;
  return json::object{{"recipient", json::array{json::value(recipient)}}};
}

} // namespace openclaw::extensions::signal
