// The part of the configuration below `channels`, and what decides where a message goes: accounts, access rules of a
// chat, bindings. Parsed anew for every configuration snapshot.
#pragma once
#include "base/json.hpp"
#include "policy/admission.hpp"
#include "ports/channel.hpp"
#include <string>
#include <vector>

namespace openclaw::messaging {

enum class StreamMode { off, partial };

// One account of one channel.
struct AccountSettings {
  std::string channel;
  std::string account; // "default" when the configuration names none
  bool enabled = true;
  json::object values; // the account's keys over its channel's
  std::string text() const { return to_text(values); }
};

// channels.CHANNEL.accounts.ACCOUNT over channels.CHANNEL; without `accounts` there is one, "default". A channel whose
// section is missing has none.
std::vector<AccountSettings> read_accounts(const json::value& config);

// The rules for a chat: those of its group (or "*") over the account's.
policy::AccessRules access_rules(const json::value& config, const AccountSettings& account, const ports::Chat& chat,
                                 std::string_view agent_id);

struct DeliverySettings {
  StreamMode stream = StreamMode::off;
  std::string reply_mode = "off"; // off, first, all
  std::string ack_emoji;          // empty: none
  std::string ack_scope = "group-mentions";
  bool remove_ack = false;
  std::size_t history_limit = 50; // messages of a group kept until somebody speaks to us
  std::size_t text_limit = 0;     // textChunkLimit; 0: the platform's
  std::int64_t file_bytes = 0;    // mediaMaxMb; 0: the channel's
};
DeliverySettings delivery_settings(const json::value& config, const AccountSettings& account);

// Which agent answers in a chat: the first binding that matches, else the default agent.
std::string bound_agent(const json::value& config, std::string_view default_agent, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id);
// The session of a chat: people who write directly share the agent's main session (unless session.dmScope says
// otherwise); each group, and each thread in it, has its own.
std::string session_key(const json::value& config, std::string_view agent_id, const AccountSettings& account,
                        const ports::Chat& chat, std::string_view sender_id);

} // namespace openclaw::messaging
