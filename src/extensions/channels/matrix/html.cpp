#include "extensions/channels/matrix/html.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/matrix/client_api.hpp"
#include "extensions/channels/matrix/events.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::matrix {
namespace {

using ports::rich_text::Node;
using ports::rich_text::Type;

constexpr std::size_t kMostMentioned = 50;

bool opens_safely(std::string_view address) {
  const auto scheme = lowercase_ascii(address.substr(0, 8));
  return scheme.starts_with("http://") || scheme.starts_with("https://") || scheme.starts_with("mailto:") ||
         scheme.starts_with("magnet:");
}

bool is_block(Type type) {
  return type <= Type::cell;
}

class Writer {
public:
  Html html;

  void blocks(const Node& node, bool tight) {
    bool in_words = false;
    for (const auto& child : node.children) {
      // Words may stand among blocks (a tight list's item).
      if (is_block(child.type) && in_words) html.text += "<br>";
      in_words = !is_block(child.type);
      if (in_words)
        word(child);
      else if (tight && child.type == Type::paragraph && node.children.size() == 1)
        words(child);
      else
        block(child);
    }
  }

private:
  void around(std::string_view name, const Node& node) {
    html.text += fmt::format("<{}>", name);
    words(node);
    html.text += fmt::format("</{}>", name);
  }

  void words(const Node& node) {
    for (const auto& child : node.children)
      word(child);
  }

  void word(const Node& node) {
    switch (node.type) {
    case Type::text:
      text(node.text);
      break;
    case Type::code:
      html.text += fmt::format("<code>{}</code>", escape_html(node.text));
      break;
    case Type::bold:
      around("strong", node);
      break;
    case Type::italic:
      around("em", node);
      break;
    case Type::strike:
      around("del", node);
      break;
    case Type::line_break:
      html.text += "<br>";
      break;
    case Type::link:
      link(node);
      break;
    default:
      block(node);
    }
  }

  void link(const Node& node) {
    if (!opens_safely(node.target)) {
      words(node);
      html.text += fmt::format(" ({})", escape_html(node.target));
      return;
    }
    html.text += fmt::format("<a href=\"{}\">", escape_html(node.target));
    ++in_link_;
    words(node);
    --in_link_;
    html.text += "</a>";
  }

  // Ids of people become mentions, which their clients show as such.
  void text(std::string_view words) {
    constexpr std::string_view kIdBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._=-/+:";
    std::size_t done = 0;
    for (auto at = words.find('@'); at != words.npos && in_link_ == 0; at = words.find('@', at + 1)) {
      if (at > 0 && (kIdBytes.find(words[at - 1]) != kIdBytes.npos)) continue;
      auto end = std::min(words.find_first_not_of(kIdBytes, at + 1), words.size());
      while (end > at && std::string_view(".:-").find(words[end - 1]) != std::string_view::npos)
        --end;
      const auto id = words.substr(at, end - at);
      if (!is_user_id(id) || html.mentioned.size() >= kMostMentioned) continue;
      html.text += escape_html(words.substr(done, at - done));
      html.text += fmt::format("<a href=\"https://matrix.to/#/{}\">{}</a>", escape_html(id), escape_html(id));
      if (std::find(html.mentioned.begin(), html.mentioned.end(), id) == html.mentioned.end())
        html.mentioned.emplace_back(id);
      done = end;
    }
    html.text += escape_html(words.substr(done));
  }

  void block(const Node& node) {
    switch (node.type) {
    case Type::paragraph:
      around("p", node);
      break;
    case Type::heading:
      around(fmt::format("h{}", std::clamp(node.number, 1, 6)), node);
      break;
    case Type::quote:
      html.text += "<blockquote>";
      blocks(node, false);
      html.text += "</blockquote>";
      break;
    case Type::code_block:
      code_block(node);
      break;
    case Type::rule:
      html.text += "<hr>";
      break;
    case Type::list:
      list(node);
      break;
    case Type::table:
      table(node);
      break;
    default:
      blocks(node, false);
    }
  }

  void code_block(const Node& node) {
    std::string language;
    for (const char c : node.target.substr(0, node.target.find(' ')))
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          std::string_view("+#-_").find(c) != std::string_view::npos)
        language += c;
    html.text += language.empty() ? "<pre><code>" : fmt::format("<pre><code class=\"language-{}\">", language);
    html.text += escape_html(node.text) + "</code></pre>";
  }

  void list(const Node& node) {
    const auto name = node.number > 0 ? "ol" : "ul";
    html.text += node.number > 1 ? fmt::format("<ol start=\"{}\">", node.number) : fmt::format("<{}>", name);
    for (const auto& item : node.children) {
      html.text += "<li>";
      blocks(item, true);
      html.text += "</li>";
    }
    html.text += fmt::format("</{}>", name);
  }

  void table(const Node& node) {
    html.text += "<table>";
    for (std::size_t row = 0; row < node.children.size(); ++row) {
      html.text += row == 0 ? "<thead><tr>" : row == 1 ? "<tbody><tr>" : "<tr>";
      for (const auto& cell : node.children[row].children)
        around(row == 0 ? "th" : "td", cell);
      html.text += row == 0 ? "</tr></thead>" : "</tr>";
    }
    html.text += node.children.size() > 1 ? "</tbody></table>" : "</table>";
  }

  int in_link_ = 0;
};

} // namespace

Html to_html(const ports::rich_text::Node& document) {
  Writer writer;
  // One paragraph needs no element around it.
  writer.blocks(document, true);
  return std::move(writer.html);
}

} // namespace openclaw::extensions::matrix
