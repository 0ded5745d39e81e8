// An agent's text as Matrix shows it: org.matrix.custom.html from the elements that the specification allows, the plain
// words beside it, and whom they mention.
#pragma once
#include "ports/rich_text.hpp"
#include <string>
#include <vector>

namespace openclaw::extensions::matrix {

struct Html {
  std::string text;
  std::vector<std::string> mentioned; // user ids, each once
};
Html to_html(const ports::rich_text::Node& document);

} // namespace openclaw::extensions::matrix
