#include "messaging/blocks.hpp"

#include "base/text.hpp"

namespace openclaw::messaging {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

} // namespace

std::string_view open_fence(std::string_view text) {
  std::string_view open;
  for (const auto line : split(text, '\n'))
    if (line.starts_with("```")) open = open.empty() ? line : std::string_view();
  return open;
}

std::string whole_block(std::string_view before, std::string_view block) {
  std::string text;
  const auto outer = open_fence(before);
  if (!outer.empty()) text = std::string(outer) + "\n";
  text += block;
  if (!open_fence(text).empty()) text += text.ends_with('\n') ? "```" : "\n```";
  return text;
}

std::optional<std::string> rest_after(std::string_view answer, std::string_view sent) {
  std::size_t at = 0;
  for (const char c : sent) {
    if (is_space(c)) continue;
    while (at < answer.size() && is_space(answer[at]))
      ++at;
    if (at >= answer.size() || answer[at] != c) return std::nullopt;
    ++at;
  }
  // A new line that ends what was sent is not the beginning of the rest; spaces are: code may begin with them.
  while (at < answer.size() && answer[at] == '\n')
    ++at;
  return std::string(answer.substr(at));
}

} // namespace openclaw::messaging
