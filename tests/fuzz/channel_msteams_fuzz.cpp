// An activity as a stranger may write it, and the HTML in it: events with usable ids, and no crash.
#include "base/ids.hpp"
#include "base/text.hpp"
#include "extensions/channels/msteams/activities.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  namespace teams = extensions::msteams;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto activity = parse_json(text, "activity");
  if (!activity) return 0;
  for (const auto& event : teams::events_from(*activity, "app")) {
    if (!valid_id(event.event_id) || event.event_id.size() > 100 || event.chat.id.empty()) std::abort();
    if (event.text.size() > size * 2 + 16) std::abort();
    for (const auto& attachment : event.attachments)
      if (teams::file_reference(teams::file_address(attachment.reference)) != attachment.reference) std::abort();
  }
  if (const auto reference = teams::reference_from(*activity)) {
    const auto again = teams::reference_of(teams::reference_text(*reference));
    if (!again || *again != *reference) std::abort();
  }
  return 0;
}
