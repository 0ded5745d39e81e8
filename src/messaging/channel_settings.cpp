#include "messaging/channel_settings.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <re2/re2.h>

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

// The entry of a chat in a table. Inside a guild or workspace its rooms may be named too ("general", "#general"): who
// may rename them there may also close them. Elsewhere anybody could take a name.
const json::value* entry_of(const json::value& table, const ports::Chat& chat) {
  if (const auto* own = find(table, chat.id)) return own;
  if (!chat.space_id.empty() && !chat.title.empty()) {
    const auto title = lowercase_ascii(chat.title.starts_with('#') ? chat.title.substr(1) : chat.title);
    for (const auto& named : {title, "#" + title})
      if (const auto* own = find(table, named)) return own;
  }
  return find(table, "*");
}

void put_over(json::object& base, const json::value& more) {
  if (!more.is_object()) return;
  for (const auto& [key, value] : more.get_object())
    if (key != "channels" && key != "topics") base[key] = value;
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

// As OpenClaw: a list of the agent's own, else the common one, else the agent's name and emoji.
std::vector<std::string> mention_patterns(const json::value& config, std::string_view agent_id) {
  const auto* agent = agent_entry(config, agent_id);
  if (const auto* own = agent ? find_path(*agent, "groupChat.mentionPatterns") : nullptr) return strings_of(own);
  if (const auto* common = find_path(config, "messages.groupChat.mentionPatterns")) return strings_of(common);
  std::vector<std::string> patterns;
  const auto* identity = agent ? find(*agent, "identity") : nullptr;
  if (!identity) return patterns;
  std::string name;
  for (const auto word : split(trim(string_or(*identity, "name")), ' ')) {
    if (word.empty()) continue;
    if (!name.empty()) name += "\\s+";
    name += RE2::QuoteMeta(word);
  }
  if (!name.empty()) patterns.push_back("(?:^|[^\\pL\\pN_])" + name + "(?:$|[^\\pL\\pN_])");
  if (const auto emoji = std::string(trim(string_or(*identity, "emoji"))); !emoji.empty())
    patterns.push_back(RE2::QuoteMeta(emoji));
  return patterns;
}

} // namespace

const json::value* agent_entry(const json::value& config, std::string_view agent_id) {
  if (const auto* list = find_path(config, "agents.list"); list && list->is_array())
    for (const auto& agent : list->get_array())
      if (string_or(agent, "id") == agent_id) return &agent;
  return nullptr;
}

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

std::optional<json::object> group_settings(const AccountSettings& account, const ports::Chat& chat) {
  const auto* groups = groups_of(account.values);
  if (!groups || chat.kind == ports::ChatKind::direct) return std::nullopt;
  json::object merged;
  const json::value* space = chat.space_id.empty() ? nullptr : find(*groups, chat.space_id);
  if (!chat.space_id.empty() && !space && !find(*groups, chat.id)) {
    const auto* all = find(*groups, "*");
    if (all && find(*all, "channels")) space = all;
  }
  if (space) {
    put_over(merged, *space);
    const auto* rooms = find(*space, "channels");
    if (!rooms || !rooms->is_object() || rooms->get_object().empty()) return merged;
    const auto* room = entry_of(*rooms, chat);
    if (!room) return std::nullopt; // a guild that lists its rooms means these
    put_over(merged, *room);
    return merged;
  }
  const auto* own = entry_of(*groups, chat);
  if (!own) return std::nullopt;
  if (const auto* all = find(*groups, "*"))
    if (const auto* mention = find(*all, "requireMention")) merged["requireMention"] = *mention;
  put_over(merged, *own);
  if (const auto* topics = find(*own, "topics"); topics && !chat.thread_id.empty())
    if (const auto* topic = find(*topics, chat.thread_id)) put_over(merged, *topic);
  return merged;
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
  if (const auto* defaults = find_path(config, "channels.defaults"); defaults && group.empty())
    group = string_or(*defaults, "groupPolicy", "");
  rules.group = group_policy(group);
  // As OpenClaw: it closes what another key opens, and opens nothing.
  if (bool_or(values, "allowlistOnly", false)) {
    if (rules.direct != policy::DirectPolicy::disabled) rules.direct = policy::DirectPolicy::allowlist;
    if (rules.group == policy::GroupPolicy::open) rules.group = policy::GroupPolicy::allowlist;
  }
  rules.group_allow_from = strings_of(find(values, "groupAllowFrom"));
  rules.allow_bots = bool_or(values, "allowBots", false);
  rules.require_mention = bool_or(values, "requireMention", true);
  if (const auto own = group_settings(account, chat)) {
    rules.group_listed = true;
    rules.group_enabled = bool_or(*own, "enabled", true) && bool_or(*own, "allow", true);
    rules.require_mention = bool_or(*own, "requireMention", rules.require_mention);
    rules.allow_bots = bool_or(*own, "allowBots", rules.allow_bots);
    for (const std::string_view key : {"allowFrom", "users"})
      if (auto people = strings_of(find(*own, key)); !people.empty()) rules.group_allow_from = std::move(people);
  }
  rules.mention_patterns = mention_patterns(config, agent_id);
  if (const auto* commands = find(config, "commands"))
    rules.commands_for_all = !bool_or(*commands, "useAccessGroups", true);
  return rules;
}

std::int64_t debounce_ms(const json::value& config, std::string_view channel) {
  const auto* inbound = find_path(config, "messages.inbound");
  if (!inbound) return 0;
  const auto common = integer_or(*inbound, "debounceMs", 0);
  const auto* by_channel = find(*inbound, "byChannel");
  return std::max<std::int64_t>(by_channel ? integer_or(*by_channel, channel, common) : common, 0);
}

int direct_history_turns(const AccountSettings& account, const ports::Person& person) {
  auto turns = integer_or(account.values, "dmHistoryLimit", 0);
  if (const auto* people = find(account.values, "dms"))
    if (const auto* own = find(*people, person.id)) turns = integer_or(*own, "historyLimit", turns);
  return static_cast<int>(std::clamp<std::int64_t>(turns, 0, 10'000));
}

bool text_commands(const json::value& config, ports::Channel& channel) {
  const auto* commands = find(config, "commands");
  return !channel.native_commands() || !commands || bool_or(*commands, "text", true);
}

ReactionNotices reaction_notices(const AccountSettings& account, const ports::Chat& chat, const ports::Person& person) {
  auto mode = string_or(account.values, "reactionNotifications", "own");
  auto people = strings_of(find(account.values, "reactionAllowlist"));
  if (const auto own = group_settings(account, chat)) {
    mode = string_or(*own, "reactionNotifications", mode);
    if (auto listed = strings_of(find(*own, "users")); people.empty()) people = std::move(listed);
  }
  if (mode == "off") return ReactionNotices::off;
  if (mode == "all") return ReactionNotices::all;
  if (mode != "allowlist") return ReactionNotices::own;
  auto ids = person.other_ids;
  ids.push_back(person.id);
  return policy::listed(people, ids) ? ReactionNotices::all : ReactionNotices::off;
}

} // namespace openclaw::messaging
