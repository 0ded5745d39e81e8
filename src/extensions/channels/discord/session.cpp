#include "extensions/channels/discord/session.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

constexpr std::size_t kMostSeen = 32;
constexpr std::int64_t kDiscordEpochMs = 1420070400000;

Error closed(Kind kind, std::string message, std::string hint) {
  return Error{kind, std::move(message), std::move(hint), {}};
}

} // namespace

bool is_snowflake(std::string_view id) {
  return !id.empty() && id.size() <= 20 && id.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_later(std::string_view id, std::string_view than) {
  return id.size() != than.size() ? id.size() > than.size() : id > than;
}

std::int64_t time_of(std::string_view snowflake) {
  std::uint64_t number = 0;
  const auto* end = snowflake.data() + snowflake.size();
  if (!is_snowflake(snowflake) || std::from_chars(snowflake.data(), end, number).ptr != end) return 0;
  return static_cast<std::int64_t>(number >> 22) + kDiscordEpochMs;
}

void Session::saw(std::string channel_id, std::string message_id) {
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const auto& one) { return one.first == channel_id; });
  if (found != seen.end()) {
    if (!is_later(message_id, found->second)) return;
    seen.erase(found);
  }
  seen.emplace_back(std::move(channel_id), std::move(message_id));
  if (seen.size() > kMostSeen) seen.erase(seen.begin());
}

void Session::forget_session() {
  id.clear();
  resume_url.clear();
  sequence = 0;
}

std::string to_checkpoint(const Session& session) {
  json::array seen;
  for (const auto& [channel, message] : session.seen)
    seen.push_back(json::array{channel, message});
  return to_text(json::value(json::object{
      {"session", session.id},
      {"url", session.resume_url},
      {"seq", session.sequence},
      {"me", json::array{session.me.id, session.me.name, session.me.application_id}},
      {"seen", std::move(seen)},
  }));
}

Session session_from(std::string_view checkpoint) {
  Session session;
  const auto value = parse_json(checkpoint, "checkpoint");
  if (!value) return session;
  const auto pair_of = [](const json::value& list, std::size_t at) {
    const auto* array = list.if_array();
    const auto* text = array && array->size() > at ? (*array)[at].if_string() : nullptr;
    return text ? std::string(*text) : std::string();
  };
  session.id = string_or(*value, "session");
  session.resume_url = string_or(*value, "url");
  session.sequence = integer_or(*value, "seq", 0);
  if (const auto* me = find(*value, "me")) session.me = {pair_of(*me, 0), pair_of(*me, 1), pair_of(*me, 2)};
  if (const auto* seen = find(*value, "seen"); seen && seen->is_array())
    for (const auto& one : seen->get_array())
      if (is_snowflake(pair_of(one, 0)) && is_snowflake(pair_of(one, 1))) session.saw(pair_of(one, 0), pair_of(one, 1));
  // Without knowing who we are, a resumed connection could not tell our own messages from others'.
  if (session.me.id.empty()) session.forget_session();
  return session;
}

Verdict verdict_of(int close_code) {
  switch (close_code) {
  case 4004:
    return {Next::give_up,
            closed(Kind::denied, "Discord does not know this bot token.",
                   "Get it from https://discord.com/developers (your application, Bot, Reset Token) and set it with: "
                   "openclaw config set channels.discord.token TOKEN")};
  case 4013:
  case 4014:
    return {Next::give_up,
            closed(Kind::denied, "Discord does not let this bot read messages: an intent is not enabled.",
                   "Open https://discord.com/developers, your application, Bot, and enable \"Message Content Intent\" "
                   "(and \"Server Members Intent\" for channels.discord.intents.guildMembers). Then restart.")};
  case 4010:
  case 4011:
    return {Next::give_up, closed(Kind::denied, "This bot is in too many servers for one connection (sharding).",
                                  "Use a bot of your own that is in fewer servers.")};
  case 4012:
    return {Next::give_up, closed(Kind::denied, "Discord does not serve version 10 of its gateway any more.",
                                  "Install a newer openclaw.")};
  case 4003:
  case 4007:
  case 4009:
    return {Next::identify,
            closed(Kind::transient, fmt::format("Discord ended the session ({}).", close_code), "A new one is begun.")};
  default:
    return {Next::resume, closed(Kind::transient, fmt::format("The connection to Discord broke ({}).", close_code),
                                 "It is made again.")};
  }
}

} // namespace openclaw::extensions::discord
