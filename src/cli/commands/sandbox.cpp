#include "agent/exec_rights.hpp"
#include "agent/settings.hpp"
#include "base/text.hpp"
#include "cli/setup.hpp"
#include "sandbox/confine.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

// Where commands run, what they reach, and which setting says so. Read from the files: it needs no running gateway.
Result<int> explain(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  TRY_VOID(snapshot.check());
  const auto home = setup.environment.find("HOME").value_or("");
  TRY(const auto settings, agent::read_settings(snapshot.value, home, setup.folder.path()));
  const auto wanted = invocation.value("agent").value_or(settings.agents.front().id);
  const auto* agent = settings.find_agent(wanted);
  if (!agent)
    return fail(Kind::missing, fmt::format("There is no agent \"{}\".", printable(wanted, 64)),
                "openclaw config get agents.list shows them.");
  const auto support = sandbox::support();
  const auto rights = agent::exec_rights(snapshot.value, wanted);
  const sandbox::Limits limits;
  auto& output = invocation.output();
  if (output.json()) {
    json::array rows;
    for (const auto& right : rights)
      rows.push_back(json::object{{"path", right.path},
                                  {"value", right.value.empty() ? json::value(nullptr) : json::value(right.value)},
                                  {"means", right.means},
                                  {"command", right.command},
                                  {"withoutEffect", right.without_effect}});
    output.value(json::object{{"agentId", wanted},
                              {"usable", support.usable},
                              {"explanation", support.explanation},
                              {"workspace", agent->workspace},
                              {"landlockAbi", support.landlock_abi},
                              {"memoryBytes", limits.memory_bytes},
                              {"processes", limits.processes},
                              {"rules", std::move(rows)}});
    return 0;
  }
  output.line(support.usable ? fmt::format("Commands of the agent {} run in a sandbox of their own.", wanted)
                             : "Commands cannot be confined here, so none is run.");
  if (!support.explanation.empty()) output.line(terminal_safe(support.explanation));
  output.line(fmt::format("They can write in {} and in a /tmp of their own, and read the system's programs.",
                          terminal_safe(agent->workspace)));
  output.line(fmt::format("Each process has at most {} of memory; there are at most {} processes.",
                          size_text(limits.memory_bytes), limits.processes));
  output.line();
  std::vector<std::vector<std::string>> rows;
  for (const auto& right : rights)
    rows.push_back({right.path, right.value.empty() ? "(default)" : right.value, right.means});
  output.table({{"Setting"}, {"Value"}, {"What it does"}}, rows);
  output.line();
  for (const auto& right : rights)
    if (!right.command.empty()) output.line(fmt::format("To change {}: {}", right.path, right.command));
  return 0;
}

} // namespace

void register_sandbox(CommandTable& table) {
  table.add({"sandbox explain",
             "Say where commands run, what they reach, and which settings decide.",
             "",
             {{"agent", 0, "ID", "Of which agent; the default one without it."}},
             reporting(explain),
             true});
}

} // namespace openclaw::cli
