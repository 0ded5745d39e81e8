#include "extensions/channels/msteams/activities.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::msteams {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostItems = 50; // of any list in an activity
constexpr std::size_t kLongestId = 512;
constexpr std::string_view kThreadMark = ";messageid=";

std::string text_at(const json::value& value, std::string_view path) {
  const auto* found = find_path(value, path);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

const json::array& list_at(const json::value& value, std::string_view key) {
  static const json::array none;
  const auto* found = find(value, key);
  return found && found->is_array() ? found->get_array() : none;
}

bool is_us(std::string_view id, const json::value& activity, std::string_view app_id) {
  return !id.empty() && (id == text_at(activity, "recipient.id") || id == fmt::format("28:{}", app_id));
}

ports::Person person_from(const json::value& activity, std::string_view app_id) {
  ports::Person person;
  const auto id = text_at(activity, "from.id");
  // "29:…" is a person's id for this bot alone; the directory's is what administrators know.
  person.id = text_at(activity, "from.aadObjectId");
  if (person.id.empty())
    person.id = id;
  else if (!id.empty())
    person.other_ids.push_back(id);
  person.name = text_at(activity, "from.name");
  person.is_self = is_us(id, activity, app_id);
  person.is_bot = id.starts_with("28:") || text_at(activity, "from.role") == "bot";
  return person;
}

ports::Chat chat_from(const json::value& activity) {
  ports::Chat chat;
  std::tie(chat.id, chat.thread_id) = conversation_and_thread(text_at(activity, "conversation.id"));
  const auto type = text_at(activity, "conversation.conversationType");
  const auto* conversation = find(activity, "conversation");
  const bool several = conversation && bool_or(*conversation, "isGroup", false);
  chat.kind = type == "channel"                ? ports::ChatKind::channel
              : type == "groupChat" || several ? ports::ChatKind::group
                                               : ports::ChatKind::direct;
  chat.space_id = text_at(activity, "channelData.team.id");
  chat.title = text_at(activity, "channelData.channel.name");
  if (chat.title.empty()) chat.title = text_at(activity, "conversation.name");
  return chat;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, from)) {
    out += text.substr(from, at - from);
    out += by;
    from = at + what.size();
  }
  return out.append(text.substr(from));
}

// "<at>Name</at>" as "@Name".
std::string without_marks(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find("<at"); at != std::string_view::npos; at = text.find("<at", at)) {
    const auto open_end = text.find('>', at);
    if (open_end == std::string_view::npos) break;
    if (open_end != at + 3 && text[at + 3] != ' ') {
      at = open_end;
      continue;
    }
    const auto close = text.find("</at>", open_end);
    if (close == std::string_view::npos) break;
    out += text.substr(from, at - from);
    out += '@';
    out += text.substr(open_end + 1, close - open_end - 1);
    from = at = close + 5;
  }
  return out.append(text.substr(from));
}

void read_mentions(InboundEvent& event, const json::value& activity, std::string_view app_id) {
  std::size_t seen = 0;
  for (const auto& entity : list_at(activity, "entities")) {
    if (++seen > kMostItems) break;
    if (string_or(entity, "type") != "mention" || !is_us(text_at(entity, "mentioned.id"), activity, app_id)) continue;
    event.mentions_me = true;
    if (const auto mark = string_or(entity, "text"); mark.size() > 4) event.text = replaced(event.text, mark, "");
  }
}

std::string between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  if (begin == std::string_view::npos) return {};
  const auto rest = text.substr(begin + from.size());
  const auto end = rest.find(to);
  return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

std::string words_of(std::string_view html) {
  std::string out;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<')
      in_tag = true;
    else if (c == '>' && in_tag)
      in_tag = false;
    else if (!in_tag)
      out += c;
  }
  for (const auto& [entity, character] :
       {std::pair{"&nbsp;", " "}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
    out = replaced(out, entity, character);
  return std::string(trim(out));
}

// An answer to a message comes as a quote in the HTML form of the text.
void read_quote(InboundEvent& event, const json::value& activity, std::string_view app_id) {
  std::size_t seen = 0;
  for (const auto& attachment : list_at(activity, "attachments")) {
    if (++seen > kMostItems) break;
    if (string_or(attachment, "contentType") != "text/html") continue;
    const auto html = string_or(attachment, "content");
    const auto block = between(html, "<blockquote", "</blockquote>");
    if (block.find("schema.skype.com/Reply") == std::string::npos) continue;
    InboundEvent::Quote quote;
    quote.message_id = between(block, "Reply\" itemid=\"", "\"");
    const auto who = between(block, "itemprop=\"mri\" itemid=\"", "\"");
    quote.from = words_of("<" + between(block, "itemprop=\"mri\"", "</strong>"));
    quote.text = words_of("<" + between(block, "itemprop=\"preview\"", "</p>"));
    event.replies_to_me = is_us(who, activity, app_id);
    event.quote = std::move(quote);
    return;
  }
}

std::string mime_of_ending(std::string_view ending) {
  const auto lower = lowercase_ascii(ending);
  for (const std::string_view image : {"png", "gif", "webp", "bmp"})
    if (lower == image) return fmt::format("image/{}", image);
  if (lower == "jpg" || lower == "jpeg") return "image/jpeg";
  if (lower == "mp3") return "audio/mpeg";
  if (lower == "mp4") return "video/mp4";
  return "application/octet-stream";
}

void add_attachments(InboundEvent& event, const json::value& activity) {
  std::size_t seen = 0;
  for (const auto& item : list_at(activity, "attachments")) {
    if (++seen > kMostItems) break;
    const auto content_type = string_or(item, "contentType");
    Attachment attachment;
    attachment.file_name = string_or(item, "name");
    if (content_type == "application/vnd.microsoft.teams.file.download.info") {
      attachment.mime_type = mime_of_ending(text_at(item, "content.fileType"));
      attachment.reference = file_reference({false, text_at(item, "content.downloadUrl")});
      if (text_at(item, "content.downloadUrl").empty()) continue;
    } else if (const auto url = string_or(item, "contentUrl");
               !url.empty() && !content_type.starts_with("application/vnd.microsoft.") && content_type != "text/html") {
      // "image/*" is what Teams writes for a picture that was pasted.
      attachment.mime_type = content_type == "image/*" ? "image/png" : content_type;
      attachment.reference = file_reference({true, url});
    } else {
      continue;
    }
    attachment.type = ports::attachment_type(attachment.mime_type);
    event.attachments.push_back(std::move(attachment));
  }
}

std::string emoji_of(const std::string& name) {
  constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"like", "👍"}, {"heart", "❤️"}, {"laugh", "😆"}, {"surprised", "😮"}, {"sad", "😢"}, {"angry", "😡"}};
  for (const auto& [word, emoji] : known)
    if (name == word) return std::string(emoji);
  return std::string(utf8_prefix(name, 40));
}

// The same in each delivery of the same activity, and free of what ids may not hold.
std::string event_id(const json::value& activity, std::string_view part) {
  return "activity-" + sha256_hex(fmt::format("{}\n{}\n{}\n{}", text_at(activity, "conversation.id"),
                                              string_or(activity, "id"), string_or(activity, "type"), part))
                           .substr(0, 40);
}

} // namespace

std::pair<std::string, std::string> conversation_and_thread(std::string_view id) {
  const auto mark = id.find(kThreadMark);
  if (mark == std::string_view::npos) return {std::string(id), {}};
  return {std::string(id.substr(0, mark)), std::string(id.substr(mark + kThreadMark.size()))};
}

std::optional<Reference> reference_from(const json::value& activity) {
  Reference reference;
  reference.service_url = string_or(activity, "serviceUrl");
  reference.conversation_id = conversation_and_thread(text_at(activity, "conversation.id")).first;
  reference.type = text_at(activity, "conversation.conversationType");
  reference.tenant_id = text_at(activity, "channelData.tenant.id");
  if (reference.tenant_id.empty()) reference.tenant_id = text_at(activity, "conversation.tenantId");
  reference.bot_id = text_at(activity, "recipient.id");
  reference.bot_name = text_at(activity, "recipient.name");
  for (const auto* part : {&reference.conversation_id, &reference.bot_id, &reference.bot_name, &reference.tenant_id})
    if (part->size() > kLongestId) return std::nullopt;
  if (reference.service_url.empty() || reference.service_url.size() > kLongestId || reference.conversation_id.empty())
    return std::nullopt;
  return reference;
}

std::string reference_text(const Reference& reference) {
  return to_text(json::object{{"serviceUrl", reference.service_url},
                              {"conversation", reference.conversation_id},
                              {"type", reference.type},
                              {"tenant", reference.tenant_id},
                              {"bot", reference.bot_id},
                              {"botName", reference.bot_name}});
}

std::optional<Reference> reference_of(std::string_view text) {
  const auto value = parse_json(text, "conversation reference");
  if (!value || !value->is_object()) return std::nullopt;
  return Reference{string_or(*value, "serviceUrl"), string_or(*value, "conversation"), string_or(*value, "type"),
                   string_or(*value, "tenant"),     string_or(*value, "bot"),          string_or(*value, "botName")};
}

std::vector<InboundEvent> events_from(const json::value& activity, std::string_view app_id) {
  std::vector<InboundEvent> events;
  InboundEvent event;
  event.chat = chat_from(activity);
  event.from = person_from(activity, app_id);
  event.message_id = string_or(activity, "id");
  event.event_id = event_id(activity, "");
  if (event.chat.id.empty() || event.chat.id.size() > kLongestId || event.message_id.size() > kLongestId) return events;
  const auto type = string_or(activity, "type");
  if (type == "message" || type == "messageUpdate") {
    if (event.message_id.empty()) return events;
    event.type = type == "message" ? EventType::message : EventType::edit;
    event.text = string_or(activity, "text");
    read_mentions(event, activity, app_id);
    event.text = std::string(trim(without_marks(replaced(event.text, "&nbsp;", " "))));
    read_quote(event, activity, app_id);
    add_attachments(event, activity);
    if (event.type == EventType::message && event.text.starts_with('/')) event.type = EventType::command;
    // A button of a card, or something that has no words.
    if (event.text.empty() && event.attachments.empty()) event.type = EventType::membership;
    events.push_back(std::move(event));
  } else if (type == "messageDelete") {
    event.type = EventType::removal;
    events.push_back(std::move(event));
  } else if (type == "messageReaction") {
    event.type = EventType::reaction;
    event.message_id = string_or(activity, "replyToId");
    for (const std::string_view key : {"reactionsAdded", "reactionsRemoved"})
      for (const auto& reaction : list_at(activity, key)) {
        if (events.size() == kMostItems) break;
        event.emoji = emoji_of(string_or(reaction, "type"));
        event.reaction_removed = key == "reactionsRemoved";
        event.event_id = event_id(activity, fmt::format("{}{}", key, event.emoji));
        events.push_back(event);
      }
  } else if (type == "conversationUpdate" || type == "installationUpdate") {
    event.type = EventType::membership;
    events.push_back(std::move(event));
  }
  return events;
}

std::string file_reference(const FileAddress& address) {
  return fmt::format("{} {}", address.with_token ? "token" : "open", address.url);
}

FileAddress file_address(std::string_view reference) {
  const auto space = reference.find(' ');
  if (space == std::string_view::npos) return {};
  return {reference.substr(0, space) == "token", std::string(reference.substr(space + 1))};
}

} // namespace openclaw::extensions::msteams
