#include "agent/budget.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> budget_status(Call call) {
  auto& services = call.services;
  const auto& budget = services.runtime.settings().budget;
  CO_TRY(const auto lines, agent::budget_lines(services.database.reader(), budget, "", services.time.now_ms()));
  json::array rows;
  for (const auto& line : lines) {
    json::object row{{"what", line.what},
                     {"setting", line.setting},
                     {"default", line.by_default},
                     {"spentMicroUsd", line.spend.spent},
                     {"estimatedMicroUsd", line.spend.estimated},
                     {"reservedMicroUsd", line.spend.reserved},
                     {"set", line.set},
                     {"clear", line.clear}};
    if (line.cap >= 0) row["capMicroUsd"] = line.cap;
    rows.push_back(std::move(row));
  }
  co_return json::value(json::object{{"limits", std::move(rows)},
                                     {"assumedInputMicroUsd", budget.assumed_price.input},
                                     {"assumedOutputMicroUsd", budget.assumed_price.output}});
}

} // namespace

void register_budget_status(MethodTable& table) {
  table.add({"budget.status", Scope::read, R"({"type":"object"})", budget_status});
}

} // namespace openclaw::gateway
