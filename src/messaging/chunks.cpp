#include "messaging/chunks.hpp"

#include <algorithm>
#include <optional>
#include <utf8proc.h>

namespace openclaw::messaging {
namespace {

using ports::rich_text::Node;
using ports::rich_text::Type;

class Splitter {
public:
  Splitter(std::size_t limit, const std::function<std::size_t(const Node&)>& measure)
      : limit_(limit), measure_(measure) {}

  std::vector<Node> split(const Node& document) {
    for (const auto& block : document.children)
      place(block);
    finish();
    return std::move(pieces_);
  }

private:
  bool fits(const Node& document) const { return measure_(document) <= limit_; }
  bool fits_alone(Node block) const {
    Node document;
    document.children.push_back(std::move(block));
    return fits(document);
  }
  void finish() {
    if (!current_.children.empty()) pieces_.push_back(std::exchange(current_, {}));
  }
  bool append(const Node& block) {
    current_.children.push_back(block);
    if (fits(current_)) return true;
    current_.children.pop_back();
    return false;
  }

  void place(const Node& block) {
    if (append(block)) return;
    // A block that fits a message of its own is not torn to fill the rest of this one.
    if (fits_alone(block)) {
      finish();
      current_.children.push_back(block);
      return;
    }
    finish();
    auto rest = std::optional<Node>(block);
    while (rest) {
      auto [head, tail] = cut(*rest);
      if (!tail) {
        current_.children.push_back(std::move(head));
        return;
      }
      current_.children.push_back(std::move(head));
      finish();
      rest = std::move(tail);
    }
  }

  // The longest beginning of a block that fits alone, and what remains.
  std::pair<Node, std::optional<Node>> cut(const Node& block) const {
    if (fits_alone(block)) return {block, std::nullopt};
    if (block.type == Type::code_block || block.type == Type::text || block.type == Type::code) return cut_text(block);
    return cut_children(block);
  }

  // Puts `node` into copies of its holders, so that what is measured is what will be sent.
  std::pair<Node, std::optional<Node>> cut_children(const Node& block) const {
    Node head = block;
    head.children.clear();
    Node tail = head;
    if (tail.type == Type::table && !block.children.empty()) tail.children.push_back(block.children.front());
    // Length grows with the number of children, so how many fit is found by halving.
    std::size_t index = 0;
    for (std::size_t beyond = block.children.size() + 1; beyond - index > 1;) {
      const auto count = index + (beyond - index) / 2;
      const auto child = [&](std::size_t at) { return block.children.begin() + static_cast<std::ptrdiff_t>(at); };
      if (head.children.size() > count)
        head.children.resize(count);
      else
        head.children.insert(head.children.end(), child(head.children.size()), child(count));
      (fits_alone(head) ? index : beyond) = count;
    }
    head.children.assign(block.children.begin(), block.children.begin() + static_cast<std::ptrdiff_t>(index));
    const bool only_head_row = block.type == Type::table && index <= 1;
    if (index == 0 || only_head_row) {
      // Not even the first child fits: it is cut itself, inside of its holder.
      if (block.children.empty()) return {block, std::nullopt};
      const auto& first = block.children[only_head_row && block.children.size() > 1 ? 1 : 0];
      const Splitter inner(limit_, measure_);
      auto [part, rest] = inner.cut_inside(head, first);
      if (!rest && block.children.size() == 1) return {std::move(part), std::nullopt};
      tail.children.clear();
      if (rest) tail.children.push_back(std::move(*rest));
      const std::size_t next = only_head_row && block.children.size() > 1 ? 2 : 1;
      tail.children.insert(tail.children.end(), block.children.begin() + static_cast<std::ptrdiff_t>(next),
                           block.children.end());
      if (tail.children.empty()) return {std::move(part), std::nullopt};
      return {std::move(part), std::move(tail)};
    }
    // Between words there may be a better place than right before the child that did not fit.
    tail.children.insert(tail.children.end(), block.children.begin() + static_cast<std::ptrdiff_t>(index),
                         block.children.end());
    if (block.type == Type::paragraph && index < block.children.size() && block.children[index].type == Type::text) {
      auto [part, rest] = cut_inside(head, block.children[index]);
      if (rest && part.children.size() > head.children.size()) {
        tail.children.front() = std::move(*rest);
        return {std::move(part), std::move(tail)};
      }
    }
    if (block.type == Type::list && block.number > 0) tail.number = block.number + static_cast<int>(index);
    return {std::move(head), std::move(tail)};
  }

  // `holder` with as much of `child` as fits, and what remains of `child`.
  std::pair<Node, std::optional<Node>> cut_inside(Node holder, const Node& child) const {
    const auto size = holder.children.size();
    const std::function<std::size_t(const Node&)> measure = [&](const Node& document) {
      auto whole = holder;
      whole.children.insert(whole.children.end(), document.children.begin(), document.children.end());
      Node outer;
      outer.children.push_back(std::move(whole));
      return measure_(outer);
    };
    const Splitter inner(limit_, measure);
    auto [head, tail] = inner.cut(child);
    holder.children.resize(size);
    if (head.text.empty() && head.children.empty() && tail && tail->text == child.text && size > 0)
      return {std::move(holder), child};
    holder.children.push_back(std::move(head));
    return {std::move(holder), std::move(tail)};
  }

  std::pair<Node, std::optional<Node>> cut_text(const Node& block) const {
    const auto with = [&](std::size_t bytes) {
      Node part = block;
      part.text.resize(bytes);
      return part;
    };
    // The longest prefix of whole code points that fits.
    std::size_t low = 0;
    std::size_t high = block.text.size();
    while (low < high) {
      auto middle = low + (high - low + 1) / 2;
      while (middle > low && middle < block.text.size() && is_continuation(block.text[middle]))
        --middle;
      if (middle == low) {
        middle = low + 1;
        while (middle < high && is_continuation(block.text[middle]))
          ++middle;
      }
      if (fits_alone(with(middle)))
        low = middle;
      else
        high = middle > low + 1 ? before(block.text, middle) : low;
      if (high < low) high = low;
    }
    if (low == 0) {
      // One character longer than the limit: it goes out alone, or this would never end.
      low = 1;
      while (low < block.text.size() && is_continuation(block.text[low]))
        ++low;
    }
    auto at = good_place(block.text, low, block.type == Type::code_block);
    Node head = with(at.first);
    Node tail = block;
    tail.text.erase(0, at.second);
    if (tail.text.empty()) return {std::move(head), std::nullopt};
    return {std::move(head), std::move(tail)};
  }

  static bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
  static std::size_t before(const std::string& text, std::size_t at) {
    do
      --at;
    while (at > 0 && is_continuation(text[at]));
    return at;
  }

  // {end of the head, begin of the tail} at or before `limit`: after a line, a sentence, a word, else between two
  // grapheme clusters. Only a line's end is dropped; everything else stays in one of the two.
  static std::pair<std::size_t, std::size_t> good_place(const std::string& text, std::size_t limit, bool code) {
    const auto least = limit / 3;
    if (const auto line = text.rfind('\n', limit); line != std::string::npos && line > least) return {line, line + 1};
    if (!code) {
      for (const std::string_view end : {". ", "! ", "? ", "。"})
        if (const auto found = text.rfind(end, limit > end.size() ? limit - end.size() : 0);
            found != std::string::npos && found > least)
          return {found + end.size(), found + end.size()};
      if (const auto space = text.rfind(' ', limit - 1); space != std::string::npos && space > least)
        return {space + 1, space + 1};
    }
    return {grapheme_start(text, limit), grapheme_start(text, limit)};
  }

  // The nearest cluster boundary at or before `limit`, or `limit` when a cluster is absurdly long.
  static std::size_t grapheme_start(const std::string& text, std::size_t limit) {
    if (limit >= text.size()) return text.size();
    const auto from = limit > 256 ? limit - 256 : 0;
    std::size_t at = from;
    while (at > 0 && is_continuation(text[at]))
      --at;
    std::size_t last = at;
    utf8proc_int32_t previous = -1;
    utf8proc_int32_t state = 0;
    while (at <= limit && at < text.size()) {
      utf8proc_int32_t point = -1;
      const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                         static_cast<utf8proc_ssize_t>(text.size() - at), &point);
      if (size <= 0) return limit;
      if (previous < 0 || utf8proc_grapheme_break_stateful(previous, point, &state)) last = at;
      previous = point;
      at += static_cast<std::size_t>(size);
    }
    return last > from || from == 0 ? (last == 0 ? limit : last) : limit;
  }

  std::size_t limit_;
  const std::function<std::size_t(const Node&)>& measure_;
  Node current_;
  std::vector<Node> pieces_;
};

} // namespace

std::vector<Node> split_document(const Node& document, std::size_t limit,
                                 const std::function<std::size_t(const Node&)>& measure) {
  if (document.children.empty()) return {};
  if (measure(document) <= limit) return {document};
  return Splitter(std::max<std::size_t>(limit, 1), measure).split(document);
}

} // namespace openclaw::messaging
