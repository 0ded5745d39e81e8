// What was spent on what.
#include "agent/settings.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

std::vector<std::string> row_of(std::string name, const json::value& row) {
  return {std::move(name),
          std::to_string(integer_or(row, "calls", 0)),
          std::to_string(integer_or(row, "input", 0)),
          std::to_string(integer_or(row, "cacheRead", 0)),
          std::to_string(integer_or(row, "output", 0)),
          (integer_or(row, "estimatedMicroUsd", 0) > 0 ? "about " : "") +
              agent::format_usd(integer_or(row, "costMicroUsd", 0))};
}

Result<int> usage(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto days, invocation.integer("days", 30, 1, 3650));
  const auto by = invocation.value("by").value_or("day");
  if (by != "day" && by != "session" && by != "model" && by != "agent")
    return fail(Kind::invalid, fmt::format("--by is \"{}\".", by), "Use day, session, model or agent.");
  TRY(const auto answer, call_gateway(invocation, "usage.report", {{"days", days}, {"by", by}}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  if (const auto* list = find(answer, "rows"); list && list->is_array())
    for (const auto& row : list->get_array())
      rows.push_back(row_of(terminal_safe(string_or(row, "name")), row));
  if (rows.empty()) {
    output.line(fmt::format("Nothing was spent since {}.", string_or(answer, "since")));
    return 0;
  }
  if (const auto* totals = find(answer, "totals"); totals && rows.size() > 1) rows.push_back(row_of("All", *totals));
  const auto title = by == "day" ? "Day" : by == "session" ? "Session" : by == "model" ? "Model" : "Agent";
  output.table({{title}, {"Calls", true}, {"In", true}, {"Cached", true}, {"Out", true}, {"Cost", true}}, rows);
  return 0;
}

} // namespace

void register_usage(CommandTable& table) {
  table.add({"usage", "Show tokens and money by day, session, model or agent.", "",
             gateway_call_options({{"days", 0, "N", "The last N days, today included (30)."},
                                   {"by", 0, "WHAT", "day, session, model or agent (day)."}}),
             reporting(usage)});
}

} // namespace openclaw::cli
