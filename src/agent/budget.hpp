// The money limits that stand above a model call, and what is left below each of them.
#pragma once
#include "agent/settings.hpp"
#include "store/ledger.hpp"

namespace openclaw::agent {

// Where a call of this model in this run counts, with the caps. An empty run or model is left out.
std::vector<store::SpendScope> spend_scopes(const BudgetSettings& budget, const std::string& agent_id,
                                            const std::string& session_key, const std::string& run_id,
                                            const std::string& model, std::int64_t now_ms);

// What to tell people when `cost`, which is counted already, brought a cap past four fifths; empty when it did not.
Result<std::string> nearly_spent(store::Connection& connection, const std::vector<store::SpendScope>& scopes,
                                 std::int64_t cost);

struct BudgetLine {
  std::string what;    // "today, all agents"
  std::string setting; // budget.perDayUsd
  std::int64_t cap = -1;
  bool by_default = false;
  store::Spend spend;
  std::string set;   // the command that changes it
  std::string clear; // and the one that takes it away
};
// The caps that are set (the day's always, even without one), the agents' own included. `session_key` may be empty.
Result<std::vector<BudgetLine>> budget_lines(store::Connection& connection, const BudgetSettings& budget,
                                             const std::string& session_key, std::int64_t now_ms);

// "$1.20", "about $1.20" when a part of it was counted at an assumed price.
std::string spend_text(const store::Spend& spend);

} // namespace openclaw::agent
