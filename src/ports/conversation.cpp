#include "ports/conversation.hpp"

namespace openclaw::ports {

std::string text_of(const Message& message) {
  std::string out;
  for (const auto& block : message.content) {
    const auto* text = std::get_if<TextBlock>(&block);
    if (!text || text->text.empty()) continue;
    if (!out.empty()) out += "\n";
    out += text->text;
  }
  return out;
}

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
  case StopReason::none:
    return "";
  case StopReason::stop:
    return "stop";
  case StopReason::length:
    return "length";
  case StopReason::tool_use:
    return "toolUse";
  case StopReason::error:
    return "error";
  case StopReason::aborted:
    return "aborted";
  case StopReason::injected:
    return "injected";
  }
  return "";
}

StopReason stop_reason_from(std::string_view name) {
  for (const auto reason : {StopReason::stop, StopReason::length, StopReason::tool_use, StopReason::error,
                            StopReason::aborted, StopReason::injected})
    if (stop_reason_name(reason) == name) return reason;
  return StopReason::none;
}

} // namespace openclaw::ports
