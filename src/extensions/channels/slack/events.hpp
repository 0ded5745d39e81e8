// Slack's events, commands and files as ours. Pure: bytes in, events out.
#pragma once
#include "base/json.hpp"
#include "extensions/channels/slack/mrkdwn.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::extensions::slack {

struct Me {
  std::string user_id; // U…
  std::string bot_id;  // B…
  std::string team_id;
  std::string name;
};

// Nothing for what this channel does not know. `payload` is an event_callback; a message that comes a second time as
// app_mention has the same event id. A message's checkpoint is its time.
std::optional<ports::InboundEvent> event_from(const json::value& payload, const Me& me, const NameOf& name_of);
// Ids of the people whose names event_from() asks for.
std::vector<std::string> people_of(const json::value& payload);

// A slash command, from a socket or from a form. `own_command` ("openclaw") carries plain words; any other is
// "/name words".
std::optional<ports::InboundEvent> command_from(const json::value& fields, const Me& me, std::string_view own_command);
// An answer to a command goes to whoever gave it, by the address that came with it.
struct ReplyToken {
  std::string user_id;
  std::string response_url;
};
std::optional<ReplyToken> reply_token_from(std::string_view token);

// A message's time, which is its id within a room: "1700000000.000100".
bool is_ts(std::string_view text);
std::int64_t ts_milliseconds(std::string_view ts);
// By the id's first letter, where Slack does not say it.
ports::ChatKind kind_of(std::string_view channel_type, std::string_view channel_id);

} // namespace openclaw::extensions::slack
