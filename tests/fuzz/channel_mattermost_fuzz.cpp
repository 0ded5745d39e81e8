// A frame of Mattermost's event socket as a stranger may write it: ids that are fit for addresses, and no crash.
#include "base/ids.hpp"
#include "extensions/channels/mattermost/events.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  namespace mattermost = extensions::mattermost;
  const auto frame = parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "frame");
  if (!frame) return 0;
  for (const auto& event : {mattermost::event_from(*frame, {"clawid", "claw"}, {false, {"!"}}),
                            mattermost::event_of_post(*frame, *frame, {"clawid", "claw"}, {})}) {
    if (!event) continue;
    if (!valid_id(event->event_id) || event->event_id.size() > 100) std::abort();
    for (const auto& id : {event->message_id, event->chat.id, event->from.id})
      if (id.empty() || id.find('/') != std::string::npos) std::abort();
  }
  return 0;
}
