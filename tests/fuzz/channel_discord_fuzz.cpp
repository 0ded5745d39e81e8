// What Discord's gateway sends, whatever it is: events never take more than they are given, and ids are always usable.
#include "base/ids.hpp"
#include "extensions/channels/discord/dialect.hpp"
#include "extensions/channels/discord/events.hpp"
#include "extensions/channels/discord/voice.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::extensions::discord;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)session_from(text);
  (void)voice_attachment(text, "a.ogg");
  if (escape(text).size() > text.size() * 2) std::abort();
  const auto frame = parse_json(text, "frame");
  if (!frame) return 0;
  const Me me{"100", "claw", "100"};
  const auto* inner = find(*frame, "d");
  for (const auto type :
       {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD", "INTERACTION_CREATE"}) {
    const auto event = event_from(type, inner ? *inner : *frame, 1, me, "501");
    if (event && (!valid_id(event->event_id) || event->event_id.size() > 100 || event->chat.id.empty())) std::abort();
  }
  (void)own_role(inner ? *inner : *frame, me);
  return 0;
}
