#include "extensions/channels/telegram/dialect.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::telegram {

namespace rich_text = ports::rich_text;

namespace {

std::string link(std::string_view label, std::string_view address) {
  const auto shown = lowercase_ascii(address);
  if (!shown.starts_with("http://") && !shown.starts_with("https://") && !shown.starts_with("tg://") &&
      !shown.starts_with("mailto:"))
    return fmt::format("{} ({})", label, escape_html(address));
  return fmt::format("<a href=\"{}\">{}</a>", escape_html(address), label);
}
std::string code_block(std::string_view info, std::string_view code) {
  std::string language;
  for (const char c : info.substr(0, info.find(' ')))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-')
      language += c;
  return language.empty() ? fmt::format("<pre>{}</pre>", code)
                          : fmt::format("<pre><code class=\"language-{}\">{}</code></pre>", language, code);
}

} // namespace

const rich_text::Marks& marks() {
  static const rich_text::Marks marks = [] {
    rich_text::Marks html;
    html.bold = {"<b>", "</b>"};
    html.italic = {"<i>", "</i>"};
    html.strike = {"<s>", "</s>"};
    html.code = {"<code>", "</code>"};
    html.quote_block = {"<blockquote>", "</blockquote>"};
    html.bullet = "• ";
    html.rule = "———";
    html.escape = escape_html;
    html.escape_code = escape_html;
    html.link = link;
    html.code_block = code_block;
    return html;
  }();
  return marks;
}

} // namespace openclaw::extensions::telegram
