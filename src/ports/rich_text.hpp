// What an agent says, as a tree of blocks and words: messaging makes it from markdown (GFM), and each channel renders
// it in its platform's own dialect. Limits and splitting work on the tree, so a code fence can never be cut open.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openclaw::ports::rich_text {

enum class Type {
  // blocks
  document,
  paragraph,
  heading, // number: 1–6
  list,    // number: the first one's number; 0: bullets
  item,
  quote,
  code_block, // text; target: the info string ("cpp")
  rule,
  table, // children: row, the first is the head
  row,
  cell,
  // inside of blocks
  text,
  bold,
  italic,
  strike,
  code, // text
  link, // target: the address
  line_break,
};

struct Node {
  Type type = Type::document;
  std::string text;
  std::string target;
  int number = 0;
  std::vector<Node> children;
};

// The words alone, as somebody would read them aloud; tables and lists keep their lines.
std::string plain_text(const Node& node);
// A table as aligned columns, for dialects that have none and show it as code.
std::string table_text(const Node& table);

// A dialect that consists of marks around words and in front of lines: most platforms'. What a mark cannot say is said
// by the functions; each must return text that the platform shows as the words it was given.
struct Marks {
  std::pair<std::string_view, std::string_view> bold, italic, strike, code;
  std::string_view bullet = "- ";
  std::string_view rule = "---";
  // Around a quote as a whole; without it each line of a quote begins with `quote_line`.
  std::pair<std::string_view, std::string_view> quote_block;
  std::string_view quote_line = "> ";
  std::string (*escape)(std::string_view words) = nullptr;                           // plain words
  std::string (*escape_code)(std::string_view code) = nullptr;                       // inside code and code blocks
  std::string (*link)(std::string_view label, std::string_view address) = nullptr;   // label is rendered already
  std::string (*code_block)(std::string_view info, std::string_view code) = nullptr; // code is escaped already
  std::string (*heading)(int level, std::string_view label) = nullptr;               // nullptr: bold
};
std::string render(const Node& document, const Marks& marks);

// Ranges over plain text, for platforms that send styles beside the words (Signal). Offsets in UTF-16 units.
struct Range {
  Type style = Type::bold; // bold, italic, strike, code, code_block
  std::size_t start = 0;
  std::size_t length = 0;
};
struct Styled {
  std::string text;
  std::vector<Range> ranges;
};
Styled render_ranges(const Node& document);

// Length of UTF-8 text in UTF-16 units, which is what most platforms count.
std::size_t utf16_length(std::string_view text);

} // namespace openclaw::ports::rich_text
