// Mattermost's posts and reactions as our events. Pure: bytes in, events out; names are looked up by whoever calls.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::extensions::mattermost {

struct Me {
  std::string id;
  std::string username;
};

// When a message of a channel is meant for us without naming us.
struct Addressing {
  bool every_message = false;        // chatmode: onmessage
  std::vector<std::string> prefixes; // chatmode: onchar
};

// An event of the event socket whose `data` holds JSON texts; nothing for what this channel does not know.
std::optional<ports::InboundEvent> event_from(const json::value& frame, const Me& me, const Addressing& addressing);
// A post that was read by the REST API, in its channel.
std::optional<ports::InboundEvent> event_of_post(const json::value& post, const json::value& channel, const Me& me,
                                                 const Addressing& addressing);

// "eyes" for 👀 and back; nothing for what has no name here.
std::optional<std::string_view> emoji_name(std::string_view emoji);
std::string emoji_of(std::string_view name);

} // namespace openclaw::extensions::mattermost
