#include "messaging/markdown.hpp"

#include "base/text.hpp"
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <memory>

namespace openclaw::messaging {
namespace {

using ports::rich_text::Node;
using ports::rich_text::Type;

constexpr int kDeepest = 64; // deeper nesting is shown as its words

std::string_view text_of(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

std::string_view without_last_newline(std::string_view text) {
  return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}

void add_children(Node& to, cmark_node* from, int depth);

void add(Node& to, cmark_node* from, int depth) {
  const auto kind = cmark_node_get_type(from);
  const std::string_view name = cmark_node_get_type_string(from);
  Node node;
  if (kind == CMARK_NODE_PARAGRAPH) {
    node.type = Type::paragraph;
  } else if (kind == CMARK_NODE_HEADING) {
    node.type = Type::heading;
    node.number = cmark_node_get_heading_level(from);
  } else if (kind == CMARK_NODE_LIST) {
    node.type = Type::list;
    node.number =
        cmark_node_get_list_type(from) == CMARK_ORDERED_LIST ? std::max(1, cmark_node_get_list_start(from)) : 0;
  } else if (kind == CMARK_NODE_ITEM) {
    node.type = Type::item;
  } else if (kind == CMARK_NODE_BLOCK_QUOTE) {
    node.type = Type::quote;
  } else if (kind == CMARK_NODE_CODE_BLOCK) {
    node.type = Type::code_block;
    node.text = without_last_newline(text_of(cmark_node_get_literal(from)));
    node.target = text_of(cmark_node_get_fence_info(from));
  } else if (kind == CMARK_NODE_HTML_BLOCK) {
    Node words;
    words.type = Type::text;
    words.text = without_last_newline(text_of(cmark_node_get_literal(from)));
    node.type = Type::paragraph;
    node.children.push_back(std::move(words));
    to.children.push_back(std::move(node));
    return;
  } else if (kind == CMARK_NODE_THEMATIC_BREAK) {
    node.type = Type::rule;
  } else if (name == "table") {
    node.type = Type::table;
  } else if (name == "table_row" || name == "table_header") {
    node.type = Type::row;
  } else if (name == "table_cell") {
    node.type = Type::cell;
  } else if (kind == CMARK_NODE_TEXT || kind == CMARK_NODE_HTML_INLINE) {
    node.type = Type::text;
    node.text = text_of(cmark_node_get_literal(from));
  } else if (kind == CMARK_NODE_CODE) {
    node.type = Type::code;
    node.text = text_of(cmark_node_get_literal(from));
  } else if (kind == CMARK_NODE_SOFTBREAK || kind == CMARK_NODE_LINEBREAK) {
    node.type = Type::line_break;
  } else if (kind == CMARK_NODE_EMPH) {
    node.type = Type::italic;
  } else if (kind == CMARK_NODE_STRONG) {
    node.type = Type::bold;
  } else if (name == "strikethrough") {
    node.type = Type::strike;
  } else if (kind == CMARK_NODE_LINK || kind == CMARK_NODE_IMAGE) {
    node.type = Type::link;
    node.target = text_of(cmark_node_get_url(from));
  } else {
    add_children(to, from, depth);
    return;
  }
  add_children(node, from, depth);
  to.children.push_back(std::move(node));
}

void add_children(Node& to, cmark_node* from, int depth) {
  if (depth >= kDeepest) {
    Node words;
    words.type = Type::text;
    const std::unique_ptr<char, decltype(&std::free)> text(cmark_render_plaintext(from, 0, 0), std::free);
    words.text = text_of(text.get());
    to.children.push_back(std::move(words));
    return;
  }
  for (auto* child = cmark_node_first_child(from); child != nullptr; child = cmark_node_next(child))
    add(to, child, depth + 1);
}

} // namespace

Node parse_markdown(std::string_view text) {
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser(
      cmark_parser_new(CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE), cmark_parser_free);
  for (const char* extension : {"table", "strikethrough", "autolink", "tasklist"})
    if (auto* found = cmark_find_syntax_extension(extension)) cmark_parser_attach_syntax_extension(parser.get(), found);
  cmark_parser_feed(parser.get(), text.data(), text.size());
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> document(cmark_parser_finish(parser.get()),
                                                                         cmark_node_free);
  Node root;
  if (document) add_children(root, document.get(), 0);
  return root;
}

} // namespace openclaw::messaging
