// What people on WhatsApp may write, as the sidecar hands it on: events that keep what they promise, and no crash.
#include "base/ids.hpp"
#include "extensions/channels/whatsapp/events.hpp"
#include <cstdlib>

using namespace openclaw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace whatsapp = extensions::whatsapp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (whatsapp::mentions_in(text).size() > 50) std::abort();
  if (const auto chat = whatsapp::chat_from(text); chat && chat->id.size() > 100) std::abort();
  const auto message = parse_json(text, "message");
  if (!message) return 0;
  const auto event = whatsapp::event_from(*message, {"15550001111@s.whatsapp.net", "111@lid"});
  if (event && (!valid_id(event->event_id) || event->event_id.size() > 100 || event->from.id.empty())) std::abort();
  return 0;
}
