// A text that is too long for a platform, as several messages: cut between blocks, else between lines, sentences or
// words, and only then within one. The pieces are trees again, so marks and code fences are closed and opened by
// themselves.
#pragma once
#include "ports/rich_text.hpp"
#include <functional>
#include <vector>

namespace openclaw::messaging {

// `measure` gives the length of a tree as the platform will count it. A piece is longer than `limit` only when a single
// character is.
std::vector<ports::rich_text::Node>
split_document(const ports::rich_text::Node& document, std::size_t limit,
               const std::function<std::size_t(const ports::rich_text::Node&)>& measure);

} // namespace openclaw::messaging
