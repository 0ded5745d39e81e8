#include "ports/model.hpp"

#include "base/text.hpp"

namespace openclaw::ports {

std::string_view thinking_name(Thinking level) {
  constexpr std::string_view names[] = {"off", "minimal", "low", "medium", "high", "xhigh"};
  return names[static_cast<int>(level)];
}

std::optional<Thinking> thinking_from(std::string_view word) {
  const auto lowered = lowercase_ascii(word);
  for (const auto level :
       {Thinking::off, Thinking::minimal, Thinking::low, Thinking::medium, Thinking::high, Thinking::xhigh})
    if (thinking_name(level) == lowered) return level;
  if (lowered == "none") return Thinking::off;
  if (lowered == "min") return Thinking::minimal;
  if (lowered == "on" || lowered == "think") return Thinking::low;
  if (lowered == "med") return Thinking::medium;
  if (lowered == "max" || lowered == "ultrathink" || lowered == "think-hard") return Thinking::high;
  return std::nullopt;
}

} // namespace openclaw::ports
