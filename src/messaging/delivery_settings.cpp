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
                         : group == "mentions" ? (direct ? "direct+group-answered" : "group-answered")
                                               : (direct ? "direct" : "off");
  }
}

// agents.defaults.blockStreamingChunk and blockStreamingCoalesce, the channel's own before the latter; humanDelay.
void read_blocks(const json::value& config, const AccountSettings& account, std::string_view agent_id,
                 DeliverySettings& settings) {
  const auto read = [&](const json::value* value) {
    if (!value) return;
    const auto positive = [&](std::string_view key, std::size_t now) {
      return static_cast<std::size_t>(
          std::clamp<std::int64_t>(integer_or(*value, key, static_cast<std::int64_t>(now)), 1, 100'000));
    };
    settings.block.least = positive("minChars", settings.block.least);
    settings.block.most = std::max(positive("maxChars", settings.block.most), settings.block.least);
  };
  read(find_path(config, "agents.defaults.blockStreamingChunk"));
  read(find_path(config, "agents.defaults.blockStreamingCoalesce"));
  read(find(account.values, "blockStreamingCoalesce"));
  const auto* agent = agent_entry(config, agent_id);
  const auto* human = agent ? find(*agent, "humanDelay") : nullptr;
  if (!human) human = find_path(config, "agents.defaults.humanDelay");
  if (!human) return;
  const auto mode = string_or(*human, "mode", "off");
  if (mode != "natural" && mode != "custom") return;
  const bool custom = mode == "custom";
  settings.human_least_ms = std::clamp<std::int64_t>(custom ? integer_or(*human, "minMs", 800) : 800, 0, 60'000);
  settings.human_most_ms =
      std::clamp<std::int64_t>(custom ? integer_or(*human, "maxMs", 2500) : 2500, settings.human_least_ms, 60'000);
}

std::string prefix_of(const json::value& config, const AccountSettings& account, std::string_view agent_id) {
  const auto* messages = find(config, "messages");
  auto prefix = string_or(account.values, "responsePrefix", messages ? string_or(*messages, "responsePrefix") : "");
  const auto* agent = agent_entry(config, agent_id);
  const auto* identity = agent ? find(*agent, "identity") : nullptr;
  const auto name = identity ? string_or(*identity, "name") : std::string();
  if (prefix == "auto") return name.empty() ? std::string() : "[" + name + "]";
  constexpr std::string_view variable = "{identity.name}";
  if (!name.empty())
    for (auto at = lowercase_ascii(prefix).find(variable); at != std::string::npos;
         at = lowercase_ascii(prefix).find(variable, at + name.size()))
      prefix.replace(at, variable.size(), name);
  return prefix;
}

} // namespace

std::string response_prefix(std::string_view prefix, std::string_view model) {
  std::string text(prefix);
  if (model.empty()) return text;
  const auto slash = model.find('/');
  const auto provider = model.substr(0, slash);
  const auto name = model.substr(model.rfind('/') + 1);
  const std::pair<std::string_view, std::string_view> variables[] = {
      {"{model}", name}, {"{modelfull}", model}, {"{provider}", provider}};
  for (const auto& [variable, value] : variables)
    for (auto at = lowercase_ascii(text).find(variable); at != std::string::npos;
         at = lowercase_ascii(text).find(variable, at + value.size()))
      text.replace(at, variable.size(), value);
  return text;
}

DeliverySettings delivery_settings(const json::value& config, const AccountSettings& account, std::string_view agent_id,
                                   ports::ChatKind kind) {
  const auto& values = account.values;
  DeliverySettings settings;
  auto stream = string_or(values, "streamMode", "");
  if (const auto* streaming = find(values, "streaming"); streaming && stream.empty())
    stream = streaming->is_object()   ? string_or(*streaming, "mode", "")
             : streaming->is_string() ? std::string(streaming->get_string())
                                      : "";
  const auto* defaults = find_path(config, "agents.defaults");
  // As OpenClaw: the common switch is Telegram's alone, other channels have their own.
  const bool common =
      account.channel == "telegram" && defaults && string_or(*defaults, "blockStreamingDefault") == "on";
  const bool blocks = bool_or(values, "blockStreaming", common) || stream == "block";
  settings.stream = blocks ? StreamMode::blocks : stream == "partial" ? StreamMode::partial : StreamMode::off;
  if (blocks) read_blocks(config, account, agent_id, settings);
  settings.prefix = prefix_of(config, account, agent_id);
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

bool acknowledged(const DeliverySettings& settings, bool direct, bool mentioned, bool unasked) {
  const std::string_view scope = settings.ack_scope;
  if (scope == "all") return true;
  if (direct) return scope.starts_with("direct");
  if (scope == "group-all") return true;
  if (scope == "group-mentions") return mentioned;
  return scope.ends_with("group-answered") && (mentioned || unasked);
}

} // namespace openclaw::messaging
