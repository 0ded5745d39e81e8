#include "store/ledger.hpp"

#include "base/json.hpp"
#include <fmt/core.h>

namespace openclaw::store {
namespace {

std::string dollars(std::int64_t micro_usd) {
  return fmt::format("${}.{:06}", micro_usd / 1'000'000, micro_usd % 1'000'000);
}

bool is_month(std::string_view period) {
  return period.size() == 7;
}

// The options of `openclaw budget set` that mean this cap.
std::string flags_of(const SpendScope& scope) {
  std::string flags = scope.scope.starts_with("session:") ? " --session"
                      : scope.scope.starts_with("run:")   ? " --run"
                      : is_month(scope.period)            ? " --monthly"
                                                          : " --daily";
  if (scope.scope.starts_with("agent:")) flags += " --agent " + scope.scope.substr(6);
  return flags;
}

std::string to_json(const std::vector<SpendScope>& scopes) {
  json::array list;
  for (const auto& scope : scopes)
    list.push_back(json::array{scope.scope, scope.period});
  return to_text(list);
}

// A call or none (a reservation): what it adds to a scope's row.
Result<> add(Connection& connection, std::string_view scope, std::string_view period, std::int64_t reserved,
             std::int64_t calls, const CallCost& cost) {
  if (is_month(period)) return {};
  TRY(auto command,
      connection.prepare(
          "INSERT INTO spend(scope, period, spent, reserved, calls, input_tokens, output_tokens, estimated, "
          "cache_read, cache_write) VALUES (?,?,?,?,?,?,?,?,?,?) "
          "ON CONFLICT(scope, period) DO UPDATE SET spent = spent + excluded.spent, reserved = "
          "max(0, reserved + excluded.reserved), calls = calls + excluded.calls, input_tokens = input_tokens + "
          "excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, estimated = estimated + "
          "excluded.estimated, cache_read = cache_read + excluded.cache_read, cache_write = cache_write + "
          "excluded.cache_write"));
  command.bind(scope).bind(period).bind(cost.micro_usd).bind(reserved).bind(calls);
  command.bind(cost.input_tokens).bind(cost.output_tokens).bind(cost.estimated ? cost.micro_usd : std::int64_t{0});
  command.bind(cost.cache_read).bind(cost.cache_write);
  return command.run();
}

// The columns of a Spend, from `first` on.
constexpr std::string_view kOne =
    "SELECT spent, reserved, calls, input_tokens, output_tokens, estimated, cache_read, cache_write FROM spend "
    "WHERE scope = ? AND period = ?";
constexpr std::string_view kMonth =
    "SELECT coalesce(sum(spent),0), coalesce(sum(reserved),0), coalesce(sum(calls),0), coalesce(sum(input_tokens),0), "
    "coalesce(sum(output_tokens),0), coalesce(sum(estimated),0), coalesce(sum(cache_read),0), "
    "coalesce(sum(cache_write),0) FROM spend WHERE scope = ? AND period > ? AND period < ? || '-99'";
Spend read_spend(const Statement& query, int first) {
  return {query.integer(first),     query.integer(first + 1), query.integer(first + 2), query.integer(first + 3),
          query.integer(first + 4), query.integer(first + 5), query.integer(first + 6), query.integer(first + 7)};
}

// The amount of a reservation that is ended by this call; 0 when there was none.
Result<std::int64_t> end_reservation(Connection& connection, std::string_view id) {
  std::int64_t amount = 0;
  {
    TRY(auto query, connection.prepare("SELECT amount FROM reservations WHERE id = ?"));
    query.bind(id);
    TRY(const bool found, query.step());
    if (!found) return 0;
    amount = query.integer(0);
  }
  TRY(auto command, connection.prepare("DELETE FROM reservations WHERE id = ?"));
  command.bind(id);
  TRY_VOID(command.run());
  return amount;
}

} // namespace

Result<Spend> spend_of(Connection& connection, std::string_view scope, std::string_view period) {
  TRY(auto query, connection.prepare(is_month(period) ? kMonth : kOne));
  query.bind(scope).bind(period);
  if (is_month(period)) query.bind(period);
  TRY(const bool found, query.step());
  return found ? read_spend(query, 0) : Spend{};
}

Result<std::vector<SpendDay>> spend_by_day(Connection& connection, std::string_view scope, std::int64_t days) {
  TRY(auto query, connection.prepare("SELECT period, spent, reserved, calls, input_tokens, output_tokens, estimated, "
                                     "cache_read, cache_write FROM spend WHERE scope = ? AND period <> '' "
                                     "ORDER BY period DESC LIMIT ?"));
  query.bind(scope).bind(days);
  std::vector<SpendDay> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back({query.text(0), read_spend(query, 1)});
  }
}

Result<std::vector<SpendOfScope>> spend_by_scope(Connection& connection, std::string_view prefix,
                                                 std::string_view first_day, std::int64_t limit) {
  TRY(auto query,
      connection.prepare("SELECT substr(scope, length(?1) + 1), sum(spent), sum(reserved), sum(calls), "
                         "sum(input_tokens), sum(output_tokens), sum(estimated), sum(cache_read), sum(cache_write) "
                         "FROM spend WHERE scope >= ?1 AND scope < ?1 || char(1114111) AND period >= ?2 AND "
                         "period <> '' GROUP BY scope ORDER BY sum(spent) DESC, scope LIMIT ?3"));
  query.bind(prefix).bind(first_day).bind(limit);
  std::vector<SpendOfScope> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back({query.text(0), read_spend(query, 1)});
  }
}

Result<> reserve(Connection& connection, const std::string& id, const std::string& run_id, std::int64_t amount,
                 const std::vector<SpendScope>& scopes, std::int64_t now_ms) {
  for (const auto& scope : scopes) {
    if (scope.cap_micro_usd < 0) continue;
    TRY(const auto spend, spend_of(connection, scope.scope, scope.period));
    if (spend.spent + spend.reserved + amount <= scope.cap_micro_usd) continue;
    return fail(Kind::denied,
                fmt::format("The budget does not allow this model call: {} of {} are spent, {} are reserved by running "
                            "calls, and this call "
                            "could cost up to {}.",
                            dollars(spend.spent), dollars(scope.cap_micro_usd), dollars(spend.reserved),
                            dollars(amount)),
                fmt::format("Raise it with: openclaw budget set AMOUNT{}, or openclaw config set {} AMOUNT. What was "
                            "spent on what: openclaw usage.",
                            flags_of(scope), scope.setting),
                "budget");
  }
  for (const auto& scope : scopes)
    TRY_VOID(add(connection, scope.scope, scope.period, amount, 0, {}));
  TRY(auto command,
      connection.prepare("INSERT INTO reservations(id, run_id, amount, scopes, created_ms) VALUES (?,?,?,?,?)"));
  command.bind(id).bind(run_id).bind(amount).bind(to_json(scopes)).bind(now_ms);
  return command.run();
}

Result<> settle(Connection& connection, const std::string& reservation_id, const CallCost& cost,
                const std::vector<SpendScope>& scopes) {
  TRY(const auto reserved, end_reservation(connection, reservation_id));
  for (const auto& scope : scopes)
    TRY_VOID(add(connection, scope.scope, scope.period, -reserved, 1, cost));
  return {};
}

Result<bool> any_reservation(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT 1 FROM reservations LIMIT 1"));
  return query.step();
}

Result<std::int64_t> settle_abandoned(Connection& connection) {
  std::vector<std::tuple<std::string, std::int64_t, std::string>> open;
  {
    TRY(auto query, connection.prepare("SELECT id, amount, scopes FROM reservations"));
    while (true) {
      TRY(const bool found, query.step());
      if (!found) break;
      open.emplace_back(query.text(0), query.integer(1), query.text(2));
    }
  }
  for (const auto& [id, amount, scopes_text] : open) {
    TRY(const auto scopes, parse_json(scopes_text, "reservation"));
    if (const auto* list = scopes.if_array())
      for (const auto& row : *list)
        if (const auto* pair = row.if_array();
            pair && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string())
          TRY_VOID(add(connection, std::string_view((*pair)[0].get_string()), std::string_view((*pair)[1].get_string()),
                       -amount, 1, {.micro_usd = amount, .estimated = true}));
    TRY([[maybe_unused]] const auto ended, end_reservation(connection, id));
  }
  return static_cast<std::int64_t>(open.size());
}

} // namespace openclaw::store
