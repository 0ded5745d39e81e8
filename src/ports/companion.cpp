#include "ports/companion.hpp"

#include "base/text.hpp"
#include "config/environment.hpp"
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::ports {
namespace {

constexpr std::string_view kPassedOn[] = {"PATH",         "HOME",   "USER",      "LOGNAME",       "LANG",
                                          "LC_ALL",       "TMPDIR", "JAVA_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME",
                                          "SSH_AUTH_SOCK"};

} // namespace

Result<std::string> find_program(std::string_view name, std::string_view setting) {
  const auto environment = config::Environment::of_process();
  const auto wanted = trim(name);
  if (wanted.starts_with("~/") || wanted.contains('/')) {
    auto path = wanted.starts_with("~/")
                    ? fmt::format("{}/{}", environment.find("HOME").value_or("/"), wanted.substr(2))
                    : std::string(wanted);
    if (::access(path.c_str(), X_OK) == 0) return path;
  } else if (!wanted.empty()) {
    for (const auto folder : split(environment.find("PATH").value_or("/usr/local/bin:/usr/bin:/bin"), ':')) {
      auto path = fmt::format("{}/{}", folder, wanted);
      if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return fail(Kind::denied, fmt::format("There is no program {}.", printable(wanted, 200)),
              fmt::format("Install it, or set its path with: openclaw config set {} PATH", setting));
}

std::vector<std::string> environment_of(std::span<const std::string_view> names) {
  const auto environment = config::Environment::of_process();
  std::vector<std::string> list;
  for (const auto name : names)
    if (const auto value = environment.find(name)) list.push_back(fmt::format("{}={}", name, *value));
  return list;
}

std::vector<std::string> companion_environment() {
  return environment_of(kPassedOn);
}

} // namespace openclaw::ports
