// Sessions and their transcript entries as rows.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct SessionRow {
  std::string key; // canonical, "agent:main:main"
  std::string agent_id;
  std::string session_id;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::string channel = "webchat";
  std::optional<std::string> label;
  std::optional<std::string> model;    // override, "provider/model"
  std::optional<std::string> thinking; // override
  std::optional<std::string> verbose;
  std::int64_t input_tokens = 0, output_tokens = 0, cache_read = 0, cache_write = 0;
  std::int64_t cost_micro_usd = 0;
  std::int64_t unpriced_calls = 0; // calls whose price is unknown: the cost above is then a lower bound
  std::int64_t context_tokens = 0; // prompt size of the last model call
  std::optional<std::string> last_provider, last_model;
  bool aborted_last = false;
};

Result<std::optional<SessionRow>> find_session(Connection& connection, std::string_view key);
// Most recently updated first.
Result<std::vector<SessionRow>> list_sessions(Connection& connection, std::int64_t limit);
Result<std::int64_t> count_sessions(Connection& connection);
// Inserts or replaces the whole row.
Result<> save_session(Connection& connection, const SessionRow& row);
// The row, created with `session_id` when there is none.
Result<SessionRow> ensure_session(Connection& connection, const std::string& key, const std::string& agent_id,
                                  const std::string& session_id, std::int64_t now_ms);
Result<bool> delete_session(Connection& connection, std::string_view key);

struct EntryRow {
  std::int64_t sequence = 0;
  std::string entry_id;
  std::string run_id;
  std::string body; // JSON text
};
Result<> append_entry(Connection& connection, const std::string& session_id, const std::string& entry_id,
                      const std::string& run_id, const std::string& body);
// The last `limit` entries, oldest first, of those after a sequence number.
Result<std::vector<EntryRow>> read_entries(Connection& connection, const std::string& session_id, std::int64_t limit,
                                           std::int64_t after = 0);
// The first `limit` entries, oldest first.
Result<std::vector<EntryRow>> first_entries(Connection& connection, const std::string& session_id, std::int64_t limit);
Result<std::string> last_entry_id(Connection& connection, const std::string& session_id); // empty when there is none
Result<> delete_entries(Connection& connection, const std::string& session_id);
// Deletes all but the newest `kept` entries; how many there were.
Result<std::int64_t> keep_newest_entries(Connection& connection, const std::string& session_id, std::int64_t kept);
// Entries of a run; used to take back what a retried run left.
Result<> delete_run_errors(Connection& connection, const std::string& session_id, const std::string& run_id);

} // namespace openclaw::store
