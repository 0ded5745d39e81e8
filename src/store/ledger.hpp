// Money: what is spent and what running calls may still cost, by scope and period. A reservation is refused when it
// could pass a cap.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

// A place where money is counted: scope "all", "agent:main", "session:KEY", "model:PROVIDER/MODEL", "run:ID"; period
// "2026-11-21" or "" for ever. A month ("2026-11") is the sum of its days: it can be capped, and is not counted itself.
struct SpendScope {
  std::string scope;
  std::string period;
  std::int64_t cap_micro_usd = -1; // -1: none
  std::string setting;             // the configuration key of the cap, for messages
};

struct Spend {
  std::int64_t spent = 0;
  std::int64_t reserved = 0;
  std::int64_t calls = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t estimated = 0; // of `spent`, at an assumed price
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
};
Result<Spend> spend_of(Connection& connection, std::string_view scope, std::string_view period);
// The days of a scope with spending, newest first.
struct SpendDay {
  std::string period;
  Spend spend;
};
Result<std::vector<SpendDay>> spend_by_day(Connection& connection, std::string_view scope, std::int64_t days);
// What the days since `first_day` sum up to for each scope that begins with `prefix` ("model:"), the dearest first.
struct SpendOfScope {
  std::string scope; // without the prefix
  Spend spend;
};
Result<std::vector<SpendOfScope>> spend_by_scope(Connection& connection, std::string_view prefix,
                                                 std::string_view first_day, std::int64_t limit);

// Kind::denied, naming the cap, when spent + reserved + amount would pass any cap; then nothing is reserved.
Result<> reserve(Connection& connection, const std::string& id, const std::string& run_id, std::int64_t amount,
                 const std::vector<SpendScope>& scopes, std::int64_t now_ms);
// What a call cost. Input tokens include what came from caches or went into them.
struct CallCost {
  std::int64_t micro_usd = 0;
  bool estimated = false;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
};
// Ends the reservation (if there was one) and counts what the call cost.
Result<> settle(Connection& connection, const std::string& reservation_id, const CallCost& cost,
                const std::vector<SpendScope>& scopes);
Result<bool> any_reservation(Connection& connection);
// After a crash: a call that was running may have cost everything reserved, so that is what it counts as.
Result<std::int64_t> settle_abandoned(Connection& connection);

} // namespace openclaw::store
