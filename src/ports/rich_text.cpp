#include "ports/rich_text.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace openclaw::ports::rich_text {
namespace {

std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

bool is_block(Type type) {
  return type <= Type::cell;
}

// Lines of `text`, each behind `first` or, from the second on, behind `next`.
std::string with_prefix(std::string_view text, std::string_view first, std::string_view next) {
  std::string out;
  std::size_t start = 0;
  bool is_first = true;
  while (start <= text.size()) {
    const auto end = std::min(text.find('\n', start), text.size());
    if (!is_first) out += '\n';
    out += is_first ? first : next;
    out += text.substr(start, end - start);
    is_first = false;
    start = end + 1;
  }
  return out;
}

// One walk for every dialect: what differs is asked of `Dialect`.
template <class Dialect>
class Walk {
public:
  explicit Walk(const Dialect& dialect) : dialect_(dialect) {}

  std::string words(const Node& node) const {
    std::string out;
    for (const auto& child : node.children)
      out += word(child);
    return out;
  }

  std::string blocks(const Node& node, std::string_view between) const {
    std::string out;
    std::string line; // words that stand among blocks (a tight list's item)
    const auto add = [&](std::string text) {
      if (text.empty()) return;
      if (!out.empty()) out += between;
      out += text;
    };
    for (const auto& child : node.children) {
      if (is_block(child.type)) {
        add(std::exchange(line, {}));
        add(block(child));
      } else {
        line += word(child);
      }
    }
    add(std::move(line));
    return out;
  }

private:
  std::string word(const Node& node) const {
    switch (node.type) {
    case Type::text:
      return dialect_.text(node.text);
    case Type::code:
      return dialect_.code(node.text);
    case Type::line_break:
      return "\n";
    case Type::bold:
    case Type::italic:
    case Type::strike:
      return dialect_.styled(node.type, words(node));
    case Type::link:
      return dialect_.link(words(node), node);
    default:
      return block(node);
    }
  }

  std::string block(const Node& node) const {
    switch (node.type) {
    case Type::paragraph:
      return words(node);
    case Type::heading:
      return dialect_.heading(node.number, words(node));
    case Type::code_block:
      return dialect_.code_block(node.target, node.text);
    case Type::rule:
      return dialect_.rule();
    case Type::table:
      return dialect_.code_block("", table_text(node));
    case Type::quote:
      return dialect_.quote(blocks(node, "\n\n"));
    case Type::list:
      return list(node);
    default:
      return blocks(node, "\n");
    }
  }

  std::string list(const Node& node) const {
    std::string out;
    int number = node.number;
    for (const auto& item : node.children) {
      const auto mark = node.number > 0 ? fmt::format("{}. ", number++) : dialect_.bullet();
      if (!out.empty()) out += '\n';
      out += with_prefix(blocks(item, "\n"), mark, std::string(std::min<std::size_t>(shown_width(mark), 3), ' '));
    }
    return out;
  }

  const Dialect& dialect_;
};

struct MarksDialect {
  const Marks& marks;
  std::string text(std::string_view words) const { return marks.escape ? marks.escape(words) : std::string(words); }
  std::string escaped_code(std::string_view code) const {
    return marks.escape_code ? marks.escape_code(code) : std::string(code);
  }
  std::string code(std::string_view words) const {
    return fmt::format("{}{}{}", marks.code.first, escaped_code(words), marks.code.second);
  }
  std::string styled(Type type, std::string inner) const {
    // A mark around nothing, or around spaces at its edge, is shown as itself by most platforms.
    const auto first = inner.find_first_not_of(" \n");
    if (first == std::string::npos) return inner;
    const auto last = inner.find_last_not_of(" \n");
    const auto& pair = type == Type::bold ? marks.bold : type == Type::italic ? marks.italic : marks.strike;
    return fmt::format("{}{}{}{}{}", inner.substr(0, first), pair.first, inner.substr(first, last - first + 1),
                       pair.second, inner.substr(last + 1));
  }
  std::string link(const std::string& label, const Node& node) const {
    if (marks.link) return marks.link(label, node.target);
    return label == node.target ? label : fmt::format("{} ({})", label, text(node.target));
  }
  std::string heading(int level, const std::string& label) const {
    return marks.heading ? marks.heading(level, label) : styled(Type::bold, label);
  }
  std::string code_block(std::string_view info, std::string_view code) const {
    const auto escaped = escaped_code(code);
    return marks.code_block ? marks.code_block(info, escaped) : escaped;
  }
  std::string quote(const std::string& inner) const {
    if (!marks.quote_block.first.empty())
      return fmt::format("{}{}{}", marks.quote_block.first, inner, marks.quote_block.second);
    return with_prefix(inner, marks.quote_line, marks.quote_line);
  }
  std::string rule() const { return std::string(marks.rule); }
  std::string bullet() const { return std::string(marks.bullet); }
};

struct PlainDialect {
  std::string text(std::string_view words) const { return std::string(words); }
  std::string code(std::string_view words) const { return std::string(words); }
  std::string styled(Type, std::string inner) const { return inner; }
  std::string link(const std::string& label, const Node& node) const {
    return label == node.target ? label : fmt::format("{} ({})", label, node.target);
  }
  std::string heading(int, const std::string& label) const { return label; }
  std::string code_block(std::string_view, std::string_view code) const { return std::string(code); }
  std::string quote(const std::string& inner) const { return with_prefix(inner, "> ", "> "); }
  std::string rule() const { return "---"; }
  std::string bullet() const { return "- "; }
};

// Styles as private-use marks first; render_ranges() takes them out again and notes where they stood.
constexpr std::string_view kOpen[] = {"\uE000", "\uE001", "\uE002", "\uE003", "\uE004"};
constexpr std::string_view kClose[] = {"\uE008", "\uE009", "\uE00A", "\uE00B", "\uE00C"};
constexpr Type kStyles[] = {Type::bold, Type::italic, Type::strike, Type::code, Type::code_block};

struct RangeDialect : PlainDialect {
  static std::string around(std::size_t style, std::string_view inner) {
    return fmt::format("{}{}{}", kOpen[style], inner, kClose[style]);
  }
  // Whoever writes our own marks must not be able to style the rest.
  static std::string clean(std::string_view words) {
    std::string out;
    for (std::size_t at = 0; at < words.size(); ++at) {
      if (words.substr(at).starts_with("\xEE\x80")) {
        at += std::min<std::size_t>(2, words.size() - at - 1);
        continue;
      }
      out += words[at];
    }
    return out;
  }
  std::string text(std::string_view words) const { return clean(words); }
  std::string code(std::string_view words) const { return around(3, clean(words)); }
  std::string styled(Type type, std::string inner) const {
    return around(type == Type::bold ? 0 : type == Type::italic ? 1 : 2, inner);
  }
  std::string heading(int, const std::string& label) const { return around(0, label); }
  std::string code_block(std::string_view, std::string_view code) const { return around(4, clean(code)); }
};

} // namespace

std::string plain_text(const Node& node) {
  const PlainDialect dialect;
  return Walk(dialect).blocks(node, "\n\n");
}

std::string table_text(const Node& table) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  for (const auto& row : table.children) {
    auto& cells = rows.emplace_back();
    for (const auto& cell : row.children) {
      const PlainDialect dialect;
      cells.push_back(Walk(dialect).words(cell));
      if (widths.size() < cells.size()) widths.push_back(0);
      widths[cells.size() - 1] = std::max(widths[cells.size() - 1], shown_width(cells.back()));
    }
  }
  std::string out;
  for (std::size_t index = 0; index < rows.size(); ++index) {
    if (index > 0) out += '\n';
    std::string line;
    for (std::size_t column = 0; column < rows[index].size(); ++column) {
      if (column > 0) line += " | ";
      line += rows[index][column];
      if (column + 1 < rows[index].size()) line += std::string(widths[column] - shown_width(rows[index][column]), ' ');
    }
    out += line;
    if (index == 0) {
      out += '\n';
      for (std::size_t column = 0; column < widths.size(); ++column)
        out += (column > 0 ? "-+-" : "") + std::string(widths[column], '-');
    }
  }
  return out;
}

std::string render(const Node& document, const Marks& marks) {
  const MarksDialect dialect{marks};
  return Walk(dialect).blocks(document, "\n\n");
}

Styled render_ranges(const Node& document) {
  const RangeDialect dialect;
  const auto marked = Walk(dialect).blocks(document, "\n\n");
  Styled styled;
  std::vector<Range> open;
  std::size_t offset = 0; // in UTF-16 units
  for (std::size_t at = 0; at < marked.size();) {
    const auto rest = std::string_view(marked).substr(at);
    bool mark = false;
    for (std::size_t style = 0; style < std::size(kStyles) && !mark; ++style) {
      if (rest.starts_with(kOpen[style])) {
        open.push_back({kStyles[style], offset, 0});
        mark = true;
      } else if (rest.starts_with(kClose[style]) && !open.empty()) {
        auto range = open.back();
        open.pop_back();
        range.length = offset - range.start;
        if (range.length > 0) styled.ranges.push_back(range);
        mark = true;
      }
    }
    if (mark) {
      at += 3;
      continue;
    }
    const auto byte = static_cast<unsigned char>(marked[at]);
    const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    styled.text += rest.substr(0, size);
    offset += size == 4 ? 2 : 1;
    at += size;
  }
  std::sort(styled.ranges.begin(), styled.ranges.end(),
            [](const Range& a, const Range& b) { return a.start < b.start; });
  return styled;
}

std::size_t utf16_length(std::string_view text) {
  std::size_t length = 0;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte & 0xC0) == 0x80) continue;
    length += byte >= 0xF0 ? 2 : 1;
  }
  return length;
}

} // namespace openclaw::ports::rich_text
