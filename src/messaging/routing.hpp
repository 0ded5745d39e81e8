// Which agent answers in a chat, and in which of its sessions: bindings, session.dmScope and session.identityLinks.
#pragma once
#include "messaging/channel_settings.hpp"

namespace openclaw::messaging {

// The agent of the most special binding that matches, as OpenClaw: the peer's, the guild's, the team's, the account's,
// the channel's; else the default agent.
std::string bound_agent(const json::value& config, std::string_view default_agent, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id);
// The end of a group's session key, which names it with its thread, and what stands before it: CHANNEL[:ACCOUNT]:KIND.
struct GroupPlace {
  std::string account; // "telegram:group", "telegram:work:group"
  std::string group;   // "-100500:topic:7"
};
GroupPlace group_place(const AccountSettings& account, const ports::Chat& chat);
// The session of a chat: people who write directly share the agent's main session (unless session.dmScope says
// otherwise); each group, and each thread in it, has its own.
std::string session_key(const json::value& config, std::string_view agent_id, const AccountSettings& account,
                        const ports::Chat& chat, const ports::Person& sender);

} // namespace openclaw::messaging
