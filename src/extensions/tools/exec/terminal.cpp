#include "extensions/tools/exec/terminal.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

struct Key {
  std::string_view name;
  std::string_view bytes;
};
constexpr std::array kKeys{
    Key{"enter", "\r"},       Key{"return", "\r"},      Key{"tab", "\t"},        Key{"btab", "\x1b[Z"},
    Key{"escape", "\x1b"},    Key{"esc", "\x1b"},       Key{"space", " "},       Key{"backspace", "\x7f"},
    Key{"bspace", "\x7f"},    Key{"delete", "\x1b[3~"}, Key{"del", "\x1b[3~"},   Key{"dc", "\x1b[3~"},
    Key{"insert", "\x1b[2~"}, Key{"ic", "\x1b[2~"},     Key{"up", "\x1b[A"},     Key{"down", "\x1b[B"},
    Key{"right", "\x1b[C"},   Key{"left", "\x1b[D"},    Key{"home", "\x1b[H"},   Key{"end", "\x1b[F"},
    Key{"pageup", "\x1b[5~"}, Key{"pgup", "\x1b[5~"},   Key{"ppage", "\x1b[5~"}, Key{"pagedown", "\x1b[6~"},
    Key{"pgdn", "\x1b[6~"},   Key{"npage", "\x1b[6~"},  Key{"f1", "\x1bOP"},     Key{"f2", "\x1bOQ"},
    Key{"f3", "\x1bOR"},      Key{"f4", "\x1bOS"},      Key{"f5", "\x1b[15~"},   Key{"f6", "\x1b[17~"},
    Key{"f7", "\x1b[18~"},    Key{"f8", "\x1b[19~"},    Key{"f9", "\x1b[20~"},   Key{"f10", "\x1b[21~"},
    Key{"f11", "\x1b[23~"},   Key{"f12", "\x1b[24~"}};

// The modifier that `name` begins with, taken off; 0 when there is none.
char take_modifier(std::string_view& name) {
  static constexpr std::array<std::pair<std::string_view, char>, 11> known{{{"ctrl-", 'c'},
                                                                            {"ctrl+", 'c'},
                                                                            {"c-", 'c'},
                                                                            {"^", 'c'},
                                                                            {"alt-", 'm'},
                                                                            {"alt+", 'm'},
                                                                            {"meta-", 'm'},
                                                                            {"m-", 'm'},
                                                                            {"shift-", 's'},
                                                                            {"shift+", 's'},
                                                                            {"s-", 's'}}};
  for (const auto& [prefix, letter] : known) {
    if (name.size() <= prefix.size() || lowercase_ascii(name.substr(0, prefix.size())) != prefix) continue;
    name.remove_prefix(prefix.size());
    return letter;
  }
  return 0;
}

} // namespace

std::string TerminalText::take(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    switch (state_) {
    case State::text:
      if (returned_) {
        returned_ = false;
        text += '\n';
        if (c == '\n') continue;
      }
      if (c == '\x1b')
        state_ = State::escape;
      else if (c == '\r')
        returned_ = true;
      else if (byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\t')
        text += c;
      break;
    case State::escape:
      if (c == '[')
        state_ = State::sequence;
      else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
        state_ = State::string;
      else if (byte >= 0x20 && byte <= 0x2f)
        state_ = State::charset;
      else
        state_ = c == '\x1b' ? State::escape : State::text;
      break;
    case State::sequence:
      if (byte >= 0x40 && byte <= 0x7e)
        state_ = State::text;
      else if (c == '\x1b')
        state_ = State::escape;
      else if (byte < 0x20 || byte > 0x7e) // not a sequence after all
        state_ = State::text;
      break;
    case State::string:
      if (c == '\x07' || c == '\n')
        state_ = State::text;
      else if (c == '\x1b')
        state_ = State::string_escape;
      break;
    case State::string_escape:
      state_ = c == '\\' ? State::text : State::string;
      break;
    case State::charset:
      if (byte < 0x20 || byte > 0x2f) state_ = State::text;
      break;
    }
  }
  return text;
}

Result<std::string> key_bytes(std::string_view name) {
  auto rest = name;
  bool control = false;
  bool meta = false;
  bool shift = false;
  while (const char modifier = take_modifier(rest)) {
    (modifier == 'c' ? control : modifier == 'm' ? meta : shift) = true;
  }
  std::string bytes;
  const auto lower = lowercase_ascii(rest);
  for (const auto& key : kKeys)
    if (key.name == lower) bytes = key.bytes;
  if (shift && lower == "tab") bytes = "\x1b[Z";
  const bool one_character =
      valid_utf8(rest) && std::count_if(rest.begin(), rest.end(), [](char c) { return (c & 0xc0) != 0x80; }) == 1;
  if (bytes.empty() && one_character) {
    bytes = rest;
    if (shift && bytes[0] >= 'a' && bytes[0] <= 'z') bytes[0] = static_cast<char>(bytes[0] - 'a' + 'A');
  }
  if (control && !bytes.empty()) {
    const auto c = bytes.size() == 1 ? bytes[0] : '\0';
    if ((c >= '@' && c <= '_') || (c >= 'a' && c <= 'z'))
      bytes = static_cast<char>(c & 0x1f);
    else if (c == ' ')
      bytes = std::string(1, '\0');
    else if (c == '?')
      bytes = "\x7f";
    else
      bytes.clear();
  }
  if (bytes.empty())
    return fail(Kind::invalid, fmt::format("There is no key \"{}\".", printable(name, 40)),
                "Keys are Enter, Tab, Escape, Space, Backspace, Delete, Up, Down, Left, Right, Home, End, PageUp, "
                "PageDown, F1 to F12, C-x, M-x, S-Tab, or one character; use write for text.");
  return meta ? "\x1b" + bytes : bytes;
}

} // namespace openclaw::tools
