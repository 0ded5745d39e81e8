#include "extensions/tools/exec/output.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr std::size_t kHead = 20 * 1024;
constexpr std::size_t kTail = 90 * 1024;

std::string missing(std::uint64_t bytes) {
  return fmt::format("\n[{} bytes of output are left out here.]\n", bytes);
}

} // namespace

void Output::append(std::string_view bytes) {
  total_ += bytes.size();
  const auto first = std::min(bytes.size(), kHead - head_.size());
  head_ += bytes.substr(0, first);
  bytes.remove_prefix(first);
  if (bytes.size() >= kTail) {
    tail_ = bytes.substr(bytes.size() - kTail);
    return;
  }
  // Cut only when twice too long, so that each byte is moved about once.
  if (tail_.size() + bytes.size() > 2 * kTail) tail_.erase(0, tail_.size() + bytes.size() - kTail);
  tail_ += bytes;
}

std::string Output::text(std::size_t limit) const {
  const auto kept = head_.size() + tail_.size();
  if (total_ == kept && kept <= limit) return to_valid_utf8(head_ + tail_);
  const auto start = std::min(head_.size(), limit / 3);
  const auto end = std::min(limit - start, tail_.size());
  std::string all;
  if (tail_.size() < limit - start) {
    // Little came after the head: the missing part lies inside the head.
    const auto joined = head_ + tail_;
    const auto last = utf8_suffix(joined, limit - start);
    all = fmt::format("{}{}{}", utf8_prefix(joined, start), missing(total_ - start - last.size()), last);
  } else {
    all = fmt::format("{}{}{}", utf8_prefix(head_, start), missing(total_ - start - end), utf8_suffix(tail_, end));
  }
  return to_valid_utf8(all);
}

std::string Output::tail(std::size_t limit) const {
  if (tail_.size() >= limit) return to_valid_utf8(utf8_suffix(tail_, limit));
  const auto joined = head_ + tail_;
  return to_valid_utf8(utf8_suffix(joined, limit));
}

std::string Output::since(std::uint64_t from, std::size_t limit) const {
  const auto fresh = total_ - std::min(from, total_);
  if (fresh == 0) return {};
  // The head is contiguous with the tail only while nothing was dropped.
  const bool whole = total_ == head_.size() + tail_.size();
  const auto available = whole ? total_ : tail_.size();
  const auto shown = std::min<std::uint64_t>({fresh, available, limit});
  auto text = tail(static_cast<std::size_t>(shown));
  return shown == fresh ? text : missing(fresh - shown) + text;
}

} // namespace openclaw::tools
