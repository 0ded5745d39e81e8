#include "cli/help.hpp"
#include "base/text.hpp"

namespace openclaw::cli {
namespace {

int run_help(Invocation& invocation) {
  return show_help(invocation.table(), join(invocation.arguments(), " "), invocation.output());
}

} // namespace

void register_help(CommandTable& table) {
  table.add({"help", "Explain a command.", "[COMMAND]", {}, run_help});
}

} // namespace openclaw::cli
