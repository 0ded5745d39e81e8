#include "config/environment.hpp"

#include "base/text.hpp"
#include "config/files.hpp"
#include <unistd.h>

namespace openclaw::config {

Environment Environment::of_process() {
  Environment environment;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      environment.variables_.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return environment;
}

void Environment::add_file(const std::string& path) {
  const auto content = read_small_file(path, 64 * 1024);
  if (!content || !*content) return;
  for (auto line : split(**content, '\n')) {
    line = trim(line);
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (line.empty() || line.front() == '#' || equals == std::string_view::npos) continue;
    const auto name = trim(line.substr(0, equals));
    auto value = trim(line.substr(equals + 1));
    const bool quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (quoted)
      value = value.substr(1, value.size() - 2);
    else if (const auto comment = value.find(" #"); comment != std::string_view::npos)
      value = trim(value.substr(0, comment));
    add(std::string(name), std::string(value));
  }
}

std::optional<std::string> Environment::find(std::string_view name) const {
  const auto found = variables_.find(std::string(name));
  if (found == variables_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

} // namespace openclaw::config
