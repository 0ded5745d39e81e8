// imsg's messages as events, its targets, and how it is called. Pure: JSON in, events out.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::extensions::imessage {

struct Rules {
  std::function<bool(std::string_view chat_id)> group; // chats that the settings call groups
  std::function<bool(std::string_view guid)> ours;     // messages that we sent
};

// The event of a `message` notification's parameters; nothing for what is no message. Its checkpoint is the row.
std::optional<ports::InboundEvent> event_from(const json::value& parameters, const Rules& rules);

// A number as +15551234567, an address in lower case; a prefix of a service is taken off.
std::string handle_of(std::string_view text);

// The chat that a person wrote: chat_id:, chat_guid:, chat_identifier:, imessage:, sms:, auto:, a number, an address.
Result<ports::Chat> chat_from_target(std::string_view target);

// {"chat_id": 7}, {"chat_guid": …}, {"chat_identifier": …} or {"to": …, "service": …} of a chat.
json::object target_of(const ports::Chat& chat);

// Whether it is a path of a file that Messages stored: absolute (or ~/), below Library/Messages/Attachments, and plain.
bool is_attachment_path(std::string_view path);

// imsg on another machine, without anything that its shell could read as more than words. Kind::denied says what is
// wrong.
Result<std::vector<std::string>> ssh_command(std::string ssh, std::string_view host, std::string_view program,
                                             std::string_view database);
Result<> check_host(std::string_view host);

// What a line that imsg or ssh wrote to standard error asks a person to do.
std::optional<Error> remedy_for(std::string_view line);

} // namespace openclaw::extensions::imessage
