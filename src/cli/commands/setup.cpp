#include "cli/onboarding/sections.hpp"
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

Result<int> run_setup(Invocation& invocation) {
  ::umask(077); // whatever is made here is its owner's alone
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  Answers answers;
  answers.workspace = invocation.value("workspace").value_or("");
  TRY(const auto done, write_answers(setup, answers));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(json::object{{"ok", true}, {"config", setup.config.path()}, {"stateFolder", setup.folder.path()}});
    return 0;
  }
  for (const auto& sentence : done)
    output.line(sentence);
  output.line(fmt::format("The configuration is {}.", setup.config.path()));
  return 0;
}

} // namespace

void register_setup(CommandTable& table) {
  table.add({"setup",
             "Make the state folder, the configuration and the workspace.",
             "",
             {{"workspace", 0, "DIR", "The folder of the agent's own files."}},
             reporting(run_setup)});
}

} // namespace openclaw::cli
