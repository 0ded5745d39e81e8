// Words put into other languages, so that they stay words there.
#pragma once
#include <string>
#include <string_view>

namespace openclaw {

// For HTML, between tags and in attributes with double quotes: &, <, > and ".
std::string escape_html(std::string_view words);
// For one part of a URL's path or query: everything but letters, digits and "-._~" as %XX (RFC 3986, 2.3).
std::string percent_encoded(std::string_view text);
// "https://host/base" of "https://host/base//": what paths that begin with a slash are put behind.
std::string without_trailing_slashes(std::string_view address);

} // namespace openclaw
