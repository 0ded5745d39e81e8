// What the surroundings say: the process's variables, then those of a .env file in the state folder (which never
// override). Copied once, so that a test can hand in its own.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::config {

class Environment {
public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}
  static Environment of_process();
  // KEY=value lines; quotes and "export " are understood, everything else is ignored. Missing file: nothing happens.
  void add_file(const std::string& path);
  void add(std::string name, std::string value) { variables_.emplace(std::move(name), std::move(value)); }

  const std::map<std::string, std::string>& variables() const { return variables_; }
  // An empty variable counts as absent.
  std::optional<std::string> find(std::string_view name) const;

private:
  std::map<std::string, std::string> variables_;
};

} // namespace openclaw::config
