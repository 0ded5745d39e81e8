// Telegram's updates as events. Pure: bytes in, events out.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace openclaw::extensions::telegram {

struct Me {
  std::string id;
  std::string username;
};

// Nothing for what this channel does not know. The event's checkpoint is the offset after it.
std::optional<ports::InboundEvent> event_from(const json::value& update, const Me& me);

// Events of a batch, in its order: the messages of an album are one event.
std::vector<ports::InboundEvent> events_from(const json::array& updates, const Me& me);

// Names the album that an update belongs to; empty: none.
std::string album_of(const json::value& update);

// A group that became a supergroup: its old id and its new one.
std::optional<std::pair<std::string, std::string>> moved_group(const json::value& update);

// What setMyCommands takes as a name.
bool is_command_name(std::string_view name);

// "chat" with its topic, as sends need it. The general topic (1) is left out there.
json::object target_of(const ports::Chat& chat);

// UTF-16 offsets, which Telegram counts in, as bytes of the UTF-8 text.
std::string_view utf16_slice(std::string_view text, std::int64_t offset, std::int64_t length);

} // namespace openclaw::extensions::telegram
