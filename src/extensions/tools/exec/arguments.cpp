#include "extensions/tools/exec/arguments.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr std::size_t kMostVariables = 100;
constexpr std::size_t kLongestVariable = 32 * 1024;

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<> refuse_wider_rights(const json::value& arguments) {
  const auto host = string_or(arguments, "host", "sandbox");
  if (host != "sandbox")
    return fail(Kind::denied,
                fmt::format("Commands run in the sandbox; host \"{}\" cannot be chosen by a call.", printable(host)),
                "Leave host out.");
  if (bool_or(arguments, "elevated", false))
    return fail(Kind::denied, "A call cannot give itself elevated rights.",
                "Leave elevated out; the owner can run the command.");
  if (!string_or(arguments, "node").empty())
    return fail(Kind::denied, "Commands run on this machine's sandbox; a node cannot be chosen by a call.",
                "Leave node out.");
  const auto security = string_or(arguments, "security", "allowlist");
  if (security == "deny")
    return fail(Kind::denied, "The call itself says security \"deny\", so nothing is run.", "Leave security out.");
  if (security != "allowlist")
    return fail(Kind::denied, fmt::format("A call cannot set security to \"{}\".", printable(security)),
                "The owner sets tools.exec.security; leave security out.");
  const auto ask = string_or(arguments, "ask", "on-miss");
  if (ask != "on-miss" && ask != "always")
    return fail(Kind::denied, fmt::format("A call cannot set ask to \"{}\".", printable(ask)),
                "The owner sets tools.exec.ask; leave ask out.");
  return {};
}

Result<std::map<std::string, std::string>> read_environment(const json::value& arguments) {
  std::map<std::string, std::string> environment;
  const auto* given = find(arguments, "env");
  if (!given) return environment;
  if (!given->is_object()) return fail(Kind::invalid, "env must be an object of strings.");
  if (given->as_object().size() > kMostVariables)
    return fail(Kind::invalid, fmt::format("env has more than {} variables.", kMostVariables));
  for (const auto& member : given->as_object()) {
    const std::string name(member.key());
    if (!is_variable_name(name) || !member.value().is_string())
      return fail(Kind::invalid, fmt::format("\"{}\" in env is no environment variable with a text.", printable(name)));
    std::string value(member.value().as_string());
    if (value.size() > kLongestVariable || value.find('\0') != std::string::npos)
      return fail(Kind::invalid, fmt::format("The value of {} in env is too long or contains a zero byte.", name));
    environment.emplace(name, std::move(value));
  }
  return environment;
}

} // namespace

Result<ExecArguments> read_exec_arguments(const json::value& arguments) {
  TRY_VOID(refuse_wider_rights(arguments));
  ExecArguments read;
  read.command = string_or(arguments, "command");
  if (trim(read.command).empty()) return fail(Kind::invalid, "The command is empty.");
  if (read.command.find('\0') != std::string::npos) return fail(Kind::invalid, "The command contains a zero byte.");
  read.directory = string_or(arguments, "workdir");
  TRY(read.environment, read_environment(arguments));
  read.terminal = bool_or(arguments, "pty", false);
  read.background = bool_or(arguments, "background", false);
  read.yield_ms = std::clamp<std::int64_t>(integer_or(arguments, "yieldMs", read.yield_ms), 0, 600'000);
  read.timeout_seconds = std::clamp<std::int64_t>(integer_or(arguments, "timeout", read.timeout_seconds), 1, 86'400);
  return read;
}

} // namespace openclaw::tools
