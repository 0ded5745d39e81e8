// signal-cli's envelopes as events, and what its message ids and addresses mean. Pure: JSON in, events out.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::extensions::signal {

// Our own account; the uuid may be unknown.
struct Me {
  std::string number;
  std::string uuid;
};

// A message of Signal is named by its sender's time and its author. Ours and those of direct chats go without author.
struct MessageName {
  std::int64_t timestamp = 0;
  std::string author; // as a recipient: a number or a bare uuid; empty: not said
};
std::optional<MessageName> message_name(std::string_view id);

// The event of a `receive` notification's parameters ({envelope, account}); nothing for what is not for us: receipts,
// typing, calls, stories, and what our own account did on another device.
std::optional<ports::InboundEvent> event_from(const json::value& received, const Me& me);

// Why signal-cli could not read what came, by its name for the fault; empty: it could.
std::string unreadable(const json::value& received);

// An attachment's reference as parameters of getAttachment.
Result<json::object> attachment_parameters(std::string_view reference);

// {"recipient": […]}, {"groupId": …} or {"username": […]} of a chat.
json::object target_of(const ports::Chat& chat);

} // namespace openclaw::extensions::signal
