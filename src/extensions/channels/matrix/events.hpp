// Matrix events as ours. Pure: JSON in, events out.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace openclaw::extensions::matrix {

struct Me {
  std::string id;   // "@claw:example.org"
  std::string name; // as rooms show it
};

enum class ThreadReplies { off, inbound, always };

// What is known of a room when an event of it is read.
struct RoomFacts {
  std::string id;
  std::string title;
  std::string known_as; // the alias, or the room that it replaced, by which the configuration names it; empty: none
  bool direct = false;
  ThreadReplies threads = ThreadReplies::inbound;
  std::map<std::string, std::string> names; // of those who wrote
};

// Nothing for what this channel does not know, and for our own echoes. A quote holds only the message's id: who said
// it must be asked. No checkpoint: one token covers all events of an answer.
std::optional<ports::InboundEvent> event_from(const json::value& event, const Me& me, const RoomFacts& room);

// Ids of ours for any event id of Matrix.
std::string event_key(std::string_view event_id);

// Where the messages begin that were said to us: behind our invitation, or our joining when there was none, as far as
// `timeline` shows them.
std::size_t first_for_us(const json::array& timeline, std::string_view my_id);

// An event that a message replies to, as that message's quote.
void fill_quote(ports::InboundEvent& event, const json::value& replied, const Me& me, const RoomFacts& room);

// {server, media id} of "mxc://server/id".
std::optional<std::pair<std::string, std::string>> parse_mxc(std::string_view address);

// "@name:server"
bool is_user_id(std::string_view text);

} // namespace openclaw::extensions::matrix
