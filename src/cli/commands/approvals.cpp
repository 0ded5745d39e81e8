#include "base/clock.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "exec.approval.list", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const auto now = SystemClock().now_ms();
  if (const auto* approvals = find(answer, "approvals"); approvals && approvals->is_array())
    for (const auto& approval : approvals->get_array()) {
      const auto* request = find(approval, "request");
      if (!request) continue;
      rows.push_back({string_or(approval, "id"), duration_text(integer_or(approval, "expiresAtMs", now) - now),
                      string_or(*request, "tool", "exec"), string_or(*request, "sessionKey"),
                      string_or(*request, "command")});
    }
  if (rows.empty())
    output.line("Nothing waits for your approval.");
  else
    output.table({{"Id"}, {"Left", true}, {"Tool"}, {"Session"}, {"Command"}}, rows);
  if (const auto* lost = find(answer, "lostByRestart"); lost && lost->is_array())
    for (const auto& approval : lost->get_array())
      if (const auto* request = find(approval, "request"))
        output.note(fmt::format(
            "Not run, because the gateway was restarted before you answered: {} ({}). Press Retry in "
            "the session {} if it is still wanted.",
            string_or(*request, "command"), string_or(*request, "tool"), string_or(*request, "sessionKey")));
  return 0;
}

Result<int> resolve(Invocation& invocation, std::string_view decision, std::string_view done) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  const auto id = invocation.argument(0);
  TRY(const auto answer, call_gateway(invocation, "exec.approval.resolve", {{"id", id}, {"decision", decision}}));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else if (!bool_or(answer, "remembered", true))
    output.line(fmt::format("Allowed once: {}. No rule was stored, because one would say nothing about what runs: the "
                            "command uses shell syntax "
                            "or a program that runs others.",
                            id));
  else
    output.line(fmt::format("{} {}.", done, id));
  return 0;
}

Result<int> allow(Invocation& invocation) {
  return resolve(invocation, "allow-once", "Allowed once:");
}
Result<int> always(Invocation& invocation) {
  return resolve(invocation, "allow-always", "Allowed from now on:");
}
Result<int> deny(Invocation& invocation) {
  return resolve(invocation, "deny", "Denied:");
}

} // namespace

void register_approvals(CommandTable& table) {
  table.add(
      {"approvals list", "List what waits for your approval.", "", gateway_call_options(), reporting(list), true});
  table.add({"approvals allow", "Allow it this once.", "ID", gateway_call_options(), reporting(allow)});
  table.add({"approvals always", "Allow it now and in future.", "ID", gateway_call_options(), reporting(always)});
  table.add({"approvals deny", "Refuse it.", "ID", gateway_call_options(), reporting(deny)});
}

} // namespace openclaw::cli
