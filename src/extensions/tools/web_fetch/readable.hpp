// HTML as readable text: headings, links, lists, code and tables as markdown, or the words alone. Navigation, scripts
// and what a reader would not see are left out. Blocking, meant for the pool; bounded in depth and output, never fails.
#pragma once
#include <string>
#include <string_view>

namespace openclaw::tools::web_fetch {

struct Readable {
  std::string title;
  std::string text;
};
// `base_url` makes links absolute. Output stops near `limit` bytes.
Readable readable_html(std::string_view html, const std::string& base_url, bool markdown, std::size_t limit);

} // namespace openclaw::tools::web_fetch
