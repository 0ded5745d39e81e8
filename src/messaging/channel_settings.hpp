// The part of the configuration below `channels`: accounts, the access rules of a chat, how answers are shown. Parsed
// anew for every configuration snapshot.
#pragma once
#include "agent/block_break.hpp"
#include "base/json.hpp"
#include "policy/admission.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::messaging {

enum class StreamMode { off, partial, blocks }; // partial: one message that is edited; blocks: several

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

// agents.list's entry of an agent; nullptr: none.
const json::value* agent_entry(const json::value& config, std::string_view agent_id);
// What the configuration says of a group or room: its guild's or team's keys, over them its own, over them its topic's.
// Nothing when it is not listed; where rooms are listed, the others are not.
std::optional<json::object> group_settings(const AccountSettings& account, const ports::Chat& chat);

// The rules for a chat: those of its group (or "*") over the account's.
policy::AccessRules access_rules(const json::value& config, const AccountSettings& account, const ports::Chat& chat,
                                 std::string_view agent_id);

struct DeliverySettings {
  StreamMode stream = StreamMode::off;
  std::string reply_mode = "off"; // off, first, all
  std::string ack_emoji;          // empty: none
  std::string ack_scope = "group-mentions";
  bool remove_ack = false;
  agent::BlockSize block;          // of StreamMode::blocks
  std::int64_t human_least_ms = 0; // humanDelay: a pause between blocks
  std::int64_t human_most_ms = 0;  // 0: none
  std::string prefix;              // messages.responsePrefix, the agent's name put in
  std::size_t history_limit = 50;  // messages of a group kept until somebody speaks to us
  std::size_t text_limit = 0;      // textChunkLimit; 0: the platform's
  std::int64_t file_bytes = 0;     // mediaMaxMb; 0: the channel's
};
// messages.inbound: how long a line waits for more of its sender.
std::int64_t debounce_ms(const json::value& config, std::string_view channel);
// dmHistoryLimit, and dms.ID.historyLimit before it: messages of a person that the model is shown; 0: all that fit.
int direct_history_turns(const AccountSettings& account, const ports::Person& person);
// Whether slash commands in ordinary messages are obeyed: commands.text, where the platform has its own instead.
bool text_commands(const json::value& config, ports::Channel& channel);

// The prefix with the model that answered put in; names that nothing is known of stay as they are.
std::string response_prefix(std::string_view prefix, std::string_view model);
// Whether a message is marked as seen, by messages.ackReactionScope. `unasked`: the group's messages need no mention.
bool acknowledged(const DeliverySettings& settings, bool direct, bool mentioned, bool unasked);

// channels.X.reactionNotifications, of the group before the account's: whose reactions the agent hears of.
enum class ReactionNotices { off, own, all }; // own: on what the agent said
ReactionNotices reaction_notices(const AccountSettings& account, const ports::Chat& chat, const ports::Person& person);
DeliverySettings delivery_settings(const json::value& config, const AccountSettings& account, std::string_view agent_id,
                                   ports::ChatKind kind);

} // namespace openclaw::messaging
