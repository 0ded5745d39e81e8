#include "extensions/channels/msteams/html.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::msteams {
namespace {

using ports::rich_text::Node;
using ports::rich_text::Type;

// Words keep their own line ends; in HTML they would be spaces.
std::string words(std::string_view text) {
  std::string out;
  for (const char c : escape_html(text))
    out += c == '\n' ? std::string("<br>") : std::string(1, c);
  return out;
}

std::string children_of(const Node& node);

std::string inside(std::string_view tag, std::string_view content) {
  return fmt::format("<{}>{}</{}>", tag, content, tag);
}

std::string code_block(std::string_view info, std::string_view code) {
  std::string language;
  for (const char c : info.substr(0, info.find(' ')))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-')
      language += c;
  return language.empty()
             ? inside("pre", escape_html(code))
             : fmt::format("<pre><code class=\"language-{}\">{}</code></pre>", language, escape_html(code));
}

std::string link(const Node& node) {
  const auto label = children_of(node);
  const auto address = lowercase_ascii(node.target);
  if (!address.starts_with("https://") && !address.starts_with("http://") && !address.starts_with("mailto:"))
    return fmt::format("{} ({})", label, escape_html(node.target));
  return fmt::format("<a href=\"{}\">{}</a>", escape_html(node.target), label);
}

std::string list(const Node& node) {
  const auto content = children_of(node);
  if (node.number == 0) return inside("ul", content);
  return node.number == 1 ? inside("ol", content) : fmt::format("<ol start=\"{}\">{}</ol>", node.number, content);
}

std::string html(const Node& node);

// Its first words stand beside its mark, not in a paragraph below.
std::string item(const Node& node) {
  std::string out;
  for (const auto& child : node.children)
    out += out.empty() && child.type == Type::paragraph ? children_of(child) : html(child);
  return out;
}

std::string html(const Node& node) {
  switch (node.type) {
  case Type::text:
    return words(node.text);
  case Type::code:
    return inside("code", escape_html(node.text));
  case Type::line_break:
    return "<br>";
  case Type::bold:
    return inside("b", children_of(node));
  case Type::italic:
    return inside("i", children_of(node));
  case Type::strike:
    return inside("s", children_of(node));
  case Type::link:
    return link(node);
  case Type::paragraph:
    return inside("p", children_of(node));
  case Type::heading:
    return inside(fmt::format("h{}", std::clamp(node.number, 1, 3)), children_of(node));
  case Type::list:
    return list(node);
  case Type::item:
    return inside("li", item(node));
  case Type::quote:
    return inside("blockquote", children_of(node));
  case Type::code_block:
    return code_block(node.target, node.text);
  case Type::rule:
    return "<hr>";
  case Type::table:
    return inside("pre", escape_html(table_text(node)));
  default:
    return children_of(node);
  }
}

std::string children_of(const Node& node) {
  std::string out;
  for (const auto& child : node.children)
    out += html(child);
  return out;
}

} // namespace

std::string html_of(const Node& document) {
  return html(document);
}

} // namespace openclaw::extensions::msteams
