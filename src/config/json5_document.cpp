#include "base/schema.hpp"
#include "base/text.hpp"
#include "config/json5.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::config {
namespace {

constexpr std::size_t kExcerpt = 120;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Where the first name of a secret on this line ends; `end` when there is none.
std::size_t after_secret_key(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin < end) {
    auto stop = begin;
    while (stop < end && is_word(text[stop]))
      ++stop;
    if (is_secret_key(text.substr(begin, stop - begin))) return stop;
    begin = stop + 1;
  }
  return end;
}

// The node whose path is spelled so, depth first.
const Json5Node* node_at(const Json5Node& node, const std::string& path, std::string_view wanted) {
  if (path == wanted) return &node;
  if (!wanted.starts_with(path)) return nullptr;
  const Json5Node* found = nullptr;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const auto& child = node.children[i];
    const auto inner =
        node.type == Json5Node::Type::object ? join_path(path, std::string_view(child.key)) : join_path(path, i);
    if (const auto* match = node_at(child, inner, wanted)) found = match;
  }
  return found;
}

} // namespace

const Json5Node* Json5Node::child(std::string_view name) const {
  if (type == Type::object) {
    for (auto member = children.rbegin(); member != children.rend(); ++member)
      if (member->key == name) return &*member;
    return nullptr;
  }
  std::size_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = read.ec == std::errc() && read.ptr == name.data() + name.size();
  return type == Type::array && whole && index < children.size() ? &children[index] : nullptr;
}

json::value Json5Node::value() const {
  if (type == Type::object) {
    json::object out;
    for (const auto& member : children)
      out.insert_or_assign(member.key, member.value());
    return out;
  }
  if (type == Type::array) {
    json::array out;
    out.reserve(children.size());
    for (const auto& element : children)
      out.push_back(element.value());
    return out;
  }
  return scalar;
}

Position position_at(std::string_view text, std::size_t offset) {
  Position position;
  const auto before = text.substr(0, std::min(offset, text.size()));
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == '\n' || (before[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'))) {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(before[i]) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

std::optional<std::size_t> offset_of(const Json5Document& document, std::string_view path) {
  const auto* node = node_at(document.root, "", path);
  if (!node || document.empty) return std::nullopt;
  return node->key_begin != Json5Node::kNone ? node->key_begin : node->begin;
}

bool is_secret_key(std::string_view key) {
  constexpr std::array<std::string_view, 5> harmless = {"mainkey", "publickey", "sessionkey", "skillkey", "groupkey"};
  const auto lowered = lowercase_ascii(key);
  if (std::find(harmless.begin(), harmless.end(), lowered) != harmless.end()) return false;
  return lowered.ends_with("token") || lowered.ends_with("password") || lowered.ends_with("secret") ||
         lowered.ends_with("key") || lowered == "authorization" || lowered == "cookie";
}

std::string excerpt(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  auto line_begin = offset;
  while (line_begin > 0 && text[line_begin - 1] != '\n' && text[line_begin - 1] != '\r')
    --line_begin;
  const auto line_end = std::min(text.find_first_of("\r\n", offset), text.size());
  auto begin = line_begin;
  if (offset - begin > kExcerpt / 2)
    begin = offset - utf8_suffix(text.substr(begin, offset - begin), kExcerpt / 2).size();
  const auto line = utf8_prefix(text.substr(begin, line_end - begin), kExcerpt);
  // A line that holds a secret is shown with its words hidden: an error message ends up in logs and screenshots.
  const auto hidden_from = after_secret_key(text, line_begin, line_end);
  const auto number = std::to_string(position_at(text, offset).line);
  std::string shown, caret;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool first_byte = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
    if (begin + i < offset && first_byte) caret += ' ';
    if (static_cast<unsigned char>(line[i]) < 0x20)
      shown += ' ';
    else if (begin + i >= hidden_from && is_word(line[i]))
      shown += '*';
    else
      shown += line[i];
  }
  return fmt::format("  {} | {}\n  {} | {}^", number, shown, std::string(number.size(), ' '), caret);
}

} // namespace openclaw::config
