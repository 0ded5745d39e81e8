#include "gateway/services.hpp"
#include "store/ledger.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr std::int64_t kMostRows = 200;

json::object spend_to_json(const store::Spend& spend) {
  return {{"input", spend.input_tokens - spend.cache_read - spend.cache_write},
          {"output", spend.output_tokens},
          {"cacheRead", spend.cache_read},
          {"cacheWrite", spend.cache_write},
          {"totalTokens", spend.input_tokens + spend.output_tokens},
          {"totalCost", static_cast<double>(spend.spent) / 1e6},
          {"costMicroUsd", spend.spent},
          {"estimatedMicroUsd", spend.estimated},
          {"calls", spend.calls},
          {"missingCostEntries", 0}};
}

void add(store::Spend& sum, const store::Spend& spend) {
  sum.spent += spend.spent;
  sum.calls += spend.calls;
  sum.input_tokens += spend.input_tokens;
  sum.output_tokens += spend.output_tokens;
  sum.estimated += spend.estimated;
  sum.cache_read += spend.cache_read;
  sum.cache_write += spend.cache_write;
}

Task<json::value> usage_cost(Call call) {
  const auto days = integer_or(call.params, "days", 30);
  CO_TRY(const auto spent, store::spend_by_day(call.services.database.reader(), "all", days));
  json::array daily;
  store::Spend sum;
  for (auto day = spent.rbegin(); day != spent.rend(); ++day) {
    add(sum, day->spend);
    auto row = spend_to_json(day->spend);
    row["date"] = day->period;
    daily.push_back(std::move(row));
  }
  co_return json::value(json::object{{"updatedAt", call.services.time.now_ms()},
                                     {"days", days},
                                     {"daily", std::move(daily)},
                                     {"totals", spend_to_json(sum)}});
}

// What was spent on what in the last days, today included.
Task<json::value> usage_report(Call call) {
  auto& reader = call.services.database.reader();
  const auto days = integer_or(call.params, "days", 30);
  const auto by = string_or(call.params, "by", "day");
  const auto now = call.services.time.now_ms();
  const auto first_day = iso_date(now - (days - 1) * kDayMs);
  json::array rows;
  store::Spend sum;
  const auto take = [&](const std::string& name, const store::Spend& spend) {
    add(sum, spend);
    auto row = spend_to_json(spend);
    row["name"] = name;
    rows.push_back(std::move(row));
  };
  if (by == "day") {
    CO_TRY(const auto spent, store::spend_by_day(reader, "all", days));
    for (const auto& day : spent)
      if (day.period >= first_day) take(day.period, day.spend);
  } else {
    CO_TRY(const auto spent, store::spend_by_scope(reader, by + ":", first_day, kMostRows));
    for (const auto& one : spent)
      take(one.scope, one.spend);
  }
  co_return json::value(json::object{
      {"updatedAt", now}, {"since", first_day}, {"by", by}, {"rows", std::move(rows)}, {"totals", spend_to_json(sum)}});
}

// Quotas of subscriptions; no provider of this build tells any.
Task<json::value> usage_status(Call call) {
  co_return json::value(json::object{{"updatedAt", call.services.time.now_ms()}, {"providers", json::array()}});
}

} // namespace

void register_usage(MethodTable& table) {
  table.add({"usage.cost", Scope::read,
             R"({"type":"object","properties":{"days":{"type":"integer","minimum":1,"maximum":3650}}})", usage_cost});
  table.add({"usage.report", Scope::read,
             R"({"type":"object","properties":{"days":{"type":"integer","minimum":1,"maximum":3650},
             "by":{"enum":["day","session","model","agent"]}}})",
             usage_report});
  table.add({"usage.status", Scope::read, R"({"type":"object"})", usage_status});
}

} // namespace openclaw::gateway
