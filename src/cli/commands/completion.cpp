#include "cli/help.hpp"

namespace openclaw::cli {
namespace {

int run_completion(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(1, 1); !checked) return invocation.fail_with(checked.error());
  if (invocation.argument(0) != "bash")
    return invocation.fail_with({Kind::invalid, "There is completion for bash only.", "openclaw completion bash"});
  invocation.output().write(bash_completion(invocation.table()));
  return 0;
}

} // namespace

void register_completion(CommandTable& table) {
  table.add({"completion", "Print shell completion.", "bash", {}, run_completion});
}

} // namespace openclaw::cli
