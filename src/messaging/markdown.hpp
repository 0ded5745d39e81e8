// Markdown as models write it (GFM), as a tree. Any text gives a tree; HTML in it stays visible words.
#pragma once
#include "ports/rich_text.hpp"
#include <string_view>

namespace openclaw::messaging {

ports::rich_text::Node parse_markdown(std::string_view text);

} // namespace openclaw::messaging
