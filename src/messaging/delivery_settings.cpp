// The part of the settings that says how answers are shown.
#include "base/text.hpp"
#include "messaging/channel_settings.hpp"
#include <algorithm>

namespace openclaw::messaging {
namespace {

std::string reply_mode(const json::object& values, ports::ChatKind kind) {
  const auto mode = string_or(values, "replyToMode", "off");
  constexpr std::string_view names[] = {"direct", "group", "channel"};
  if (const auto* by_type = find(values, "replyToModeByChatType"))
    if (auto own = string_or(*by_type, names[static_cast<std::size_t>(kind)]); !own.empty()) return own;
  if (const auto* dm = find(values, "dm"); dm && kind == ports::ChatKind::direct)
    return string_or(*dm, "replyToMode", mode);
  return mode;
}

void read_acknowledgement(const json::value& config, const AccountSettings& account, std::string_view agent_id,
                          DeliverySettings& settings) {
  settings.ack_emoji = "👀";
  const auto* agent = agent_entry(config, agent_id);
  if (const auto* identity = agent ? find(*agent, "identity") : nullptr)
    if (auto emoji = std::string(trim(string_or(*identity, "emoji"))); !emoji.empty())
      settings.ack_emoji = std::move(emoji);
  if (const auto* messages = find(config, "messages")) {
    settings.ack_emoji = string_or(*messages, "ackReaction", settings.ack_emoji);
    settings.ack_scope = string_or(*messages, "ackReactionScope", settings.ack_scope);
    settings.remove_ack = bool_or(*messages, "removeAckAfterReply", false);
  }
  const auto* own = find(account.values, "ackReaction");
  if (own && own->is_string()) settings.ack_emoji = std::string(own->get_string());
  if (own && own->is_object()) { // WhatsApp's form: {emoji, direct, group: always | mentions | never}
    settings.ack_emoji = string_or(*own, "emoji", "");
    const bool direct = bool_or(*own, "direct", true);
    const auto group = string_or(*own, "group", "mentions");
    settings.ack_scope = group == "always"     ? (direct ? "all" : "group-all")
                         : group == "mentions" ? (direct ? "direct+group-mentions" : "group-mentions")
                                               : (direct ? "direct" : "off");
  }
}

} // namespace

DeliverySettings delivery_settings(const json::value& config, const AccountSettings& account, std::string_view agent_id,
                                   ports::ChatKind kind) {
  const auto& values = account.values;
  DeliverySettings settings;
  auto stream = string_or(values, "streamMode", "");
  if (const auto* streaming = find(values, "streaming"); streaming && stream.empty())
    stream = streaming->is_object()   ? string_or(*streaming, "mode", "")
             : streaming->is_string() ? std::string(streaming->get_string())
                                      : "";
  // Whoever asks for whole blocks, which are not built, does not want to see half sentences.
  const bool blocks = bool_or(values, "blockStreaming", false);
  settings.stream = stream == "partial" && !blocks ? StreamMode::partial : StreamMode::off;
  settings.reply_mode = reply_mode(values, kind);
  read_acknowledgement(config, account, agent_id, settings);
  std::int64_t history = 50;
  if (const auto* group = find_path(config, "messages.groupChat"))
    history = integer_or(*group, "historyLimit", history);
  settings.history_limit =
      static_cast<std::size_t>(std::clamp<std::int64_t>(integer_or(values, "historyLimit", history), 0, 500));
  settings.text_limit = static_cast<std::size_t>(std::max<std::int64_t>(integer_or(values, "textChunkLimit", 0), 0));
  settings.file_bytes = std::max<std::int64_t>(integer_or(values, "mediaMaxMb", 0), 0) * 1024 * 1024;
  return settings;
}

bool acknowledged(const DeliverySettings& settings, bool direct, bool mentioned) {
  const std::string_view scope = settings.ack_scope;
  if (scope == "all") return true;
  if (direct) return scope == "direct" || scope == "direct+group-mentions";
  return scope == "group-all" || (mentioned && scope.ends_with("group-mentions"));
}

} // namespace openclaw::messaging
