#include "gateway/services.hpp"
#include "store/ledger.hpp"

namespace openclaw::gateway {
namespace {

double dollars(std::int64_t micro_usd) {
  return static_cast<double>(micro_usd) / 1e6;
}

Task<json::value> usage_cost(Call call) {
  const auto days = integer_or(call.params, "days", 30);
  CO_TRY(const auto spent, store::spend_by_day(call.services.database.reader(), "all", days));
  json::array daily;
  store::Spend sum;
  for (auto day = spent.rbegin(); day != spent.rend(); ++day) {
    const auto& spend = day->spend;
    sum.spent += spend.spent;
    sum.calls += spend.calls;
    sum.input_tokens += spend.input_tokens;
    sum.output_tokens += spend.output_tokens;
    daily.push_back(json::object{{"date", day->period},
                                 {"input", spend.input_tokens},
                                 {"output", spend.output_tokens},
                                 {"cacheRead", 0},
                                 {"cacheWrite", 0},
                                 {"totalTokens", spend.input_tokens + spend.output_tokens},
                                 {"totalCost", dollars(spend.spent)},
                                 {"costMicroUsd", spend.spent},
                                 {"calls", spend.calls},
                                 {"missingCostEntries", 0}});
  }
  json::object totals{{"input", sum.input_tokens},
                      {"output", sum.output_tokens},
                      {"cacheRead", 0},
                      {"cacheWrite", 0},
                      {"totalTokens", sum.input_tokens + sum.output_tokens},
                      {"totalCost", dollars(sum.spent)},
                      {"costMicroUsd", sum.spent},
                      {"calls", sum.calls},
                      {"missingCostEntries", 0}};
  co_return json::value(json::object{{"updatedAt", call.services.time.now_ms()},
                                     {"days", days},
                                     {"daily", std::move(daily)},
                                     {"totals", std::move(totals)}});
}

// Quotas of subscriptions; no provider of this build tells any.
Task<json::value> usage_status(Call call) {
  co_return json::value(json::object{{"updatedAt", call.services.time.now_ms()}, {"providers", json::array()}});
}

} // namespace

void register_usage(MethodTable& table) {
  table.add({"usage.cost", Scope::read,
             R"({"type":"object","properties":{"days":{"type":"integer","minimum":1,"maximum":3650}}})", usage_cost});
  table.add({"usage.status", Scope::read, R"({"type":"object"})", usage_status});
}

} // namespace openclaw::gateway
