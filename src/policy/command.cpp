#include "policy/command.hpp"

#include "policy/programs.hpp"
#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace openclaw::policy {
namespace {

// Whatever makes a shell do more than split words. A "~" or "#" inside a word is harmless to us, and not worth telling
// apart.
constexpr std::string_view kShellCharacters = "|&;<>()$`*?[]{}!#~\\\n\r\v\f";
constexpr std::size_t kLongestCommand = 65'536;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Only where the system keeps its programs: a "cat" that the agent wrote into the workspace is not cat.
bool in_system_folder(std::string_view path) {
  for (const std::string_view folder : {"/usr/bin/", "/bin/", "/usr/local/bin/"})
    if (path.starts_with(folder) && path.find('/', folder.size()) == std::string_view::npos) return true;
  return false;
}

// date takes a format as its only operand, and with any other operand it sets the clock.
bool is_date_format(std::string_view argument) {
  return argument.starts_with('+');
}

bool safe_arguments(const SafeProgram& program, const std::vector<std::string>& argv) {
  bool only_operands = false;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string_view argument = argv[i];
    if (only_operands || argument.empty() || argument[0] != '-' || argument == "-") {
      if (program.name == "date" && is_date_format(argument)) continue;
      if (!program.operands) return false;
      continue;
    }
    if (argument == "--") {
      only_operands = true;
      continue;
    }
    if (std::find(program.flags.begin(), program.flags.end(), argument) != program.flags.end()) continue;
    if (std::find(program.flags_with_value.begin(), program.flags_with_value.end(), argument) ==
        program.flags_with_value.end())
      return false;
    if (++i >= argv.size()) return false;
    // A value that looks like a flag is either a mistake or a trick.
    if (argv[i].starts_with('-')) return false;
  }
  return true;
}

// Programs may be called by another name than their file has (vim as view): both must be known.
bool is_safe(const CommandEffect& command) {
  if (command.through_shell || command.argv.empty() || !in_system_folder(command.resolved_binary)) return false;
  const auto called = base_name(command.argv[0]);
  if (called != command.argv[0] && command.argv[0] != command.resolved_binary) return false;
  if (called != base_name(command.resolved_binary)) return false;
  // A variable such as LD_PRELOAD or GREP_OPTIONS changes what a program does.
  if (!command.environment.empty()) return false;
  const auto& all = safe_programs();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const SafeProgram& program) { return program.name == called; });
  return found != all.end() && safe_arguments(*found, command.argv);
}

// "*" stays within one part of the path, "**" does not, "?" is one character.
bool matches(std::string_view pattern, std::string_view path) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  bool star_crosses = false;
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p;
      star_text = t;
      star_crosses = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += star_crosses ? 2 : 1;
    } else if (p < pattern.size() && (pattern[p] == path[t] || (pattern[p] == '?' && path[t] != '/'))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos && (star_crosses || path[star_text] != '/')) {
      t = ++star_text;
      p = star + (star_crosses ? 2 : 1);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool same_arguments(const CommandRule& rule, const CommandEffect& command) {
  return rule.arguments.size() + 1 == command.argv.size() &&
         std::equal(rule.arguments.begin(), rule.arguments.end(), command.argv.begin() + 1);
}

bool runs_others(const CommandEffect& command) {
  return runs_other_programs(base_name(command.argv[0])) || runs_other_programs(base_name(command.resolved_binary));
}

bool allowed_by(const CommandRule& rule, const CommandEffect& command) {
  if (rule.binary.empty() || !matches(rule.binary, command.resolved_binary)) return false;
  if (!rule.sha256.empty() && rule.sha256 != command.binary_sha256) return false;
  return same_arguments(rule, command);
}

// The environment is part of what runs: a rule says nothing about a command that brings its own loader or interpreter
// settings.
bool has_own_environment(const CommandEffect& command) {
  return !command.environment.empty();
}

Decision judge_under_allowlist(const CommandEffect& command, const CommandPolicy& policy) {
  if (command.target != "local") return {Verdict::ask, "The command would run outside of the sandbox.", {}};
  if (command.through_shell)
    return {Verdict::ask, "The command uses shell syntax, so no rule about programs can tell what it runs.", {}};
  if (command.argv.empty() || command.resolved_binary.empty())
    return {Verdict::ask, "The program of this command was not found.", {}};
  if (is_safe(command)) return {Verdict::allow, "This program only reads, and every argument of it is known.", {}};
  if (command.network != "none")
    return {Verdict::ask, "The command may use the network, which no rule of the allow list covers.", {}};
  if (!has_own_environment(command))
    for (const auto& rule : policy.allow)
      if (allowed_by(rule, command)) return {Verdict::allow, fmt::format("The allow list names {}.", rule.binary), {}};
  if (runs_others(command))
    return {Verdict::ask,
            fmt::format("{} runs other programs, so it is allowed only with exactly these arguments.",
                        base_name(command.argv[0])),
            {}};
  return {
      Verdict::ask, fmt::format("{} is not on the allow list with these arguments.", base_name(command.argv[0])), {}};
}

constexpr const char* kRemedy =
    "`openclaw approvals` shows and changes the allow list; tools.exec.security and tools.exec.ask set the rule.";

} // namespace

std::optional<std::vector<std::string>> plain_arguments(std::string_view command) {
  if (command.size() > kLongestCommand) return std::nullopt;
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  bool first_word_quoted = false;
  for (const char character : command) {
    // Control characters, a zero byte among them, have no place in a command that nobody looks at again.
    if (static_cast<unsigned char>(character) < 0x20 && character != '\t' && (quote == 0 || character != '\n'))
      return std::nullopt;
    if (character == 0x7f) return std::nullopt;
    if (quote != 0) {
      if (character == quote)
        quote = 0;
      else if (quote == '"' && (character == '$' || character == '`' || character == '\\' || character == '!'))
        return std::nullopt;
      else
        word += character;
    } else if (character == '\'' || character == '"') {
      quote = character;
      in_word = true;
      if (words.empty()) first_word_quoted = true;
    } else if (character == ' ' || character == '\t') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else if (kShellCharacters.find(character) != std::string_view::npos) {
      return std::nullopt;
    } else {
      word += character;
      in_word = true;
    }
  }
  if (quote != 0) return std::nullopt;
  if (in_word) words.push_back(std::move(word));
  if (words.empty() || words[0].empty()) return std::nullopt;
  // NAME=value before the command, and words that only a shell knows.
  if (words[0].find('=') != std::string::npos) return std::nullopt;
  constexpr auto kKeywords = std::to_array<std::string_view>(
      {"if",      "then",     "else",     "elif",   "fi",      "for",     "while",  "until",  "do",      "done",
       "case",    "esac",     "function", "select", "in",      "time",    "coproc", ".",      "source",  "eval",
       "exec",    "builtin",  "command",  "cd",     "export",  "unset",   "set",    "alias",  "unalias", "trap",
       "ulimit",  "umask",    "wait",     "read",   "shift",   "return",  "exit",   "type",   "hash",    "local",
       "declare", "typeset",  "readonly", "jobs",   "fg",      "bg",      "times",  ":",      "let",     "shopt",
       "pushd",   "popd",     "dirs",     "disown", "mapfile", "history", "fc",     "enable", "help",    "logout",
       "break",   "continue", "getopts",  "caller"});
  if (!first_word_quoted && std::find(kKeywords.begin(), kKeywords.end(), words[0]) != kKeywords.end())
    return std::nullopt;
  return words;
}

bool runs_other_programs(std::string_view binary_name) {
  const auto name = base_name(binary_name);
  if (is_runner(name)) return true;
  // python3.11, perl5.36.0, gcc-12, lua5.4, bash5: the same program with its version.
  const auto end = name.find_last_not_of("0123456789.");
  if (end == std::string_view::npos || end + 1 == name.size()) return false;
  auto stem = name.substr(0, end + 1);
  if (stem.ends_with('-')) stem.remove_suffix(1);
  return !stem.empty() && is_runner(stem);
}

Decision judge_command(const CommandEffect& command, const CommandPolicy& policy) {
  if (policy.security == ExecSecurity::deny)
    return {Verdict::deny, "Running programs is switched off (tools.exec.security is \"deny\").", kRemedy};
  if (policy.ask == ExecAsk::always)
    return {Verdict::ask, "Every command is asked for (tools.exec.ask is \"always\").", kRemedy};
  if (policy.security == ExecSecurity::full)
    return {Verdict::allow, "Every command is allowed (tools.exec.security is \"full\").", {}};
  auto decision = judge_under_allowlist(command, policy);
  if (decision.verdict == Verdict::allow) return decision;
  if (policy.ask == ExecAsk::off) {
    decision.verdict = Verdict::deny;
    decision.reason += " Nobody is asked, because tools.exec.ask is \"off\".";
  }
  decision.remedy = kRemedy;
  return decision;
}

std::optional<CommandRule> rule_for(const CommandEffect& command) {
  if (command.through_shell || command.argv.empty() || command.resolved_binary.empty() || command.target != "local" ||
      command.network != "none" || has_own_environment(command))
    return std::nullopt;
  // A pattern character in a path would make the rule wider than what was approved.
  if (command.resolved_binary.find_first_of("*?") != std::string::npos) return std::nullopt;
  // Even the exact arguments of a wrapper say nothing: what they name (a script, a Makefile) can be exchanged.
  if (runs_others(command)) return std::nullopt;
  CommandRule rule{.binary = command.resolved_binary, .arguments = {}, .sha256 = command.binary_sha256};
  rule.arguments.assign(command.argv.begin() + 1, command.argv.end());
  return rule;
}

} // namespace openclaw::policy
