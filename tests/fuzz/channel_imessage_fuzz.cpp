#include "base/text.hpp"
#include "extensions/channels/imessage/messages.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::extensions::imessage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)remedy_for(text);
  if (const auto chat = chat_from_target(text); chat && target_of(*chat).empty()) std::abort();
  if (is_attachment_path(text) && text.starts_with('-')) std::abort();
  const auto value = parse_json(text, "message");
  if (!value) return 0;
  const Rules rules{[](std::string_view chat) { return chat == "42"; },
                    [](std::string_view guid) { return guid == "G"; }};
  const auto event = event_from(*value, rules);
  if (!event) return 0;
  if (event->chat.id.empty() || event->event_id.empty() || event->event_id.size() > 100) std::abort();
  if (event->from.id.empty() && !event->from.is_self) std::abort();
  if (!valid_utf8(event->text) || target_of(event->chat).empty()) std::abort();
  return 0;
}
