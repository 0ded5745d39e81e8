#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> dead_list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "messages.dead.list", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto now = SystemClock().now_ms();
  std::vector<std::vector<std::string>> rows;
  if (const auto* messages = find(answer, "messages"); messages && messages->is_array())
    for (const auto& message : messages->get_array())
      rows.push_back({terminal_safe(string_or(message, "id")), terminal_safe(string_or(message, "channel")),
                      terminal_safe(string_or(message, "chat")), string_or(message, "state"),
                      duration_text(now - integer_or(message, "createdAtMs", now)),
                      terminal_safe(string_or(message, "error"))});
  if (rows.empty())
    output.line("Every message was delivered.");
  else
    output.table({{"Message"}, {"Channel"}, {"Chat"}, {"State"}, {"Age", true}, {"Why"}}, rows);
  return 0;
}

Result<int> dead_retry(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto answer, call_gateway(invocation, "messages.dead.retry", {{"id", invocation.argument(0)}}));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line("It is on its way again.");
  return 0;
}

} // namespace

void register_messages(CommandTable& table) {
  table.add({"messages dead", "List messages that could not be delivered, or perhaps were not.", "",
             gateway_call_options(), reporting(dead_list), true});
  table.add({"messages retry", "Send such a message again.", "MESSAGE", gateway_call_options(), reporting(dead_retry)});
}

} // namespace openclaw::cli
