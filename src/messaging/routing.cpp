#include "messaging/routing.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

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

bool is(const json::value& match, std::string_view key, std::string_view value) {
  const auto wanted = lowercase_ascii(trim(string_or(match, key)));
  return !wanted.empty() && wanted == lowercase_ascii(value);
}

// 0: does not match.
int weight_of(const json::value& match, const AccountSettings& account, const ports::Chat& chat,
              std::string_view sender_id) {
  if (!is(match, "channel", account.channel)) return 0;
  const auto wanted = string_or(match, "accountId", "default");
  if (wanted != "*" && lowercase_ascii(wanted) != lowercase_ascii(account.account)) return 0;
  if (const auto* peer = find(match, "peer")) {
    const bool direct = chat.kind == ports::ChatKind::direct;
    const auto kind = string_or(*peer, "kind");
    if (((kind == "dm" || kind == "direct") != direct) || !is(*peer, "id", direct ? sender_id : chat.id)) return 0;
    return 5;
  }
  for (const auto& [key, weight] : {std::pair<std::string_view, int>{"guildId", 4}, {"teamId", 3}})
    if (find(match, key)) return is(match, key, chat.space_id) ? weight : 0;
  return wanted == "*" ? 1 : 2;
}

// session.identityLinks: one person under one name, whichever messenger they use.
std::string linked(const json::value* session, std::string_view channel, const ports::Person& person) {
  const auto* links = session ? find(*session, "identityLinks") : nullptr;
  if (!links || !links->is_object()) return person.id;
  auto ids = person.other_ids;
  ids.push_back(person.id);
  for (const auto& [name, list] : links->get_object()) {
    if (!list.is_array()) continue;
    for (const auto& entry : list.get_array())
      for (const auto& id : ids)
        if (entry.is_string() && !id.empty() &&
            lowercase_ascii(trim(entry.get_string())) == lowercase_ascii(fmt::format("{}:{}", channel, id)))
          return std::string(std::string_view(name));
  }
  return person.id;
}

} // namespace

std::string bound_agent(const json::value& config, std::string_view default_agent, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id) {
  std::string agent(default_agent);
  int best = 0;
  const auto* bindings = find(config, "bindings");
  if (!bindings || !bindings->is_array()) return agent;
  for (const auto& binding : bindings->get_array()) {
    const auto named = string_or(binding, "agentId");
    const auto* match = find(binding, "match");
    if (named.empty() || !match) continue;
    const auto weight = weight_of(*match, account, chat, sender_id);
    if (weight <= best) continue;
    best = weight;
    agent = named;
  }
  return agent;
}

GroupPlace group_place(const AccountSettings& account, const ports::Chat& chat) {
  const auto account_part = account.account == "default" ? std::string() : ":" + key_part(account.account);
  GroupPlace place;
  place.account =
      fmt::format("{}{}:{}", account.channel, account_part, chat.kind == ports::ChatKind::group ? "group" : "channel");
  place.group = key_part(chat.id);
  if (!chat.thread_id.empty())
    place.group += fmt::format(":{}:{}", account.channel == "telegram" ? "topic" : "thread", key_part(chat.thread_id));
  return place;
}

std::string session_key(const json::value& config, std::string_view agent_id, const AccountSettings& account,
                        const ports::Chat& chat, const ports::Person& sender) {
  if (chat.kind == ports::ChatKind::direct) {
    const auto* session = find(config, "session");
    const auto scope = session ? string_or(*session, "dmScope", "main") : std::string("main");
    if (scope == "main") return fmt::format("agent:{}:main", agent_id);
    const auto peer = key_part(linked(session, account.channel, sender));
    if (scope == "per-peer") return fmt::format("agent:{}:dm:{}", agent_id, peer);
    if (scope == "per-account-channel-peer")
      return fmt::format("agent:{}:{}:{}:dm:{}", agent_id, account.channel, key_part(account.account), peer);
    return fmt::format("agent:{}:{}:dm:{}", agent_id, account.channel, peer);
  }
  const auto place = group_place(account, chat);
  return fmt::format("agent:{}:{}:{}", agent_id, place.account, place.group);
}

} // namespace openclaw::messaging
