#include "base/clock.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto limit, invocation.integer("limit", 50, 1, 10'000));
  TRY(const auto answer,
      call_gateway(invocation, "sessions.list",
                   {{"limit", limit}, {"includeDerivedTitles", true}, {"includeLastMessage", true}}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto* sessions = find(answer, "sessions");
  if (!sessions || !sessions->is_array() || sessions->get_array().empty()) {
    output.line("There are no sessions yet. Start one with: openclaw agent -m \"Hello\"");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const auto now = SystemClock().now_ms();
  for (const auto& row : sessions->get_array()) {
    auto title = string_or(row, "label");
    for (const auto* field : {"displayName", "derivedTitle", "lastMessagePreview"})
      if (title.empty()) title = string_or(row, field);
    rows.push_back({string_or(row, "key"), duration_text(now - integer_or(row, "updatedAt", now)),
                    std::to_string(integer_or(row, "totalTokens", 0)), string_or(row, "model"), title});
  }
  output.table({{"Session"}, {"Age", true}, {"Tokens", true}, {"Model"}, {"Title"}}, rows);
  return 0;
}

Result<int> change(Invocation& invocation, std::string method, std::string_view done) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto answer, call_gateway(invocation, std::move(method), {{"key", invocation.argument(0)}}));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(fmt::format("{} {}.", done, terminal_safe(string_or(answer, "key", invocation.argument(0)))));
  return 0;
}

Result<int> reset(Invocation& invocation) {
  return change(invocation, "sessions.reset", "Started afresh:");
}
Result<int> remove(Invocation& invocation) {
  return change(invocation, "sessions.delete", "Deleted");
}

} // namespace

void register_sessions(CommandTable& table) {
  table.add({"sessions list", "List the conversations.", "",
             gateway_call_options({{"limit", 0, "COUNT", "At most so many, the latest first (default 50)."}}),
             reporting(list), true});
  table.add({"sessions reset", "Start a conversation afresh.", "KEY", gateway_call_options(), reporting(reset)});
  table.add({"sessions delete", "Delete a conversation.", "KEY", gateway_call_options(), reporting(remove)});
}

} // namespace openclaw::cli
