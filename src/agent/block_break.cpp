#include "agent/block_break.hpp"

#include "base/text.hpp"
#include <algorithm>

namespace openclaw::agent {
namespace {

// The last break of this kind that ends at or before `limit` bytes and outside a fence; 0 when there is none beyond `least`.
template <class IsBreak> std::size_t last_break(std::string_view text, std::size_t least, std::size_t limit, IsBreak is_break) {
  std::size_t best = 0;
  bool fenced = false;
  bool line_start = true;
  for (std::size_t i = 0; i < limit; ++i) {
    if (line_start && text.substr(i).starts_with("```")) fenced = !fenced;
    line_start = text[i] == '\n';
    if (!fenced && i + 1 >= least && is_break(i)) best = i + 1;
  }
  return best;
}

} // namespace

std::size_t block_end(std::string_view pending, BlockSize size) {
  if (pending.size() < size.least) return 0;
  const std::size_t limit = std::min(pending.size(), size.most);
  const auto at = [&](std::size_t i) { return i < pending.size() ? pending[i] : '\0'; };
  const auto paragraph = last_break(pending, size.least, limit, [&](std::size_t i) { return at(i) == '\n' && i > 0 && at(i - 1) == '\n'; });
  if (paragraph > 0) return paragraph;
  if (pending.size() < size.most) return 0; // a better place may still come
  const auto line = last_break(pending, size.least, limit, [&](std::size_t i) { return at(i) == '\n'; });
  if (line > 0) return line;
  const auto sentence = last_break(pending, size.least, limit, [&](std::size_t i) {
    return (at(i) == ' ' || at(i) == '\n') && i > 0 && (at(i - 1) == '.' || at(i - 1) == '!' || at(i - 1) == '?');
  });
  if (sentence > 0) return sentence;
  const auto word = last_break(pending, size.least, limit, [&](std::size_t i) { return at(i) == ' '; });
  if (word > 0) return word;
  return utf8_prefix(pending, size.most).size();
}

} // namespace openclaw::agent
