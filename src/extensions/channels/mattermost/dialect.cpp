#include "extensions/channels/mattermost/dialect.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::mattermost {
namespace {

constexpr std::string_view kMarks = "\\`*_~[]<>&|#";
constexpr std::string_view kNoWidth = "\u200b";

// "1. " and "- " at the beginning of words would make a list of them.
std::size_t list_mark(std::string_view words) {
  std::size_t digits = 0;
  while (digits < words.size() && digits < 9 && words[digits] >= '0' && words[digits] <= '9')
    ++digits;
  if (digits > 0)
    return digits < words.size() && (words[digits] == '.' || words[digits] == ')') ? digits : std::string_view::npos;
  return words.size() > 1 && (words[0] == '-' || words[0] == '+') && words[1] == ' ' ? 0 : std::string_view::npos;
}

bool rings_everybody(std::string_view after_at) {
  const auto lower = lowercase_ascii(after_at.substr(0, 8));
  return lower.starts_with("all") || lower.starts_with("channel") || lower.starts_with("here");
}

std::string escape(std::string_view words) {
  std::string out;
  const auto mark = list_mark(words);
  for (std::size_t at = 0; at < words.size(); ++at) {
    const char c = words[at];
    if (at == mark || kMarks.contains(c)) out += '\\';
    out += c;
    if (c == '@' && rings_everybody(words.substr(at + 1))) out += kNoWidth;
  }
  return out;
}

// A code span and a block end at backticks; a character without width between them does not show.
std::string escape_code(std::string_view code) {
  std::string out;
  std::size_t ticks = 0;
  for (const char c : code) {
    ticks = c == '`' ? ticks + 1 : 0;
    if (ticks == 3) {
      out += kNoWidth;
      ticks = 1;
    }
    out += c;
  }
  return out;
}

std::string code_block(std::string_view info, std::string_view code) {
  std::string language;
  for (const char c : info.substr(0, info.find(' ')))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-')
      language += c;
  return fmt::format("```{}\n{}{}```", language, code, code.ends_with('\n') ? "" : "\n");
}

std::string link(std::string_view label, std::string_view address) {
  if (label == escape(address)) return std::string(address);
  std::string target;
  for (const char c : address)
    target += std::string_view(" ()<>\\\n").contains(c) ? fmt::format("%{:02X}", static_cast<unsigned char>(c))
                                                        : std::string(1, c);
  return fmt::format("[{}]({})", label, target);
}

std::string heading(int level, std::string_view label) {
  return fmt::format("{} {}", std::string(static_cast<std::size_t>(std::clamp(level, 1, 6)), '#'), label);
}

} // namespace

std::string markdown_of(const ports::rich_text::Node& document) {
  static const ports::rich_text::Marks marks = [] {
    ports::rich_text::Marks markdown;
    markdown.bold = {"**", "**"};
    markdown.italic = {"*", "*"};
    markdown.strike = {"~~", "~~"};
    markdown.code = {"`", "`"};
    markdown.escape = escape;
    markdown.escape_code = escape_code;
    markdown.link = link;
    markdown.code_block = code_block;
    markdown.heading = heading;
    return markdown;
  }();
  return ports::rich_text::render(document, marks);
}

} // namespace openclaw::extensions::mattermost
