#include "extensions/tools/web_fetch/readable.hpp"

#include "base/text.hpp"
#include "extensions/tools/web_fetch/markdown_writer.hpp"
#include "net/egress.hpp"
#include <fmt/core.h>
#include <gumbo.h>
#include <optional>
#include <set>
#include <vector>

namespace openclaw::tools::web_fetch {
namespace {

constexpr int kDepth = 512;
constexpr std::size_t kLongestName = 20;
constexpr std::size_t kTableRows = 2000;
constexpr std::size_t kTitleBytes = 500;

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const auto candidate : names)
    if (name == candidate) return true;
  return false;
}

// Elements that nest, so that counting them bounds the tree's depth from above well enough.
bool ends_by_itself(std::string_view name) {
  return one_of(name, {"p",      "li",    "td",   "tr",    "th",    "dt",    "dd",    "option", "thead",
                       "tbody",  "tfoot", "col",  "br",    "hr",    "img",   "input", "meta",   "link",
                       "source", "area",  "base", "embed", "param", "track", "wbr"});
}

// gumbo frees its tree by recursion and is slow on deep ones: absurdly nested pages never reach it.
bool too_deep(std::string_view html) {
  int depth = 0;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const bool closing = html.substr(at + 1, 1) == "/";
    const auto behind = html.substr(std::min(html.size(), at + (closing ? 2 : 1)), kLongestName);
    if (behind.empty() || std::isalpha(static_cast<unsigned char>(behind.front())) == 0) continue;
    const auto name = lowercase_ascii(behind.substr(0, behind.find_first_of(" \t\r\n\f/>")));
    if (ends_by_itself(name)) continue;
    if (closing)
      depth = std::max(0, depth - 1);
    else if (++depth > kDepth)
      return true;
  }
  return false;
}

std::string without_tags(std::string_view html, std::size_t limit) {
  std::string out;
  bool inside = false;
  for (const char letter : html) {
    if (out.size() >= limit) break;
    if (letter == '<') inside = true;
    if (!inside) out += letter;
    if (letter == '>') inside = false;
  }
  return out;
}

std::string_view attribute(const GumboElement& element, const char* name) {
  const auto* found = gumbo_get_attribute(&element.attributes, name);
  return found != nullptr ? std::string_view(found->value) : std::string_view{};
}

std::string tag_name(const GumboElement& element) {
  if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
  return {};
}

bool left_out(const GumboElement& element, std::string_view name) {
  if (one_of(name, {"script", "style", "noscript", "nav", "template", "svg", "math", "iframe", "object", "canvas",
                    "head", "title", "select", "dialog"}))
    return true;
  if (gumbo_get_attribute(&element.attributes, "hidden") != nullptr || attribute(element, "aria-hidden") == "true")
    return true;
  if (attribute(element, "role") == "navigation") return true;
  // Text that no reader sees is there for machines, and often against them.
  std::string style;
  for (const char letter : lowercase_ascii(attribute(element, "style")))
    if (letter != ' ') style += letter;
  return style.find("display:none") != std::string::npos || style.find("visibility:hidden") != std::string::npos ||
         style.find("font-size:0") != std::string::npos || style.find("opacity:0;") != std::string::npos ||
         style.ends_with("opacity:0");
}

class Reader {
public:
  Reader(const std::string& base_url, bool markdown, std::size_t limit) : markdown_(markdown), limit_(limit) {
    if (auto base = net::parse_url(base_url)) base_ = std::move(*base);
  }

  std::string title;

  void read(const GumboNode& node, MarkdownWriter& out, int depth) {
    if (depth > kDepth || out.size() > limit_) return;
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE || node.type == GUMBO_NODE_CDATA) {
      out.text(node.v.text.text);
      return;
    }
    if (node.type != GUMBO_NODE_ELEMENT) return;
    const auto& element = node.v.element;
    const auto name = tag_name(element);
    if (left_out(element, name)) return;
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      out.block();
      if (markdown_) out.mark(std::string(static_cast<std::size_t>(name[1] - '0'), '#') + " ");
      children(element, out, depth);
      out.block();
    } else if (name == "a") {
      link(element, out, depth);
    } else if (name == "br") {
      out.line();
    } else if (name == "hr") {
      out.block();
      if (markdown_) out.mark("---");
      out.block();
    } else if (name == "img") {
      const auto words = attribute(element, "alt");
      if (markdown_ && !trim(words).empty()) out.text("[image: " + std::string(words) + "]");
    } else if (name == "ul" || name == "ol") {
      list(element, out, depth, name == "ol");
    } else if (name == "pre") {
      preformatted(element, out, depth);
    } else if (name == "code" || name == "kbd" || name == "samp") {
      around(element, out, depth, "`");
    } else if (name == "strong" || name == "b") {
      around(element, out, depth, "**");
    } else if (name == "em" || name == "i") {
      around(element, out, depth, "*");
    } else if (name == "blockquote") {
      out.block();
      out.push_prefix(markdown_ ? "> " : "");
      children(element, out, depth);
      out.block();
      out.pop_prefix();
    } else if (name == "table") {
      table(element, out, depth);
    } else if (one_of(name, {"p",      "div",        "section", "article", "main",    "header",  "footer",   "aside",
                             "figure", "figcaption", "form",    "details", "summary", "address", "fieldset", "dl",
                             "dt",     "dd",         "body",    "li",      "center",  "tr"})) {
      out.block();
      children(element, out, depth);
      out.block();
    } else {
      children(element, out, depth);
    }
  }

  void find_title(const GumboNode& node, int depth) {
    if (depth > 4 || node.type != GUMBO_NODE_ELEMENT || !title.empty()) return;
    const auto& element = node.v.element;
    if (element.tag == GUMBO_TAG_TITLE) {
      MarkdownWriter words;
      children_text(element, words, 0);
      title = std::string(utf8_prefix(words.take(), kTitleBytes));
      return;
    }
    for (unsigned i = 0; i < element.children.length; ++i)
      find_title(child(element, i), depth + 1);
  }

private:
  static const GumboNode& child(const GumboElement& element, unsigned index) {
    return *static_cast<const GumboNode*>(element.children.data[index]);
  }

  void children(const GumboElement& element, MarkdownWriter& out, int depth) {
    for (unsigned i = 0; i < element.children.length; ++i)
      read(child(element, i), out, depth + 1);
  }

  static void children_text(const GumboElement& element, MarkdownWriter& out, int depth) {
    if (depth > kDepth) return;
    for (unsigned i = 0; i < element.children.length; ++i) {
      const auto& node = child(element, i);
      if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE || node.type == GUMBO_NODE_CDATA)
        out.text(node.v.text.text);
      else if (node.type == GUMBO_NODE_ELEMENT && node.v.element.tag == GUMBO_TAG_BR)
        out.line();
      else if (node.type == GUMBO_NODE_ELEMENT && !left_out(node.v.element, tag_name(node.v.element)))
        children_text(node.v.element, out, depth + 1);
    }
  }

  void around(const GumboElement& element, MarkdownWriter& out, int depth, std::string_view sign) {
    if (!markdown_) return children(element, out, depth);
    const auto words = inner(element, depth);
    if (words.empty()) return out.text(" ");
    out.open(element_starts_with_space(element));
    out.mark(std::string(sign) + words + std::string(sign));
    if (element_ends_with_space(element)) out.text(" ");
  }

  std::string inner(const GumboElement& element, int depth) {
    MarkdownWriter words;
    children(element, words, depth + 1);
    auto text = words.take();
    for (auto& letter : text)
      if (letter == '\n') letter = ' ';
    return text;
  }

  static bool element_starts_with_space(const GumboElement& element) {
    return element.children.length > 0 && child(element, 0).type == GUMBO_NODE_WHITESPACE;
  }
  static bool element_ends_with_space(const GumboElement& element) {
    return element.children.length > 0 && child(element, element.children.length - 1).type == GUMBO_NODE_WHITESPACE;
  }

  void link(const GumboElement& element, MarkdownWriter& out, int depth) {
    const auto href = attribute(element, "href");
    if (!markdown_ || href.empty() || href.starts_with('#')) return children(element, out, depth);
    const auto words = inner(element, depth);
    if (words.empty()) return;
    std::string target;
    if (href.starts_with("mailto:"))
      target = std::string(href);
    else if (auto resolved = net::resolve_url(base_, href))
      target = std::move(*resolved);
    out.open(false);
    // A script or a malformed address is no link: its words stay.
    out.mark(target.empty() ? words : fmt::format("[{}]({})", words, target));
  }

  void list(const GumboElement& element, MarkdownWriter& out, int depth, bool numbered) {
    const bool nested = list_depth_ > 0;
    if (nested) {
      out.line();
      out.close_up();
    } else {
      out.block();
    }
    ++list_depth_;
    int number = 1;
    for (unsigned i = 0; i < element.children.length; ++i) {
      const auto& node = child(element, i);
      if (node.type != GUMBO_NODE_ELEMENT) continue;
      out.line();
      const auto bullet = numbered ? fmt::format("{}. ", number++) : std::string("- ");
      if (node.v.element.tag != GUMBO_TAG_LI) {
        read(node, out, depth + 1);
        continue;
      }
      if (left_out(node.v.element, "li")) continue;
      out.mark(bullet);
      out.push_prefix(std::string(bullet.size(), ' '));
      out.tight();
      children(node.v.element, out, depth + 1);
      out.pop_prefix();
    }
    --list_depth_;
    nested ? out.line() : out.block();
  }

  void preformatted(const GumboElement& element, MarkdownWriter& out, int depth) {
    MarkdownWriter words(true);
    children_text(element, words, depth);
    auto code = words.take();
    while (code.ends_with('\n'))
      code.pop_back();
    std::string fence = "```";
    while (code.find(fence) != std::string::npos)
      fence += '`';
    out.block();
    if (markdown_)
      out.verbatim(fence + "\n" + code + "\n" + fence);
    else
      out.verbatim(code);
    out.block();
  }

  void rows_of(const GumboElement& element, std::vector<std::vector<std::string>>& rows, int depth) {
    for (unsigned i = 0; i < element.children.length && rows.size() < kTableRows; ++i) {
      const auto& node = child(element, i);
      if (node.type != GUMBO_NODE_ELEMENT || left_out(node.v.element, tag_name(node.v.element))) continue;
      const auto tag = node.v.element.tag;
      if (tag == GUMBO_TAG_TR) {
        rows.emplace_back();
        rows_of(node.v.element, rows, depth + 1);
      } else if ((tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) && !rows.empty()) {
        std::string cell;
        for (const char letter : inner(node.v.element, depth)) {
          if (letter == '|') cell += '\\';
          cell += letter;
        }
        rows.back().push_back(std::move(cell));
      } else if (tag == GUMBO_TAG_THEAD || tag == GUMBO_TAG_TBODY || tag == GUMBO_TAG_TFOOT) {
        rows_of(node.v.element, rows, depth + 1);
      }
    }
  }

  void table(const GumboElement& element, MarkdownWriter& out, int depth) {
    if (depth > kDepth) return;
    std::vector<std::vector<std::string>> rows;
    rows_of(element, rows, depth + 1);
    std::erase_if(rows, [](const auto& row) { return row.empty(); });
    out.block();
    std::size_t columns = 0;
    for (const auto& row : rows)
      columns = std::max(columns, row.size());
    for (std::size_t i = 0; i < rows.size() && out.size() <= limit_; ++i) {
      // One column is layout, not a table.
      const bool grid = markdown_ && columns > 1;
      out.mark(grid ? "| " + join(rows[i], " | ") + " |" : join(rows[i], " "));
      out.line();
      if (grid && i == 0) {
        std::string rule = "|";
        for (std::size_t column = 0; column < columns; ++column)
          rule += " --- |";
        out.mark(rule);
        out.line();
      }
    }
    out.block();
  }

  net::Url base_{"https", "invalid", 443, "/"};
  bool markdown_;
  std::size_t limit_;
  int list_depth_ = 0;
};

} // namespace

Readable readable_html(std::string_view html, const std::string& base_url, bool markdown, std::size_t limit) {
  if (too_deep(html)) return {"", without_tags(html, limit)};
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  GumboOutput* parsed = gumbo_parse_with_options(&options, html.data(), html.size());
  Reader reader(base_url, markdown, limit);
  MarkdownWriter out;
  reader.find_title(*parsed->root, 0);
  reader.read(*parsed->root, out, 0);
  gumbo_destroy_output(&options, parsed);
  return {std::move(reader.title), out.take()};
}

} // namespace openclaw::tools::web_fetch
