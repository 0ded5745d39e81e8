// Which model answers, why the others do not, and asking a resting one again.
#include "base/clock.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> why(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  json::object params;
  if (const auto session = invocation.value("session")) params["sessionKey"] = *session;
  if (const auto agent = invocation.value("agent")) params["agentId"] = *agent;
  TRY(const auto answer, call_gateway(invocation, "models.why", std::move(params)));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  if (const auto chosen = string_or(answer, "chosen"); !chosen.empty())
    output.line(terminal_safe(
        fmt::format("The session chose {}, so no other model takes its place (/model default).", chosen)));
  const auto* rows = find(answer, "candidates");
  if (!rows || !rows->is_array()) return 0;
  int place = 0;
  for (const auto& row : rows->get_array()) {
    const auto state = string_or(row, "state");
    const auto credential = string_or(row, "credential");
    const auto style = state == "next" ? Style::green : state == "ready" ? Style::plain : Style::yellow;
    output.line(fmt::format("{}. {}{}  {}", ++place, terminal_safe(string_or(row, "ref")),
                            credential.empty() ? std::string() : terminal_safe(" with " + credential),
                            output.styled(style, state)));
    output.line("   " + terminal_safe(string_or(row, "why")));
    if (const auto change = string_or(row, "change"); !change.empty()) output.line("   " + terminal_safe(change));
  }
  return 0;
}

Result<int> retry(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 1));
  TRY(const auto answer, call_gateway(invocation, "models.retry", {{"provider", invocation.argument(0)}}));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(integer_or(answer, "ended", 0) == 0 ? "Nobody was resting."
                                                    : "They are asked again from the next message.");
  return 0;
}

} // namespace

void register_models_why(CommandTable& table) {
  table.add({"models why", "Say for each model in order whether it answers, and why not.", "",
             gateway_call_options(
                 {{"session", 0, "KEY", "For this session."}, {"agent", 0, "ID", "For a new session of this agent."}}),
             reporting(why)});
  table.add({"models retry", "Ask models again that rest after a failure.", "[PROVIDER]", gateway_call_options(),
             reporting(retry)});
}

} // namespace openclaw::cli
