#include "extensions/channels/matrix/client_api.hpp"
#include "extensions/channels/matrix/events.hpp"
#include "extensions/channels/matrix/rooms.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::extensions::matrix;

// A sync answer's part of one room, from bytes to events.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto joined = parse_json(text, "room");
  if (!joined) joined = parse_json(readable_json(text, 48), "room");
  if (!joined) return 0;
  const Me me{"@claw:example.org", "Claw"};
  Rooms rooms;
  rooms.take_direct(*joined);
  rooms.take("!room:example.org", *joined);
  RoomFacts facts;
  facts.id = "!room:example.org";
  facts.names = names_in(*joined);
  const auto& timeline = events_in(*joined, "timeline");
  for (auto at = first_for_us(timeline, me.id); at < timeline.size(); ++at) {
    auto event = event_from(timeline[at], me, facts);
    if (!event) continue;
    if (event->from.id == me.id || event->event_id.size() != 40 || event->chat.id.empty()) std::abort();
    for (const auto& attachment : event->attachments)
      if (parse_mxc(attachment.reference) && !attachment.reference.starts_with("mxc://")) std::abort();
    fill_quote(*event, timeline[at], me, facts);
  }
  return 0;
}
