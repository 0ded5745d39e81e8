// Discord's markdown: how an answer's tree, and plain words, are written so that Discord shows exactly them. Pure.
#pragma once
#include "ports/rich_text.hpp"
#include <string>
#include <string_view>

namespace openclaw::extensions::discord {

// The words with a backslash before everything that Discord would take for markup.
std::string escape(std::string_view words);
std::string to_markdown(const ports::rich_text::Node& document);
std::size_t codepoints(std::string_view text);
std::size_t lines(std::string_view text);

} // namespace openclaw::extensions::discord
