// The journal: an append-only account of actions, chained by hashes, so that a changed or missing row is noticed. A row
// is written in the transaction of what it tells of, and so costs no commit of its own.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct JournalEntry {
  std::int64_t sequence = 0; // given by record()
  std::int64_t time_ms = 0;
  std::string actor;  // who acted: agent:main, client NAME, gateway
  std::string behalf; // for whom, where that is another: the session's channel or client
  std::string agent_id;
  std::string session_key;
  std::string run_id;
  std::string action;  // tool.start, tool.end, approval.ask, approval.allow, run.answered, login.use, config.change, …
  std::string subject; // what it was done to, for people
  std::string outcome; // ok, error, allowed, denied, expired, …
  std::int64_t cost_micro_usd = 0;
  std::string hash; // given by record()
};

// Appends; texts are cut at 1 KB and known secrets are left out. The oldest rows go when there are more than 500,000.
Result<> record(Connection& connection, JournalEntry entry);

struct JournalQuery {
  std::int64_t since_ms = 0;
  std::string agent_id;    // empty: every
  std::string session_key; // empty: every
  std::int64_t limit = 200;
};
// The newest that fit, oldest first.
Result<std::vector<JournalEntry>> journal(Connection& connection, const JournalQuery& query);

struct JournalVerdict {
  std::int64_t rows = 0;
  std::int64_t first = 0; // sequence
  std::string head;       // hash of the last row; whoever keeps it elsewhere notices a rewritten chain
  std::string problem;    // empty: the chain is whole
};
Result<JournalVerdict> verify_journal(Connection& connection);

// The last row with this action, for instance the last configuration that was in force.
Result<std::optional<JournalEntry>> last_journal_entry(Connection& connection, std::string_view action);

} // namespace openclaw::store
