#include "config/edit.hpp"

#include "base/schema.hpp"
#include "base/text.hpp"
#include "config/json5.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::config {
namespace {

using Node = Json5Node;
constexpr std::size_t kNarrow = 80;

// How the document writes what is added to it.
struct Style {
  std::string unit = "  ";
  std::string line_end = "\n";
  enum class Keys { double_quoted, single_quoted, bare } keys = Keys::double_quoted;
};

bool bare_key(std::string_view key) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
  return !key.empty() && letter(key.front()) &&
         std::all_of(key.begin(), key.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string key_text(std::string_view key, const Style& style) {
  if (style.keys == Style::Keys::bare && bare_key(key)) return std::string(key);
  if (style.keys == Style::Keys::single_quoted && bare_key(key)) return fmt::format("'{}'", key);
  return to_text(json::value(json::string(key)));
}

std::string number_text(double number) {
  auto text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string value_text(const json::value& value, const std::string& indent, const Style& style) {
  const auto inner = indent + style.unit;
  if (value.is_double()) return number_text(value.get_double());
  if (const auto* object = value.if_object(); object && !object->empty()) {
    std::string out = "{";
    bool first = true;
    for (const auto& member : *object) {
      out += (first ? "" : ",") + style.line_end + inner + key_text(member.key(), style) + ": ";
      out += value_text(member.value(), inner, style);
      first = false;
    }
    return out + style.line_end + indent + "}";
  }
  if (const auto* array = value.if_array(); array && !array->empty()) {
    const bool scalars = std::none_of(array->begin(), array->end(), [](const auto& v) { return v.is_structured(); });
    std::string narrow = "[", wide = "[";
    bool first = true;
    for (const auto& element : *array) {
      const auto text = value_text(element, inner, style);
      narrow += (first ? "" : ", ") + text;
      wide += (first ? "" : ",") + style.line_end + inner + text;
      first = false;
    }
    if (scalars && narrow.size() + indent.size() < kNarrow) return narrow + "]";
    return wide + style.line_end + indent + "]";
  }
  return to_text(value);
}

// The blanks at the start of the line on which `offset` stands.
std::string indent_of_line(std::string_view text, std::size_t offset) {
  auto begin = offset;
  while (begin > 0 && text[begin - 1] != '\n' && text[begin - 1] != '\r')
    --begin;
  auto end = begin;
  while (end < offset && (text[end] == ' ' || text[end] == '\t'))
    ++end;
  return std::string(text.substr(begin, end - begin));
}

bool only_blanks_before(std::string_view text, std::size_t offset) {
  while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
    --offset;
  return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

struct LineRest {
  std::size_t end = 0;    // behind the blanks and comments that follow on the same line
  bool ends_line = false; // nothing else follows on it
};

LineRest rest_of_line(std::string_view text, std::size_t at, std::size_t limit) {
  LineRest rest{at, false};
  while (at < limit) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find_first_of("\r\n", at), limit);
      rest.end = at;
    } else if (text.substr(at, 2) == "/*") {
      const auto stop = text.find("*/", at + 2);
      if (stop == std::string_view::npos || stop + 2 > limit) return rest;
      const auto line = text.find_first_of("\r\n", at);
      if (line < stop) return rest;
      at = stop + 2;
      rest.end = at;
    } else {
      rest.ends_line = text[at] == '\n' || text[at] == '\r';
      return rest;
    }
  }
  return rest;
}

std::size_t first_offset(const Node& node) {
  return node.key_begin != Node::kNone ? node.key_begin : node.begin;
}

Style style_of(std::string_view text, const Json5Document& document, const Node& near) {
  Style style;
  if (text.find("\r\n") != std::string_view::npos) style.line_end = "\r\n";
  const auto& root = document.root;
  if (!root.children.empty() && only_blanks_before(text, first_offset(root.children.front()))) {
    const auto unit = indent_of_line(text, first_offset(root.children.front()));
    if (!unit.empty()) style.unit = unit;
  }
  const Node* sample = &root;
  if (near.type == Node::Type::object && !near.children.empty()) sample = &near;
  if (sample->type == Node::Type::object && !sample->children.empty()) {
    const char first = text[sample->children.front().key_begin];
    style.keys = first == '"'    ? Style::Keys::double_quoted
                 : first == '\'' ? Style::Keys::single_quoted
                                 : Style::Keys::bare;
  }
  return style;
}

std::string replaced(std::string_view text, std::size_t begin, std::size_t end, std::string_view by) {
  return std::string(text.substr(0, begin)).append(by).append(text.substr(end));
}

// Adds a member (or an element, when `key` is null) behind the last one of `node`.
std::string inserted(std::string_view text, const Node& node, const std::string* key, const json::value& value,
                     const Style& style) {
  const auto written = [&](const std::string& indent) {
    return (key ? key_text(*key, style) + ": " : std::string()) + value_text(value, indent, style);
  };
  const auto outer = indent_of_line(text, node.begin);
  if (node.children.empty()) {
    const auto indent = outer + style.unit;
    const auto inside = text.substr(node.begin + 1, node.end - node.begin - 2);
    auto content = inside.size();
    while (content > 0 && std::string_view(" \t\r\n").find(inside[content - 1]) != std::string_view::npos)
      --content;
    const auto at = node.begin + 1 + content;
    const auto tail = content == 0 ? style.line_end + outer : std::string(inside.substr(content));
    const bool line_break = tail.find_first_of("\r\n") != std::string::npos;
    return replaced(text, at, node.end - 1,
                    style.line_end + indent + written(indent) + (line_break ? tail : style.line_end + outer));
  }
  const auto& last = node.children.back();
  const bool own_lines = only_blanks_before(text, first_offset(last));
  const bool trailing_comma = last.comma != Node::kNone;
  std::string out(text);
  auto behind = trailing_comma ? last.comma + 1 : last.end;
  auto limit = node.end - 1;
  if (!trailing_comma) {
    out.insert(last.end, ",");
    ++behind;
    ++limit;
  }
  const auto comma = trailing_comma ? "," : "";
  if (!own_lines) {
    const auto indent = indent_of_line(out, first_offset(last));
    return replaced(out, behind, behind, " " + written(indent) + comma);
  }
  const auto indent = indent_of_line(out, first_offset(last));
  const auto rest = rest_of_line(out, behind, limit);
  const auto at = rest.ends_line ? rest.end : behind;
  auto addition = style.line_end + indent + written(indent) + comma;
  // The closing bracket stood on the last member's line.
  if (out.substr(at, limit - at).find_first_of("\r\n") == std::string::npos) addition += style.line_end + outer;
  return replaced(out, at, at, addition);
}

Result<std::string> set_scalar_or_new(std::string_view text, const Path& path, const json::value& value) {
  TRY(const auto document, parse_json5(text, "the configuration"));
  const Node* node = &document.root;
  std::size_t depth = 0;
  for (; depth < path.size(); ++depth) {
    const auto* next = node->child(path[depth]);
    if (!next) break;
    node = next;
  }
  const auto style = style_of(text, document, *node);
  if (depth == path.size()) {
    const auto indent = indent_of_line(text, first_offset(*node));
    return replaced(text, node->begin, node->end, value_text(value, indent, style));
  }
  const auto here = path_text(Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth)));
  if (node->type == Node::Type::scalar)
    return fail(Kind::invalid,
                fmt::format("{} is a single value, so \"{}\" cannot be set below it.",
                            here.empty() ? "The configuration" : here, path[depth]),
                fmt::format("Remove it first: openclaw config unset {}", here));
  if (node->type == Node::Type::array && path[depth] != std::to_string(node->children.size()))
    return fail(
        Kind::invalid,
        fmt::format("{} is a list of {} items and has no item \"{}\".", here, node->children.size(), path[depth]),
        fmt::format("Use an index from 0 to {}; the last one adds an item.", node->children.size()));
  json::value nested = value;
  for (auto i = path.size(); i > depth + 1; --i) {
    json::object holder;
    holder[path[i - 1]] = std::move(nested);
    nested = std::move(holder);
  }
  return inserted(text, *node, node->type == Node::Type::object ? &path[depth] : nullptr, nested, style);
}

} // namespace

std::string pretty_json(const json::value& value) {
  return value_text(value, "", Style{});
}

Result<Path> parse_path(std::string_view text) {
  Path path;
  const auto wrong = [&](std::string_view why) {
    return fail(Kind::invalid, fmt::format("The path \"{}\" cannot be read: {}", printable(text, 120), why),
                "Write it like agents.defaults.workspace, agents.list[0].name or models.providers[\"my.host\"].");
  };
  std::size_t at = 0;
  while (at < text.size()) {
    if (path.size() > static_cast<std::size_t>(kDepthLimit)) return wrong("it is too deep.");
    if (text[at] == '[') {
      const auto quoted = at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\'');
      if (quoted) {
        auto close = at + 2;
        while (close < text.size() && text[close] != text[at + 1])
          close += text[close] == '\\' ? 2 : 1;
        if (close + 1 >= text.size() || text[close + 1] != ']') return wrong("a quoted key has no end.");
        const auto key = parse_json5(text.substr(at + 1, close - at), "the key");
        if (!key || !key->root.scalar.is_string()) return wrong("a quoted key is not valid.");
        path.emplace_back(key->root.scalar.get_string());
        at = close + 2;
      } else {
        const auto close = text.find(']', at);
        if (close == std::string_view::npos) return wrong("a [ has no ].");
        const auto index = text.substr(at + 1, close - at - 1);
        if (index.empty() || index.size() > 6 || index.find_first_not_of("0123456789") != std::string_view::npos)
          return wrong("between [ and ] stands a whole number or a quoted key.");
        path.emplace_back(index);
        at = close + 1;
      }
      if (at < text.size() && text[at] == '.') {
        if (++at == text.size()) return wrong("it ends with a dot.");
      } else if (at < text.size() && text[at] != '[') {
        return wrong("a dot is missing behind a ].");
      }
      continue;
    }
    const auto stop = std::min(text.find_first_of(".[", at), text.size());
    if (stop == at) return wrong("a key is empty.");
    path.emplace_back(text.substr(at, stop - at));
    at = stop;
    if (at < text.size() && text[at] == '.' && ++at == text.size()) return wrong("it ends with a dot.");
  }
  if (path.empty()) return wrong("it is empty.");
  return path;
}

std::string path_text(const Path& path) {
  std::string out;
  for (const auto& key : path)
    out = join_path(out, std::string_view(key));
  return out;
}

const json::value* value_at(const json::value& value, const Path& path) {
  const json::value* at = &value;
  for (const auto& key : path) {
    const json::value* next = nullptr;
    if (const auto* object = at->if_object()) {
      next = object->if_contains(key);
    } else if (const auto* array = at->if_array()) {
      std::size_t index = 0;
      const auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (code == std::errc() && end == key.data() + key.size() && index < array->size()) next = &(*array)[index];
    }
    if (!next) return nullptr;
    at = next;
  }
  return at;
}

Result<std::string> set_in_text(std::string_view text, const Path& path, const json::value& value) {
  TRY(const auto document, parse_json5(text, "the configuration"));
  if (document.empty) {
    auto begun = std::string(text);
    if (!begun.empty() && begun.back() != '\n') begun += '\n';
    return set_in_text(begun + "{}\n", path, value);
  }
  const Node* node = &document.root;
  for (const auto& key : path)
    if (node) node = node->child(key);
  const auto* wanted = value.if_object();
  if (!node || !wanted || node->type != Node::Type::object || node->children.empty() || wanted->empty())
    return set_scalar_or_new(text, path, value);
  std::string out(text);
  const auto present = node->value();
  for (const auto& member : present.get_object()) {
    if (wanted->contains(member.key())) continue;
    auto inner = path;
    inner.emplace_back(member.key());
    TRY(out, unset_in_text(out, inner));
  }
  for (const auto& member : *wanted) {
    const auto* before = present.get_object().if_contains(member.key());
    if (before && *before == member.value()) continue;
    auto inner = path;
    inner.emplace_back(member.key());
    TRY(out, set_in_text(out, inner, member.value()));
  }
  return out;
}

Result<std::string> unset_in_text(std::string_view text, const Path& path) {
  TRY(const auto document, parse_json5(text, "the configuration"));
  const Node* parent = nullptr;
  const Node* node = &document.root;
  for (const auto& key : path) {
    parent = node;
    node = node->child(key);
    if (!node) break;
  }
  if (!node || !parent)
    return fail(Kind::missing, fmt::format("{} is not set in the configuration.", path_text(path)),
                "openclaw config get shows what is.");
  const auto index = static_cast<std::size_t>(node - parent->children.data());
  const bool last = index + 1 == parent->children.size();
  auto begin = first_offset(*node);
  auto end = node->comma != Node::kNone ? node->comma + 1 : node->end;
  std::string out(text);
  const auto rest = rest_of_line(text, end, parent->end - 1);
  if (only_blanks_before(text, begin) && rest.ends_line) {
    while (begin > 0 && text[begin - 1] != '\n' && text[begin - 1] != '\r')
      --begin;
    end = rest.end;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t'))
      ++end;
    end += text.substr(end, 2) == "\r\n" ? 2 : 1;
  } else if (!last) {
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t'))
      ++end;
  } else {
    while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t'))
      --begin;
  }
  out.erase(begin, end - begin);
  // The comma before the last member goes with it, unless the owner writes trailing commas.
  if (last && index > 0 && node->comma == Node::kNone) out.erase(parent->children[index - 1].comma, 1);
  // An earlier member of the same name would come back to life.
  if (parent->type == Node::Type::object) {
    TRY(const auto left, parse_json5(out, "the configuration"));
    const Node* at = &left.root;
    for (const auto& key : path)
      if (at) at = at->child(key);
    if (at) return unset_in_text(out, path);
  }
  return out;
}

} // namespace openclaw::config
