#include "messaging/channel_settings.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

std::vector<std::string> strings_of(const json::value* value) {
  std::vector<std::string> list;
  if (!value || !value->is_array()) return list;
  for (const auto& item : value->get_array()) {
    if (item.is_string())
      list.emplace_back(item.get_string());
    else if (const auto number = as_integer(item))
      list.push_back(std::to_string(*number));
  }
  return list;
}

// Groups are called differently on each platform.
const json::value* groups_of(const json::object& values) {
  for (const std::string_view key : {"groups", "channels", "rooms", "teams", "guilds"})
    if (const auto* groups = find(values, key); groups && groups->is_object()) return groups;
  return nullptr;
}

// The group's settings, else those of its space, else "*".
const json::value* group_of(const json::object& values, const ports::Chat& chat) {
  const auto* groups = groups_of(values);
  if (!groups) return nullptr;
  if (const auto* own = find(*groups, chat.id)) return own;
  if (!chat.space_id.empty())
    if (const auto* space = find(*groups, chat.space_id)) {
      if (const auto* channels = find(*space, "channels"); channels && channels->is_object()) {
        if (const auto* own = find(*channels, chat.id)) return own;
        return find(*channels, "*");
      }
      return space;
    }
  return find(*groups, "*");
}

policy::DirectPolicy direct_policy(std::string_view word) {
  if (word == "allowlist") return policy::DirectPolicy::allowlist;
  if (word == "open") return policy::DirectPolicy::open;
  if (word == "disabled") return policy::DirectPolicy::disabled;
  return policy::DirectPolicy::pairing;
}
policy::GroupPolicy group_policy(std::string_view word) {
  if (word == "open") return policy::GroupPolicy::open;
  if (word == "disabled") return policy::GroupPolicy::disabled;
  return policy::GroupPolicy::allowlist;
}

// A part of a session key holds only what ids may hold.
std::string key_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("._-@+=#/").contains(c);
    if (plain)
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c - 'A' + 'a');
    else
      out += fmt::format("_{:02x}", static_cast<unsigned char>(c));
  }
  // Two long ids must not become one by cutting them.
  if (out.size() > 48) return fmt::format("{}-{}", out.substr(0, 24), sha256_hex(text).substr(0, 16));
  return out;
}

bool matches(const json::value& match, std::string_view key, std::string_view value) {
  const auto* wanted = find(match, key);
  if (!wanted) return true;
  return wanted->is_string() &&
         (wanted->get_string() == "*" || lowercase_ascii(wanted->get_string()) == lowercase_ascii(value));
}

} // namespace

std::vector<AccountSettings> read_accounts(const json::value& config) {
  std::vector<AccountSettings> accounts;
  const auto* channels = find(config, "channels");
  if (!channels || !channels->is_object()) return accounts;
  for (const auto& [name, section] : channels->get_object()) {
    if (!section.is_object() || name == "defaults") continue;
    const auto& values = section.get_object();
    const bool enabled = bool_or(values, "enabled", true);
    const auto* named = find(values, "accounts");
    if (!named || !named->is_object() || named->get_object().empty()) {
      accounts.push_back({name, "default", enabled, values});
      continue;
    }
    for (const auto& [account, own] : named->get_object()) {
      AccountSettings settings{name, account, enabled, values};
      settings.values.erase("accounts");
      if (own.is_object())
        for (const auto& [key, value] : own.get_object())
          settings.values[key] = value;
      settings.enabled = enabled && bool_or(own, "enabled", true);
      accounts.push_back(std::move(settings));
    }
  }
  return accounts;
}

policy::AccessRules access_rules(const json::value& config, const AccountSettings& account, const ports::Chat& chat,
                                 std::string_view agent_id) {
  const auto& values = account.values;
  policy::AccessRules rules;
  auto direct = string_or(values, "dmPolicy", "");
  const auto* direct_section = find(values, "dm");
  if (direct.empty() && direct_section) direct = string_or(*direct_section, "policy", "");
  rules.direct = direct_policy(direct);
  if (direct_section && !bool_or(*direct_section, "enabled", true)) rules.direct = policy::DirectPolicy::disabled;
  rules.allow_from = strings_of(find(values, "allowFrom"));
  if (rules.allow_from.empty() && direct_section) rules.allow_from = strings_of(find(*direct_section, "allowFrom"));
  auto group = string_or(values, "groupPolicy", "");
  if (group.empty())
    group = string_or(find_path(config, "channels.defaults") ? *find_path(config, "channels.defaults") : json::value(),
                      "groupPolicy", "");
  rules.group = group_policy(group);
  rules.group_allow_from = strings_of(find(values, "groupAllowFrom"));
  rules.allow_bots = bool_or(values, "allowBots", false);
  rules.require_mention = bool_or(values, "requireMention", true);
  if (const auto* own = chat.kind == ports::ChatKind::direct ? nullptr : group_of(values, chat)) {
    rules.group_listed = true;
    rules.group_enabled = bool_or(*own, "enabled", true) && bool_or(*own, "allow", true);
    rules.require_mention = bool_or(*own, "requireMention", rules.require_mention);
    rules.allow_bots = bool_or(*own, "allowBots", rules.allow_bots);
    for (const std::string_view key : {"allowFrom", "users"})
      if (auto people = strings_of(find(*own, key)); !people.empty()) rules.group_allow_from = std::move(people);
  }
  rules.mention_patterns = strings_of(find_path(config, "messages.groupChat.mentionPatterns"));
  if (const auto* list = find_path(config, "agents.list"); list && list->is_array())
    for (const auto& agent : list->get_array())
      if (string_or(agent, "id") == agent_id)
        for (auto& pattern : strings_of(find_path(agent, "groupChat.mentionPatterns")))
          rules.mention_patterns.push_back(std::move(pattern));
  return rules;
}

DeliverySettings delivery_settings(const json::value& config, const AccountSettings& account) {
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
  settings.reply_mode = string_or(values, "replyToMode", "off");
  if (const auto* messages = find(config, "messages")) {
    settings.ack_emoji = string_or(*messages, "ackReaction", "");
    settings.ack_scope = string_or(*messages, "ackReactionScope", "group-mentions");
    settings.remove_ack = bool_or(*messages, "removeAckAfterReply", false);
    if (const auto* group = find(*messages, "groupChat"))
      settings.history_limit =
          static_cast<std::size_t>(std::clamp<std::int64_t>(integer_or(*group, "historyLimit", 50), 0, 500));
  }
  settings.history_limit = static_cast<std::size_t>(std::clamp<std::int64_t>(
      integer_or(values, "historyLimit", static_cast<std::int64_t>(settings.history_limit)), 0, 500));
  settings.text_limit = static_cast<std::size_t>(std::max<std::int64_t>(integer_or(values, "textChunkLimit", 0), 0));
  settings.file_bytes = std::max<std::int64_t>(integer_or(values, "mediaMaxMb", 0), 0) * 1024 * 1024;
  return settings;
}

std::string bound_agent(const json::value& config, std::string_view default_agent, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id) {
  const auto* bindings = find(config, "bindings");
  if (!bindings || !bindings->is_array()) return std::string(default_agent);
  for (const auto& binding : bindings->get_array()) {
    const auto agent = string_or(binding, "agentId");
    const auto* match = find(binding, "match");
    if (agent.empty() || !match || !matches(*match, "channel", account.channel)) continue;
    if (!matches(*match, "accountId", account.account) || !matches(*match, "guildId", chat.space_id) ||
        !matches(*match, "teamId", chat.space_id))
      continue;
    if (const auto* peer = find(*match, "peer")) {
      const auto kind = string_or(*peer, "kind");
      const bool direct = chat.kind == ports::ChatKind::direct;
      if (!kind.empty() && (kind == "dm" || kind == "direct") != direct) continue;
      if (!matches(*peer, "id", direct ? sender_id : std::string_view(chat.id))) continue;
    }
    return agent;
  }
  return std::string(default_agent);
}

std::string session_key(const json::value& config, std::string_view agent_id, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id) {
  if (chat.kind == ports::ChatKind::direct) {
    const auto* session = find(config, "session");
    const auto scope = session ? string_or(*session, "dmScope", "main") : std::string("main");
    if (scope == "per-peer") return fmt::format("agent:{}:dm:{}", agent_id, key_part(sender_id));
    if (scope == "per-channel-peer" || scope == "per-account-channel-peer")
      return fmt::format("agent:{}:{}:dm:{}", agent_id, account.channel, key_part(sender_id));
    return fmt::format("agent:{}:main", agent_id);
  }
  const auto account_part = account.account == "default" ? std::string() : ":" + key_part(account.account);
  const auto kind = chat.kind == ports::ChatKind::group ? "group" : "channel";
  auto key = fmt::format("agent:{}:{}{}:{}:{}", agent_id, account.channel, account_part, kind, key_part(chat.id));
  if (!chat.thread_id.empty())
    key += fmt::format(":{}:{}", account.channel == "telegram" ? "topic" : "thread", key_part(chat.thread_id));
  return key;
}

} // namespace openclaw::messaging
