#include "extensions/channels/imessage/messages.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::imessage {
namespace {

using ports::Attachment;
using ports::EventType;
using ports::InboundEvent;

constexpr std::size_t kMostAttachments = 64;
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kLetters.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

std::string id_text(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  if (!found) return {};
  if (found->is_string()) return std::string(found->get_string());
  const auto number = as_integer(*found);
  return number ? std::to_string(*number) : std::string();
}

std::string event_id(std::string_view guid, std::string_view row, std::string_view whole) {
  std::string id;
  for (const char c : guid.empty() ? row : guid)
    id += consists_of(std::string_view(&c, 1), "._:-") ? c : '-';
  // Two that are cut must not become one.
  if (id.empty() || id.size() > 80) return sha256_hex(guid.empty() ? whole : guid).substr(0, 40);
  return id;
}

// Files stand in the words as U+FFFC, which is nothing to read.
std::string words_of(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\uFFFC")) {
      at += 2;
      continue;
    }
    out += text[at];
  }
  return std::string(trim(out));
}

void add_attachments(InboundEvent& event, const json::value& message) {
  const auto* list = find(message, "attachments");
  if (!list || !list->is_array()) return;
  for (const auto& value : list->get_array()) {
    if (event.attachments.size() >= kMostAttachments) break;
    if (!value.is_object()) continue;
    Attachment attachment;
    attachment.mime_type = string_or(value, "mime_type");
    if (attachment.mime_type.empty()) attachment.mime_type = "application/octet-stream";
    attachment.type =
        bool_or(value, "is_sticker", false) ? Attachment::Type::sticker : ports::attachment_type(attachment.mime_type);
    attachment.file_name = string_or(value, "transfer_name");
    attachment.bytes = integer_or(value, "total_bytes", -1);
    // A file that is not there (yet) is named, and cannot be fetched.
    if (!bool_or(value, "missing", false)) attachment.reference = string_or(value, "original_path");
    if (attachment.file_name.empty())
      attachment.file_name = attachment.reference.substr(attachment.reference.rfind('/') + 1);
    event.attachments.push_back(std::move(attachment));
  }
}

void read_reply(InboundEvent& event, const json::value& message, const Rules& rules) {
  auto replied = string_or(message, "reply_to_guid");
  if (replied.empty()) replied = id_text(message, "reply_to_id");
  if (replied.empty()) return;
  event.replies_to_me = rules.ours(replied);
  event.quote = InboundEvent::Quote{std::move(replied), string_or(message, "reply_to_sender"),
                                    words_of(string_or(message, "reply_to_text"))};
}

} // namespace

std::string handle_of(std::string_view text) {
  auto handle = std::string(trim(text));
  for (const std::string_view prefix : {"imessage:", "sms:", "auto:"})
    if (lowercase_ascii(handle).starts_with(prefix)) handle.erase(0, prefix.size());
  if (handle.find('@') != std::string::npos) return lowercase_ascii(trim(handle));
  std::string plain;
  for (const char c : handle)
    if (std::string_view(" ()-.").find(c) == std::string_view::npos) plain += c;
  return plain;
}

std::optional<InboundEvent> event_from(const json::value& parameters, const Rules& rules) {
  const auto* message = find(parameters, "message");
  if (!message || !message->is_object()) return std::nullopt;
  const auto row = id_text(*message, "id");
  const auto guid = string_or(*message, "guid");
  const auto chat_id = id_text(*message, "chat_id");
  const auto chat_guid = string_or(*message, "chat_guid");
  const auto identifier = string_or(*message, "chat_identifier");
  const auto sender = handle_of(string_or(*message, "sender"));

  InboundEvent event;
  event.checkpoint = row;
  event.from.is_self = bool_or(*message, "is_from_me", false);
  if (sender.empty() && !event.from.is_self) return std::nullopt;
  event.event_id = event_id(guid, row, to_text(parameters));
  event.message_id = guid.empty() ? row : guid;
  event.from.id = sender;
  event.from.name = sender;
  const bool group = bool_or(*message, "is_group", false) || (!chat_id.empty() && rules.group(chat_id));
  event.chat.kind = group ? ports::ChatKind::group : ports::ChatKind::direct;
  event.chat.title = string_or(*message, "chat_name");
  event.chat.id = !chat_id.empty()      ? chat_id
                  : !chat_guid.empty()  ? "chat_guid:" + chat_guid
                  : !identifier.empty() ? "chat_identifier:" + identifier
                                        : "auto:" + sender;
  // In configurations numbers often stand as numbers, and allowlists may name a chat instead of a person.
  if (sender.starts_with('+')) event.from.other_ids.push_back(sender.substr(1));
  if (!chat_id.empty()) event.from.other_ids.push_back("chat_id:" + chat_id);
  if (!chat_guid.empty()) event.from.other_ids.push_back("chat_guid:" + chat_guid);
  if (!identifier.empty()) event.from.other_ids.push_back("chat_identifier:" + identifier);

  if (bool_or(*message, "is_reaction", false)) {
    event.type = EventType::reaction;
    event.emoji = string_or(*message, "reaction_emoji");
    event.reaction_removed = !bool_or(*message, "is_reaction_add", true);
    event.message_id = string_or(*message, "reacted_to_guid");
    return event;
  }
  event.text = words_of(string_or(*message, "text"));
  add_attachments(event, *message);
  read_reply(event, *message, rules);
  if (event.text.empty() && event.attachments.empty()) event.type = EventType::membership;
  return event;
}

Result<ports::Chat> chat_from_target(std::string_view target) {
  const auto text = std::string(trim(target));
  const auto lower = lowercase_ascii(text);
  const auto behind = [&](std::initializer_list<std::string_view> prefixes) {
    for (const auto prefix : prefixes)
      if (lower.starts_with(prefix)) return std::string(trim(std::string_view(text).substr(prefix.size())));
    return std::string();
  };
  ports::Chat chat;
  if (auto id = behind({"chat_id:", "chatid:", "chat:"});
      !id.empty() && consists_of(id, "") && id.find_first_not_of("0123456789") == std::string::npos) {
    chat.id = std::move(id);
    return chat;
  }
  if (auto guid = behind({"chat_guid:", "chatguid:", "guid:"}); !guid.empty()) {
    chat.kind = guid.find(";+;") != std::string::npos ? ports::ChatKind::group : ports::ChatKind::direct;
    chat.id = "chat_guid:" + guid;
    return chat;
  }
  if (auto identifier = behind({"chat_identifier:", "chatidentifier:", "chatident:"}); !identifier.empty()) {
    chat.id = "chat_identifier:" + identifier;
    return chat;
  }
  const auto service = lower.starts_with("sms:") ? "sms:" : lower.starts_with("imessage:") ? "imessage:" : "auto:";
  const auto handle = handle_of(text);
  const bool address = handle.find('@') != std::string::npos && handle.find(' ') == std::string::npos;
  const bool number = handle.size() >= 3 &&
                      handle.find_first_not_of("0123456789", handle.starts_with('+') ? 1 : 0) == std::string::npos;
  if (!address && !number)
    return fail(Kind::invalid, fmt::format("\"{}\" is nobody in Messages.", printable(target, 80)),
                "Use chat_id:NUMBER (imsg chats lists them), chat_guid:GUID, a phone number or an e-mail address.");
  chat.id = service + handle;
  return chat;
}

json::object target_of(const ports::Chat& chat) {
  const std::string_view id = chat.id;
  if (!id.empty() && id.find_first_not_of("0123456789") == std::string_view::npos)
    return json::object{{"chat_id", std::atoll(chat.id.c_str())}};
  for (const std::string_view key : {"chat_guid", "chat_identifier"})
    if (id.starts_with(key) && id.substr(key.size()).starts_with(':'))
      return json::object{{key, id.substr(key.size() + 1)}};
  const auto colon = id.find(':');
  const auto service = id.substr(0, colon);
  if (colon != std::string_view::npos && (service == "sms" || service == "imessage"))
    return json::object{{"to", id.substr(colon + 1)}, {"service", service}};
  return json::object{{"to", handle_of(id)}};
}

bool is_attachment_path(std::string_view path) {
  const auto below = path.find("/Library/Messages/Attachments/");
  if (below == std::string_view::npos || !(path.starts_with('/') || path.starts_with("~/"))) return false;
  if (path.size() > 1024 || path.find("/../") != std::string_view::npos || path.ends_with("/..")) return false;
  // sftp expands patterns, and nothing of a name may end a line of a log.
  return std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || std::string_view("*?[]{}\\\x7f").find(c) != std::string_view::npos;
  });
}

Result<> check_host(std::string_view host) {
  if (!host.empty() && !host.starts_with('-') && host.size() <= 255 && consists_of(host, "._-@:")) return {};
  return fail(Kind::denied, fmt::format("\"{}\" is not a host for ssh.", printable(host, 80)),
              "Set channels.imessage.remoteHost to user@host.");
}

Result<std::vector<std::string>> ssh_command(std::string ssh, std::string_view host, std::string_view program,
                                             std::string_view database) {
  TRY_VOID(check_host(host));
  for (const auto word : {program, database})
    if (!consists_of(word, "._-/~+") || word.starts_with('-'))
      return fail(Kind::denied, fmt::format("\"{}\" cannot be handed to the shell of {}.", printable(word, 100), host),
                  "Only letters, digits and ._-/~+ may stand in cliPath and dbPath with remoteHost.");
  std::vector<std::string> argv{std::move(ssh)};
  for (const std::string_view option : {"BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10",
                                        "ServerAliveInterval=30", "ServerAliveCountMax=3"}) {
    argv.emplace_back("-o");
    argv.emplace_back(option);
  }
  for (const auto word : {std::string_view("-T"), std::string_view("--"), host, program, std::string_view("rpc")})
    argv.emplace_back(word);
  if (!database.empty()) {
    argv.emplace_back("--db");
    argv.emplace_back(database);
  }
  return argv;
}

std::optional<Error> remedy_for(std::string_view line) {
  const auto lower = lowercase_ascii(line);
  const auto has = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  if (has("host key verification failed"))
    return Error{Kind::denied,
                 "The Mac's host key is not known here.",
                 "Log in once by hand with ssh to the host of channels.imessage.remoteHost.",
                 {}};
  if (has("permission denied (publickey") || has("permission denied, please try again"))
    return Error{
        Kind::denied, "The Mac does not let us in by ssh.", "Put this user's public key into its authorized_keys.", {}};
  if (has("authorization denied") || has("full disk access") || has("unable to open database"))
    return Error{Kind::denied,
                 "imsg may not read the Messages database.",
                 "Give it Full Disk Access in the Mac's System Settings, Privacy & Security.",
                 {}};
  if (has("command not found") || (has("unknown command") && has("rpc")))
    return Error{Kind::denied,
                 "There is no imsg that knows rpc.",
                 "Install or update it: brew install steipete/tap/imsg; set channels.imessage.cliPath.",
                 {}};
  return std::nullopt;
}

} // namespace openclaw::extensions::imessage
