// The log: JSON lines in the state folder, rotated by size, control characters escaped, known secrets replaced by
// value. Before open() and in command-line programs, warnings and errors go to standard error as text.
#pragma once
#include "base/result.hpp"
#include "base/secret.hpp"
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace openclaw::log {

enum class Level { debug, info, warn, error };
using Field = std::pair<std::string_view, std::string>;

// `folder` must exist; files are openclaw.log and openclaw.log.1 to .5, 0600, 10 MB each.
Result<> open(const std::string& folder, Level least);
void set_level(Level least);
// Also show lines of at least `least` on standard error, formatted for people.
void show_on_console(Level least);
std::string current_file();

// Each later line has this value replaced by "[secret]". Values shorter than 8 bytes are not registered.
void redact(const Secret& secret);
std::string redacted(std::string_view text);

void write(Level level, std::string_view area, std::string_view message, std::initializer_list<Field> fields = {});
inline void debug(std::string_view area, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::debug, area, message, fields);
}
inline void info(std::string_view area, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, area, message, fields);
}
inline void warn(std::string_view area, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, area, message, fields);
}
inline void error(std::string_view area, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, area, message, fields);
}

} // namespace openclaw::log
