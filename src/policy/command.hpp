// Rules about programs: what a command text means, and whether it may run, must be asked for, or is refused. Pure: no
// I/O.
#pragma once
#include "policy/effect.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::policy {

// A command text as a plain argument list, when it needs no shell: words and quotes only, no metacharacter, no
// expansion, no assignment before the command. Otherwise nothing: it must go through a shell and can never match a rule
// about arguments.
std::optional<std::vector<std::string>> plain_arguments(std::string_view command);

// Programs that run other programs given as arguments (env, nice, xargs, sudo, sh, python, find, tar, git, ssh, …): a
// rule about them says nothing about what really runs, so they are never matched by allow rules on the binary alone.
bool runs_other_programs(std::string_view binary_name);

struct CommandRule {
  std::string binary;                 // glob on the resolved absolute path
  std::vector<std::string> arguments; // exactly these, after argv[0]
  std::string sha256;                 // of that file; empty: whatever it contains
};

enum class ExecSecurity { deny, allowlist, full };
enum class ExecAsk { off, on_miss, always };

struct CommandPolicy {
  ExecSecurity security = ExecSecurity::allowlist;
  ExecAsk ask = ExecAsk::on_miss;
  std::vector<CommandRule> allow;
};

Decision judge_command(const CommandEffect& command, const CommandPolicy& policy);
// The rule that "allow always" stores for this command, bound to the program as it is; nothing when a rule about it
// would say nothing (shell text).
std::optional<CommandRule> rule_for(const CommandEffect& command);

} // namespace openclaw::policy
