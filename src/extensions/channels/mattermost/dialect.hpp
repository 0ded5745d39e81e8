// Text in Mattermost's markdown, in which words that look like marks, and those that ring everybody, stay words.
#pragma once
#include "ports/rich_text.hpp"
#include <string>

namespace openclaw::extensions::mattermost {

std::string markdown_of(const ports::rich_text::Node& document);

} // namespace openclaw::extensions::mattermost
