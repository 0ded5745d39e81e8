#include "store/ledger.hpp"

#include "base/json.hpp"
#include <fmt/core.h>

namespace openclaw::store {
namespace {

std::string dollars(std::int64_t micro_usd) {
  return fmt::format("${}.{:06}", micro_usd / 1'000'000, micro_usd % 1'000'000);
}

std::string to_json(const std::vector<SpendScope>& scopes) {
  json::array list;
  for (const auto& scope : scopes)
    list.push_back(json::array{scope.scope, scope.period});
  return to_text(list);
}

Result<> add(Connection& connection, std::string_view scope, std::string_view period, std::int64_t spent,
             std::int64_t reserved, std::int64_t calls, std::int64_t input, std::int64_t output) {
  TRY(auto command,
      connection.prepare(
          "INSERT INTO spend(scope, period, spent, reserved, calls, input_tokens, output_tokens) VALUES "
          "(?,?,?,?,?,?,?) "
          "ON CONFLICT(scope, period) DO UPDATE SET spent = spent + excluded.spent, reserved = "
          "max(0, reserved + excluded.reserved), calls = calls + excluded.calls, input_tokens = input_tokens + "
          "excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens"));
  command.bind(scope).bind(period).bind(spent).bind(reserved).bind(calls).bind(input).bind(output);
  return command.run();
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
  TRY(auto query,
      connection.prepare(
          "SELECT spent, reserved, calls, input_tokens, output_tokens FROM spend WHERE scope = ? AND period = ?"));
  query.bind(scope).bind(period);
  TRY(const bool found, query.step());
  if (!found) return Spend{};
  return Spend{query.integer(0), query.integer(1), query.integer(2), query.integer(3), query.integer(4)};
}

Result<std::vector<SpendDay>> spend_by_day(Connection& connection, std::string_view scope, std::int64_t days) {
  TRY(auto query, connection.prepare("SELECT period, spent, reserved, calls, input_tokens, output_tokens FROM spend "
                                     "WHERE scope = ? AND period <> '' "
                                     "ORDER BY period DESC LIMIT ?"));
  query.bind(scope).bind(days);
  std::vector<SpendDay> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(
        {query.text(0), {query.integer(1), query.integer(2), query.integer(3), query.integer(4), query.integer(5)}});
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
                fmt::format("Raise it with: openclaw config set {} AMOUNT", scope.setting), "budget");
  }
  for (const auto& scope : scopes)
    TRY_VOID(add(connection, scope.scope, scope.period, 0, amount, 0, 0, 0));
  TRY(auto command,
      connection.prepare("INSERT INTO reservations(id, run_id, amount, scopes, created_ms) VALUES (?,?,?,?,?)"));
  command.bind(id).bind(run_id).bind(amount).bind(to_json(scopes)).bind(now_ms);
  return command.run();
}

Result<> settle(Connection& connection, const std::string& reservation_id, std::int64_t cost, std::int64_t input_tokens,
                std::int64_t output_tokens, const std::vector<SpendScope>& scopes) {
  TRY(const auto reserved, end_reservation(connection, reservation_id));
  for (const auto& scope : scopes)
    TRY_VOID(add(connection, scope.scope, scope.period, cost, -reserved, 1, input_tokens, output_tokens));
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
                       amount, -amount, 1, 0, 0));
    TRY([[maybe_unused]] const auto ended, end_reservation(connection, id));
  }
  return static_cast<std::int64_t>(open.size());
}

} // namespace openclaw::store
