#include "cli/completion.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

using Words = std::map<std::string, std::vector<std::string>>; // by what stands before: "", "gateway", "gateway call"

Words words_of(const CommandTable& table) {
  Words words;
  const auto add = [&](const std::string& before, const std::string& word) {
    auto& list = words[before];
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
  };
  for (const auto& command : table.commands()) {
    const auto group = command.group();
    add("", group);
    if (command.name != group) add(group, command.name.substr(group.size() + 1));
    for (const auto* list : {&command.options, &common_options()})
      for (const auto& option : *list)
        add(command.name, "--" + option.name);
    // "sessions" alone is "sessions list", and takes its options.
    if (command.is_default)
      for (const auto& option : command.options)
        add(group, "--" + option.name);
  }
  for (const auto* shell : {"bash", "zsh", "fish"})
    if (table.find("completion")) add("completion", shell);
  return words;
}

std::string cases_of(const Words& words, std::string_view form) {
  std::string cases;
  for (const auto& [before, list] : words)
    if (!before.empty()) cases += fmt::format(fmt::runtime(form), before, join(list, " "));
  return cases;
}

// Between single quotes of fish.
std::string fish_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

} // namespace

std::string bash_completion(const CommandTable& table) {
  auto words = words_of(table);
  return fmt::format(R"bash(# openclaw completion for bash: eval "$(openclaw completion bash)"
_openclaw() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words="" key
  for key in "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" "${{COMP_WORDS[1]}}"; do
    [ "$COMP_CWORD" -eq 1 ] && key=""
    case "$key" in
    "") words="{}" ;;
{}    esac
    [ -n "$words" ] && break
  done
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -F _openclaw openclaw
)bash",
                     join(words[""], " "), cases_of(words, "    \"{}\") words=\"{}\" ;;\n"));
}

std::string zsh_completion(const CommandTable& table) {
  auto words = words_of(table);
  return fmt::format(R"zsh(#compdef openclaw
# openclaw completion for zsh: eval "$(openclaw completion zsh)"
_openclaw() {{
  local key found=""
  local -a keys
  if (( CURRENT == 2 )); then keys=(""); else keys=("${{words[2]}} ${{words[3]}}" "${{words[2]}}"); fi
  for key in "${{keys[@]}}"; do
    case "$key" in
    "") found="{}" ;;
{}    esac
    [[ -n "$found" ]] && break
  done
  compadd -- ${{=found}}
}}
if (( $+functions[compdef] )); then compdef _openclaw openclaw; fi
)zsh",
                     join(words[""], " "), cases_of(words, "    \"{}\") found=\"{}\" ;;\n"));
}

std::string fish_completion(const CommandTable& table) {
  std::string out = R"fish(# openclaw completion for fish: openclaw completion fish | source
function __openclaw_at
    set -l given (commandline -opc)[2..-1]
    set -l wanted $argv
    test (count $given) -ge (count $wanted); or return 1
    test (count $wanted) -eq 0; and test (count $given) -ne 0; and return 1
    for i in (seq (count $wanted))
        test "$given[$i]" = "$wanted[$i]"; or return 1
    end
end
complete -c openclaw -f
)fish";
  for (const auto& [before, list] : words_of(table))
    for (const auto& word : list) {
      const bool option = word.starts_with("--");
      std::string help;
      if (const auto* command = table.find(before.empty() ? word : before + " " + word)) help = command->summary;
      const auto* owner = table.find(before);
      for (const auto* options : {owner ? &owner->options : nullptr, &common_options()})
        for (std::size_t i = 0; option && options && i < options->size(); ++i)
          if ("--" + (*options)[i].name == word) help = (*options)[i].help;
      out += fmt::format("complete -c openclaw -n '__openclaw_at{}{}' {} '{}' -d '{}'\n", before.empty() ? "" : " ",
                         before, option ? "-l" : "-a", option ? word.substr(2) : word, fish_text(help));
    }
  return out;
}

} // namespace openclaw::cli
