// Discord's gateway dispatches as events. Pure: JSON in, events out.
#pragma once
#include "extensions/channels/discord/session.hpp"
#include "ports/channel.hpp"
#include <optional>

namespace openclaw::extensions::discord {

// A channel as GET /channels/ID or a dispatch describes it.
struct Room {
  int type = 0;
  std::string guild_id;
  std::string parent_id;
  std::string name;
  bool is_thread() const { return type >= 10 && type <= 12; }
};
Room room_from(const json::value& channel);

// Nothing for what this channel does not know. The chat is the room that was written in; place() puts threads right.
// `my_role` is the role that Discord made for this bot in that server: people who mean the bot pick it as often.
// `sequence` makes ids of events that have none.
std::optional<ports::InboundEvent> event_from(std::string_view type, const json::value& data, std::int64_t sequence,
                                              const Me& me, std::string_view my_role);
// A thread is a part of its channel: the settings are those of the channel, the session is its own.
void place(ports::Chat& chat, const Room& room);

// The role of a GUILD_CREATE that Discord made for this bot; empty: none.
std::string own_role(const json::value& guild, const Me& me);

// The words of a message as people see them: mentions as names, our own left out at the beginning.
std::string readable(std::string_view content, const json::value& message, const Me& me, std::string_view my_role);

// An interaction's token with its application, as answers need it: "APPLICATION/TOKEN".
std::string reply_token(const json::value& interaction);

} // namespace openclaw::extensions::discord
