#include "config/json5.hpp"

#include "base/schema.hpp"
#include "base/text.hpp"
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <unordered_map>
#include <utf8proc.h>

namespace openclaw::config {
namespace {

struct CodePoint {
  std::int32_t value = -1;
  std::size_t length = 0;
};

bool is_line_end(std::int32_t c) {
  return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}
bool is_blank(std::int32_t c) {
  if (c < 0) return false;
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return is_line_end(c) || c == 0xfeff || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
}
bool starts_name(std::int32_t c) {
  if (c < 0) return false;
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool continues_name(std::int32_t c) {
  if (starts_name(c) || (c >= '0' && c <= '9') || c == 0x200c || c == 0x200d) return true;
  if (c < 0x80) return false;
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ND ||
         category == UTF8PROC_CATEGORY_PC || category == UTF8PROC_CATEGORY_NL;
}

void append_utf8(std::string& out, std::int32_t point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto length = utf8proc_encode_char(point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

class Parser {
public:
  Parser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Result<Json5Document> document() {
    TRY_VOID(skip());
    if (at_ == text_.size()) {
      document_.empty = true;
      document_.root.type = Json5Node::Type::object;
      return std::move(document_);
    }
    TRY_VOID(value(document_.root, "", 1));
    TRY_VOID(skip());
    if (at_ < text_.size()) return expected("the end of the file");
    return std::move(document_);
  }

private:
  CodePoint peek(std::size_t offset) const {
    if (offset >= text_.size()) return {};
    CodePoint point;
    point.length =
        static_cast<std::size_t>(utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text_.data()) + offset,
                                                  static_cast<utf8proc_ssize_t>(text_.size() - offset), &point.value));
    return point;
  }
  char look(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::unexpected<Error> problem(std::size_t offset, std::string_view message) const {
    const auto where = position_at(text_, offset);
    return fail(Kind::invalid, fmt::format("{}, line {}, column {}: {}", name_, where.line, where.column, message),
                "\n" + excerpt(text_, offset));
  }
  std::unexpected<Error> expected(std::string_view what) const {
    if (at_ >= text_.size()) return problem(at_, fmt::format("expected {}, and the file ends here.", what));
    return problem(at_,
                   fmt::format("expected {}, and found {}.", what, printable(text_.substr(at_, peek(at_).length))));
  }

  Result<> skip() {
    while (at_ < text_.size()) {
      const auto point = peek(at_);
      if (is_blank(point.value)) {
        at_ += point.length;
      } else if (look() == '/' && look(1) == '/') {
        while (at_ < text_.size() && !is_line_end(peek(at_).value))
          at_ += peek(at_).length;
      } else if (look() == '/' && look(1) == '*') {
        const auto end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return problem(at_, "this comment has no end: */ is missing.");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return {};
  }

  Result<> value(Json5Node& node, const std::string& path, int depth) {
    if (depth > kDepthLimit) return problem(at_, fmt::format("more than {} levels of nesting.", kDepthLimit));
    node.begin = at_;
    const char c = look();
    if (c == '{') {
      TRY_VOID(object(node, path, depth));
    } else if (c == '[') {
      TRY_VOID(array(node, path, depth));
    } else if (c == '"' || c == '\'') {
      TRY(auto text, string());
      node.scalar = json::string(text);
    } else if (c == '+' || c == '-' || c == '.' || (c >= '0' && c <= '9')) {
      TRY(node.scalar, number());
    } else {
      TRY(node.scalar, word());
    }
    node.end = at_;
    return {};
  }

  Result<json::value> word() {
    const auto begin = at_;
    auto end = at_;
    while (end < text_.size() && continues_name(peek(end).value))
      end += peek(end).length;
    const auto found = text_.substr(begin, end - begin);
    if (found.empty()) return expected("a value");
    at_ = end;
    if (found == "true") return json::value(true);
    if (found == "false") return json::value(false);
    if (found == "null") return json::value(nullptr);
    at_ = begin;
    if (found == "Infinity" || found == "NaN")
      return problem(begin, "Infinity and NaN are not usable as settings: write a number.");
    return problem(begin, "expected a value, and found a word without quotes.");
  }

  Result<json::value> number() {
    const auto begin = at_;
    bool negative = false;
    if (look() == '+' || look() == '-') negative = text_[at_++] == '-';
    if (look() == 'I' || look() == 'N')
      return problem(begin, "Infinity and NaN are not usable as settings: write a number.");
    if (look() == '0' && (look(1) == 'x' || look(1) == 'X')) {
      at_ += 2;
      std::uint64_t magnitude = 0;
      const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), magnitude, 16);
      if (code == std::errc::invalid_argument) return expected("hexadecimal digits");
      at_ = static_cast<std::size_t>(end - text_.data());
      if (code == std::errc::result_out_of_range || (negative && magnitude > 1ULL << 63))
        return problem(begin, "this number does not fit into 64 bits.");
      return ended_number(negative ? json::value(static_cast<std::int64_t>(0 - magnitude)) : whole(magnitude));
    }
    const auto digits = at_;
    std::string plain = negative ? "-" : "";
    const auto take_digits = [&] {
      const auto from = at_;
      while (look() >= '0' && look() <= '9')
        plain += text_[at_++];
      return at_ - from;
    };
    const auto before = take_digits();
    if (before > 1 && text_[digits] == '0') return problem(begin, "a number may not start with 0.");
    bool integral = true;
    std::size_t after = 0;
    if (before == 0) plain += '0';
    if (look() == '.') {
      ++at_;
      integral = false;
      plain += '.';
      after = take_digits();
      if (after == 0) plain += '0';
    }
    if (before + after == 0) return expected("digits");
    if (look() == 'e' || look() == 'E') {
      integral = false;
      plain += text_[at_++];
      if (look() == '+' || look() == '-') plain += text_[at_++];
      if (take_digits() == 0) return expected("the digits of an exponent");
    }
    const auto* last = plain.data() + plain.size();
    if (integral && negative) {
      std::int64_t out = 0;
      if (std::from_chars(plain.data(), last, out).ec == std::errc()) return ended_number(out);
    } else if (integral) {
      std::uint64_t out = 0;
      if (std::from_chars(plain.data(), last, out).ec == std::errc()) return ended_number(whole(out));
    }
    double out = 0;
    const auto read = std::from_chars(plain.data(), last, out);
    if (read.ec == std::errc::result_out_of_range || !std::isfinite(out))
      return problem(begin, "this number is too large or too small.");
    return ended_number(out);
  }

  static json::value whole(std::uint64_t number) {
    if (number <= static_cast<std::uint64_t>(INT64_MAX)) return json::value(static_cast<std::int64_t>(number));
    return json::value(number);
  }
  Result<json::value> ended_number(json::value number) {
    if (continues_name(peek(at_).value)) return expected("the end of the number");
    return number;
  }

  // Four hexadecimal digits, or two.
  Result<std::int32_t> hex(int digits) {
    std::int32_t point = 0;
    for (int i = 0; i < digits; ++i) {
      const auto digit = std::string_view("0123456789abcdef").find(lowercase_ascii(text_.substr(at_, 1)));
      if (at_ >= text_.size() || digit == std::string_view::npos) return expected("a hexadecimal digit");
      point = point * 16 + static_cast<std::int32_t>(digit);
      ++at_;
    }
    return point;
  }

  // What follows \u, with the second half of a surrogate pair.
  Result<std::int32_t> unicode_escape() {
    const auto begin = at_;
    TRY(auto point, hex(4));
    if (point >= 0xdc00 && point <= 0xdfff) return problem(begin, "a lone surrogate is not a character.");
    if (point < 0xd800 || point > 0xdbff) return point;
    if (look() != '\\' || look(1) != 'u') return problem(begin, "a lone surrogate is not a character.");
    at_ += 2;
    TRY(auto low, hex(4));
    if (low < 0xdc00 || low > 0xdfff) return problem(begin, "a lone surrogate is not a character.");
    return 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }

  Result<> escape(std::string& out) {
    const auto point = peek(at_);
    if (point.value < 0) return expected("the end of an escape");
    at_ += point.length;
    switch (point.value) {
    case 'b':
      out += '\b';
      return {};
    case 'f':
      out += '\f';
      return {};
    case 'n':
      out += '\n';
      return {};
    case 'r':
      out += '\r';
      return {};
    case 't':
      out += '\t';
      return {};
    case 'v':
      out += '\v';
      return {};
    case '0':
      if (look() >= '0' && look() <= '9') return problem(at_, "octal escapes are not allowed.");
      out += '\0';
      return {};
    case 'x': {
      TRY(auto byte, hex(2));
      append_utf8(out, byte);
      return {};
    }
    case 'u': {
      TRY(auto character, unicode_escape());
      append_utf8(out, character);
      return {};
    }
    case '\r':
      if (look() == '\n') ++at_;
      return {};
    case '\n':
    case 0x2028:
    case 0x2029:
      return {};
    default:
      if (point.value >= '1' && point.value <= '9') return problem(at_ - 1, "octal escapes are not allowed.");
      append_utf8(out, point.value);
      return {};
    }
  }

  Result<std::string> string() {
    const auto begin = at_;
    const char quote = text_[at_++];
    std::string out;
    while (true) {
      if (at_ >= text_.size() || look() == '\n' || look() == '\r')
        return problem(begin, fmt::format("this text has no end: the closing {} is missing on its line.", quote));
      const char c = text_[at_];
      if (c == quote) break;
      ++at_;
      if (c == '\\') {
        TRY_VOID(escape(out));
      } else {
        out += c;
      }
    }
    ++at_;
    return out;
  }

  Result<std::string> bare_key() {
    std::string out;
    while (at_ < text_.size()) {
      const auto point = peek(at_);
      if (look() == '\\' && look(1) == 'u') {
        const auto begin = at_;
        at_ += 2;
        TRY(auto character, unicode_escape());
        if (!(out.empty() ? starts_name(character) : continues_name(character)))
          return problem(begin, "this character cannot stand in a key without quotes.");
        append_utf8(out, character);
      } else if (out.empty() ? starts_name(point.value) : continues_name(point.value)) {
        out.append(text_, at_, point.length);
        at_ += point.length;
      } else {
        break;
      }
    }
    if (out.empty()) return expected("a key or }");
    if (look() == '-') return problem(at_, "a key with a hyphen needs quotes around it.");
    return out;
  }

  Result<> object(Json5Node& node, const std::string& path, int depth) {
    node.type = Json5Node::Type::object;
    ++at_;
    std::unordered_map<std::string, std::size_t> seen;
    while (true) {
      TRY_VOID(skip());
      if (look() == '}') break;
      auto& member = node.children.emplace_back();
      member.key_begin = at_;
      if (look() == '"' || look() == '\'') {
        TRY(member.key, string());
      } else {
        TRY(member.key, bare_key());
      }
      member.key_end = at_;
      TRY_VOID(skip());
      if (look() != ':') return expected(fmt::format("a colon after the key \"{}\"", printable(member.key, 64)));
      ++at_;
      TRY_VOID(skip());
      const auto inner = join_path(path, std::string_view(member.key));
      if (const auto [first, fresh] = seen.emplace(member.key, member.key_begin); !fresh)
        document_.duplicates.push_back({inner, first->second, member.key_begin});
      TRY_VOID(value(member, inner, depth + 1));
      TRY_VOID(skip());
      if (look() == '}') break;
      if (look() != ',') return expected("a comma or }");
      member.comma = at_++;
    }
    ++at_;
    return {};
  }

  Result<> array(Json5Node& node, const std::string& path, int depth) {
    node.type = Json5Node::Type::array;
    ++at_;
    while (true) {
      TRY_VOID(skip());
      if (look() == ']') break;
      const auto inner = join_path(path, node.children.size());
      auto& element = node.children.emplace_back();
      TRY_VOID(value(element, inner, depth + 1));
      TRY_VOID(skip());
      if (look() == ']') break;
      if (look() != ',') return expected("a comma or ]");
      element.comma = at_++;
    }
    ++at_;
    return {};
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
  Json5Document document_;
};

} // namespace

Result<Json5Document> parse_json5(std::string_view text, std::string_view name) {
  if (text.size() > kTextLimit)
    return fail(Kind::invalid, fmt::format("{} is larger than {} MB.", name, kTextLimit / 1024 / 1024),
                "A configuration of this size is surely a mistake.");
  if (!valid_utf8(text)) return fail(Kind::invalid, fmt::format("{} is not UTF-8 text.", name), "Save it as UTF-8.");
  return Parser(text, name).document();
}

} // namespace openclaw::config
