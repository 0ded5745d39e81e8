// What Telegram's server may answer to getUpdates: events that keep what they promise, and no crash.
#include "extensions/channels/telegram/updates.hpp"
#include <cstdlib>

using namespace openclaw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace telegram = extensions::telegram;
  const auto parsed = parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "updates");
  if (!parsed || !parsed->is_array()) return 0;
  const auto& updates = parsed->get_array();
  const telegram::Me me{"4242", "claw_bot"};
  const auto events = telegram::events_from(updates, me);
  if (events.size() > updates.size()) std::abort();
  for (const auto& event : events)
    if (event.event_id.size() > 100 || event.checkpoint.empty()) std::abort();
  for (const auto& update : updates) {
    telegram::album_of(update);
    telegram::moved_group(update);
  }
  return 0;
}
