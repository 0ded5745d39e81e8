// Marks text from outside for the model: a boundary with a random name around it, where it comes from, and nothing
// inside that looks like such a boundary.
#pragma once
#include "base/ids.hpp"
#include <string>
#include <string_view>

namespace openclaw::tools::web_fetch {

std::string wrap_untrusted(std::string_view text, std::string_view provenance, Random& random);
// Look-alikes of the boundary, in any case and in full-width letters, are replaced; characters that nobody sees are
// removed.
std::string neutralised(std::string_view text);

} // namespace openclaw::tools::web_fetch
