// What Slack sends: events, commands and text. Nothing may crash, and what comes out keeps the promises of an event.
#include "base/ids.hpp"
#include "base/text.hpp"
#include "extensions/channels/slack/events.hpp"
#include "extensions/channels/slack/socket_mode.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::extensions::slack;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Me me{"UBOT", "BBOT", "T1", "claw"};
  const NameOf names = [](std::string_view id) { return id == "U7" ? std::string("Ada") : std::string(); };
  const auto words = plain_words(text, me.user_id, names);
  if (valid_utf8(text) && !valid_utf8(words)) std::abort();
  if (mentioned_people(text, 8).size() > 8) std::abort();
  (void)emoji_name(text);
  (void)reply_token_from(text);
  const auto value = parse_json(text, "frame");
  if (!value) return 0;
  (void)lane_of(Envelope{"e", "events_api", *value});
  if (people_of(*value).size() > 9) std::abort();
  const auto event = event_from(*value, me, names);
  if (event && event->type == ports::EventType::message &&
      (!valid_id(event->event_id) || event->event_id.size() > 100 || event->chat.id.empty()))
    std::abort();
  const auto command = command_from(*value, me, "openclaw");
  if (command && (!valid_id(command->event_id) || command->text.empty())) std::abort();
  return 0;
}
