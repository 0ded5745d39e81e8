#include "extensions/channels/discord/dialect.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

namespace rich_text = ports::rich_text;

// Whether a line that begins with this would become a heading, a list or a quote.
bool begins_block(std::string_view line) {
  const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits > 0 && digits < 10) return line.substr(digits).starts_with(". ");
  for (const std::string_view mark : {"# ", "## ", "### ", "-# ", "- ", "+ ", "> ", ">>> "})
    if (line.starts_with(mark)) return true;
  return false;
}

// "<@1>", "<#1>", "<:a:1>", "</command:1>", "<t:1>", "<id:home>", and addresses.
bool begins_reference(std::string_view rest) {
  const auto inside = rest.substr(1, std::min(rest.find('>'), std::size_t{100}) - 1);
  if (inside.empty() || inside.size() + 1 >= rest.size()) return false;
  for (const std::string_view mark : {"t:", "id:", "http://", "https://"})
    if (inside.starts_with(mark)) return true;
  const bool id_at_the_end = inside.back() >= '0' && inside.back() <= '9';
  return id_at_the_end && (std::string_view("@#:/").contains(inside.front()) || inside.starts_with("a:"));
}

std::string link(std::string_view label, std::string_view address) {
  const auto scheme = lowercase_ascii(address.substr(0, 8));
  const bool web = (scheme.starts_with("http://") || scheme.starts_with("https://")) &&
                   address.find_first_of(" <>\n") == std::string_view::npos;
  const auto shown = escape(address);
  if (!web) return label == shown ? std::string(label) : fmt::format("{} ({})", label, shown);
  // In angle brackets, or Discord adds a preview of the page.
  if (label == shown || label.empty()) return fmt::format("<{}>", address);
  return fmt::format("[{}](<{}>)", label, address);
}

// Three backticks would end the block: a space of no width keeps them apart.
std::string escape_code(std::string_view code) {
  std::string out(code);
  for (auto at = out.find("```"); at != std::string::npos; at = out.find("```", at))
    out.replace(at, 3, "`\u200b`\u200b`");
  return out;
}

std::string code_block(std::string_view info, std::string_view code) {
  std::string language;
  for (const char c : info.substr(0, info.find(' ')))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("+#-_.").contains(c))
      language += c;
  return fmt::format("```{}\n{}\n```", language, code);
}

std::string heading(int level, std::string_view label) {
  if (level <= 3) return fmt::format("{} {}", std::string(static_cast<std::size_t>(std::max(level, 1)), '#'), label);
  return fmt::format("**{}**", label);
}

const rich_text::Marks& marks() {
  static const rich_text::Marks marks = [] {
    rich_text::Marks markdown;
    markdown.bold = {"**", "**"};
    markdown.italic = {"*", "*"};
    markdown.strike = {"~~", "~~"};
    markdown.code = {"`", "`"};
    markdown.rule = "———";
    markdown.escape = escape;
    markdown.escape_code = escape_code;
    markdown.link = link;
    markdown.code_block = code_block;
    markdown.heading = heading;
    return markdown;
  }();
  return marks;
}

bool is_hard_code(const rich_text::Node& node) {
  return node.type == rich_text::Type::code && node.text.find('`') != std::string::npos;
}
bool has_hard_code(const rich_text::Node& node) {
  return is_hard_code(node) || std::any_of(node.children.begin(), node.children.end(), has_hard_code);
}
// Code with a backtick inside cannot be marked as code: it is shown as the words it is.
void soften(rich_text::Node& node) {
  if (is_hard_code(node)) node.type = rich_text::Type::text;
  for (auto& child : node.children)
    soften(child);
}

} // namespace

std::string escape(std::string_view words) {
  std::string out;
  out.reserve(words.size() + 8);
  bool line_start = true;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const char c = words[at];
    const auto rest = words.substr(at);
    if (line_start && begins_block(rest)) {
      // "1. " is disarmed at its dot.
      const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
      out += rest.substr(0, digits);
      out += '\\';
      out += rest[digits];
      at += digits;
      line_start = false;
      continue;
    }
    if (std::string_view("\\*_~`|[").contains(c) || (c == '<' && begins_reference(rest))) out += '\\';
    out += c;
    line_start = c == '\n' || (line_start && c == ' ');
  }
  return out;
}

std::string to_markdown(const rich_text::Node& document) {
  if (!has_hard_code(document)) return rich_text::render(document, marks());
  auto softened = document;
  soften(softened);
  return rich_text::render(softened, marks());
}

std::size_t codepoints(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::size_t lines(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

} // namespace openclaw::extensions::discord
