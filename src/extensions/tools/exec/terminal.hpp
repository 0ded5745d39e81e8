// A terminal seen from outside: what it printed as plain text for a model, and keys by name as the bytes that they
// send. Pure: it draws no screen.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>

namespace openclaw::tools {

// Takes pieces as they come and leaves out escape sequences and control characters; a sequence may be split between
// pieces. A carriage return begins a new line.
class TerminalText {
public:
  std::string take(std::string_view bytes);

private:
  enum class State { text, escape, sequence, string, string_escape, charset };
  State state_ = State::text;
  bool returned_ = false; // the last character was a carriage return
};

// "Enter", "C-c", "^C", "ctrl+c", "M-x", "S-Tab", "F5", "Up", "PageDown", "Escape", or one character. Kind::invalid
// with what is known otherwise.
Result<std::string> key_bytes(std::string_view name);

} // namespace openclaw::tools
