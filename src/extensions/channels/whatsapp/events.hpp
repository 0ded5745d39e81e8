// What the sidecar says, as ours: messages as events, the ends of a connection as what to do about them, and names of
// people and chats. Pure functions.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::extensions::whatsapp {

// Our own account: its number's name and the name that hides the number (LID).
struct Me {
  std::string number; // "15550001111@s.whatsapp.net"
  std::string hidden; // "111@lid"
};

// Nothing when it is no message that a person wrote, or has not what a message needs.
std::optional<ports::InboundEvent> event_from(const json::value& message, const Me& me);

// "15550001111:3@s.whatsapp.net" without the device.
std::string without_device(std::string_view name);
// "+15550001111" for a number's name, the name itself for others.
std::string person_id(std::string_view name);
// A number, a name of WhatsApp's, or "whatsapp:" before one of them; Kind::invalid says what is understood.
Result<ports::Chat> chat_from(std::string_view target);
// People whose number stands behind an @ in the words, as WhatsApp names them.
std::vector<std::string> mentions_in(std::string_view words);
// WhatsApp's id of what is sent under a key: the same key is the same message.
std::string message_id_of(std::string_view key);

enum class CloseAction {
  retry,  // connect again after a pause
  relink, // the phone has removed us: what is kept is worthless
  stop,   // only a person can help
};
struct Close {
  CloseAction action = CloseAction::retry;
  Error error;
};
// `linked`: false when a code was shown and not scanned.
Close judge_close(std::int64_t code, bool linked);

} // namespace openclaw::extensions::whatsapp
