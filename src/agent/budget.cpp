#include "agent/budget.hpp"

#include "base/clock.hpp"
#include <fmt/core.h>

namespace openclaw::agent {

std::vector<store::SpendScope> spend_scopes(const BudgetSettings& budget, const std::string& agent_id,
                                            const std::string& session_key, const std::string& run_id,
                                            const std::string& model, std::int64_t now_ms) {
  const auto day = iso_date(now_ms);
  const auto month = day.substr(0, 7);
  const auto agent = "agent:" + agent_id;
  const auto of_agent = budget.of_agent(agent_id);
  const auto setting = fmt::format("budget.agents.{}.", agent_id);
  std::vector<store::SpendScope> scopes{
      {"all", day, budget.per_day_micro_usd, "budget.perDayUsd"},
      {agent, day, of_agent.per_day_micro_usd, setting + "perDayUsd"},
      {"session:" + session_key, "", budget.per_session_micro_usd, "budget.perSessionUsd"},
      {"session:" + session_key, day, -1, ""}};
  if (!model.empty()) scopes.push_back({"model:" + model, day, -1, ""});
  if (budget.per_month_micro_usd >= 0)
    scopes.push_back({"all", month, budget.per_month_micro_usd, "budget.perMonthUsd"});
  if (of_agent.per_month_micro_usd >= 0)
    scopes.push_back({agent, month, of_agent.per_month_micro_usd, setting + "perMonthUsd"});
  if (budget.per_run_micro_usd >= 0 && !run_id.empty())
    scopes.push_back({"run:" + run_id, "", budget.per_run_micro_usd, "budget.perRunUsd"});
  return scopes;
}

Result<std::string> nearly_spent(store::Connection& connection, const std::vector<store::SpendScope>& scopes,
                                 std::int64_t cost) {
  for (const auto& scope : scopes) {
    if (scope.cap_micro_usd <= 0 || cost <= 0) continue;
    const auto mark = scope.cap_micro_usd - scope.cap_micro_usd / 5;
    TRY(const auto spend, store::spend_of(connection, scope.scope, scope.period));
    if (spend.spent < mark || spend.spent - cost >= mark) continue;
    return fmt::format("{} of {} are spent ({}). Calls that could pass the limit are refused; `/budget` says more.",
                       spend_text(spend), format_usd(scope.cap_micro_usd), scope.setting);
  }
  return std::string();
}

Result<std::vector<BudgetLine>> budget_lines(store::Connection& connection, const BudgetSettings& budget,
                                             const std::string& session_key, std::int64_t now_ms) {
  const auto day = iso_date(now_ms);
  const auto month = day.substr(0, 7);
  std::vector<BudgetLine> lines;
  const auto add = [&](std::string what, std::string setting, std::int64_t cap, std::string flags, std::string scope,
                       std::string period) -> Result<> {
    TRY(const auto spend, store::spend_of(connection, scope, period));
    lines.push_back({std::move(what), std::move(setting), cap, false, spend,
                     fmt::format("openclaw budget set AMOUNT {}", flags),
                     fmt::format("openclaw budget clear {}", flags)});
    return {};
  };
  TRY_VOID(add("today, all agents", "budget.perDayUsd", budget.per_day_micro_usd, "--daily", "all", day));
  lines.back().by_default = budget.per_day_is_default;
  if (budget.per_month_micro_usd >= 0)
    TRY_VOID(
        add("this month, all agents", "budget.perMonthUsd", budget.per_month_micro_usd, "--monthly", "all", month));
  for (const auto& [id, caps] : budget.agents) {
    const auto scope = "agent:" + id;
    const auto setting = fmt::format("budget.agents.{}.", id);
    if (caps.per_day_micro_usd >= 0)
      TRY_VOID(add("today, agent " + id, setting + "perDayUsd", caps.per_day_micro_usd, "--daily --agent " + id, scope,
                   day));
    if (caps.per_month_micro_usd >= 0)
      TRY_VOID(add("this month, agent " + id, setting + "perMonthUsd", caps.per_month_micro_usd,
                   "--monthly --agent " + id, scope, month));
  }
  if (budget.per_session_micro_usd >= 0 || !session_key.empty())
    TRY_VOID(add(session_key.empty() ? "each session" : "this session", "budget.perSessionUsd",
                 budget.per_session_micro_usd, "--session", "session:" + session_key, ""));
  if (budget.per_run_micro_usd >= 0)
    TRY_VOID(add("each answer", "budget.perRunUsd", budget.per_run_micro_usd, "--run", "run:", ""));
  return lines;
}

std::string spend_text(const store::Spend& spend) {
  return (spend.estimated > 0 ? "about " : "") + format_usd(spend.spent);
}

} // namespace openclaw::agent
