#include "base/text.hpp"
#include "extensions/channels/signal/daemon_api.hpp"
#include "extensions/channels/signal/envelopes.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::extensions::signal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto answer = read_answer(200, text);
  if (answer.problem && answer.problem->message.empty()) std::abort();
  const auto value = parse_json(text, "envelope");
  if (!value) return 0;
  (void)unreadable(*value);
  const auto event = event_from(*value, {"+15550009999", "aaaa0000-0000-4000-8000-000000000001"});
  if (!event) return 0;
  if (event->chat.id.empty() || event->from.id.empty() || event->event_id.size() > 100) std::abort();
  if (!valid_utf8(event->text) || !message_name(event->message_id)) std::abort();
  if (target_of(event->chat).empty()) std::abort();
  for (const auto& attachment : event->attachments)
    if (!attachment_parameters(attachment.reference)) std::abort();
  return 0;
}
