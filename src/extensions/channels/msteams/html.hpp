// Text as Teams' XML format: the few HTML tags that messages of bots may have. Tables, which are not among them, are
// shown as code.
#pragma once
#include "ports/rich_text.hpp"
#include <string>

namespace openclaw::extensions::msteams {

std::string html_of(const ports::rich_text::Node& document);

} // namespace openclaw::extensions::msteams
