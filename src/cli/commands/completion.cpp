#include "cli/completion.hpp"

namespace openclaw::cli {
namespace {

Result<int> run_completion(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  static const std::map<std::string, std::string (*)(const CommandTable&)> shells = {
      {"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};
  const auto shell = shells.find(invocation.argument(0));
  if (shell == shells.end())
    return fail(Kind::invalid, "There is completion for bash, zsh and fish.", "openclaw completion bash");
  invocation.output().write(shell->second(invocation.table()));
  return 0;
}

} // namespace

void register_completion(CommandTable& table) {
  table.add({"completion", "Print shell completion.", "bash|zsh|fish", {}, reporting(run_completion)});
}

} // namespace openclaw::cli
