#include "extensions/channels/whatsapp/dialect.hpp"

#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

// There is no way to escape a mark: words are sent as they are.
std::string as_it_is(std::string_view words) {
  return std::string(words);
}

// Three marks in a row would end the block: something without width comes between them.
std::string inside_code(std::string_view code) {
  std::string out;
  int row = 0;
  for (const char c : code) {
    row = c == '`' ? row + 1 : 0;
    if (row == 3) {
      out += "\xE2\x80\x8B";
      row = 1;
    }
    out += c;
  }
  return out;
}

std::string link(std::string_view label, std::string_view address) {
  return label.empty() || label == address ? std::string(address) : fmt::format("{} ({})", label, address);
}

std::string code_block(std::string_view, std::string_view code) {
  return fmt::format("```\n{}{}```", code, code.ends_with('\n') ? "" : "\n");
}

} // namespace

const ports::rich_text::Marks& marks() {
  static const ports::rich_text::Marks all = [] {
    ports::rich_text::Marks marks;
    marks.bold = {"*", "*"};
    marks.italic = {"_", "_"};
    marks.strike = {"~", "~"};
    marks.code = {"`", "`"};
    marks.escape = as_it_is;
    marks.escape_code = inside_code;
    marks.link = link;
    marks.code_block = code_block;
    return marks;
  }();
  return all;
}

} // namespace openclaw::extensions::whatsapp
