#include "store/sessions.hpp"

#include <algorithm>

namespace openclaw::store {
namespace {

constexpr std::string_view kColumns = "SELECT key, agent_id, session_id, created_ms, updated_ms, channel, label, "
                                      "model, thinking, verbose, input_tokens, output_tokens, "
                                      "cache_read, cache_write, cost_micro_usd, unpriced_calls, context_tokens, "
                                      "last_provider, last_model, aborted_last FROM sessions ";

std::optional<std::string> optional_text(const Statement& row, int column) {
  if (row.null(column)) return std::nullopt;
  return row.text(column);
}

SessionRow read_row(const Statement& row) {
  SessionRow session;
  session.key = row.text(0);
  session.agent_id = row.text(1);
  session.session_id = row.text(2);
  session.created_ms = row.integer(3);
  session.updated_ms = row.integer(4);
  session.channel = row.text(5);
  session.label = optional_text(row, 6);
  session.model = optional_text(row, 7);
  session.thinking = optional_text(row, 8);
  session.verbose = optional_text(row, 9);
  session.input_tokens = row.integer(10);
  session.output_tokens = row.integer(11);
  session.cache_read = row.integer(12);
  session.cache_write = row.integer(13);
  session.cost_micro_usd = row.integer(14);
  session.unpriced_calls = row.integer(15);
  session.context_tokens = row.integer(16);
  session.last_provider = optional_text(row, 17);
  session.last_model = optional_text(row, 18);
  session.aborted_last = row.integer(19) != 0;
  return session;
}

} // namespace

Result<std::optional<SessionRow>> find_session(Connection& connection, std::string_view key) {
  static const std::string sql = std::string(kColumns) + "WHERE key = ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(key);
  TRY(const bool found, query.step());
  if (!found) return std::optional<SessionRow>{};
  return std::optional<SessionRow>(read_row(query));
}

Result<std::vector<SessionRow>> list_sessions(Connection& connection, std::int64_t limit) {
  static const std::string sql = std::string(kColumns) + "ORDER BY updated_ms DESC LIMIT ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(limit);
  std::vector<SessionRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(read_row(query));
  }
}

Result<std::int64_t> count_sessions(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT count(*) FROM sessions"));
  TRY(const bool found, query.step());
  return found ? query.integer(0) : 0;
}

Result<> save_session(Connection& connection, const SessionRow& row) {
  TRY(auto command,
      connection.prepare("INSERT OR REPLACE INTO sessions(key, agent_id, session_id, created_ms, updated_ms, channel, "
                         "label, model, thinking, "
                         "verbose, input_tokens, output_tokens, cache_read, cache_write, cost_micro_usd, "
                         "unpriced_calls, context_tokens, "
                         "last_provider, last_model, aborted_last) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  command.bind(row.key)
      .bind(row.agent_id)
      .bind(row.session_id)
      .bind(row.created_ms)
      .bind(row.updated_ms)
      .bind(row.channel);
  command.bind(row.label)
      .bind(row.model)
      .bind(row.thinking)
      .bind(row.verbose)
      .bind(row.input_tokens)
      .bind(row.output_tokens);
  command.bind(row.cache_read)
      .bind(row.cache_write)
      .bind(row.cost_micro_usd)
      .bind(row.unpriced_calls)
      .bind(row.context_tokens);
  command.bind(row.last_provider).bind(row.last_model).bind(row.aborted_last);
  return command.run();
}

Result<SessionRow> ensure_session(Connection& connection, const std::string& key, const std::string& agent_id,
                                  const std::string& session_id, std::int64_t now_ms) {
  TRY(auto found, find_session(connection, key));
  if (found) return std::move(*found);
  SessionRow row;
  row.key = key;
  row.agent_id = agent_id;
  row.session_id = session_id;
  row.created_ms = now_ms;
  row.updated_ms = now_ms;
  TRY_VOID(save_session(connection, row));
  return row;
}

Result<bool> delete_session(Connection& connection, std::string_view key) {
  TRY(auto command, connection.prepare("DELETE FROM sessions WHERE key = ?"));
  command.bind(key);
  TRY_VOID(command.run());
  return connection.changes() > 0;
}

Result<> append_entry(Connection& connection, const std::string& session_id, const std::string& entry_id,
                      const std::string& run_id, const std::string& body) {
  TRY(auto command, connection.prepare("INSERT INTO entries(session_id, entry_id, run_id, body) VALUES (?,?,?,?)"));
  command.bind(session_id).bind(entry_id).bind(run_id).bind(body);
  return command.run();
}

Result<std::vector<EntryRow>> read_entries(Connection& connection, const std::string& session_id, std::int64_t limit,
                                           std::int64_t after) {
  TRY(auto query, connection.prepare("SELECT sequence, entry_id, run_id, body FROM entries WHERE session_id = ? AND "
                                     "sequence > ? ORDER BY sequence DESC LIMIT ?"));
  query.bind(session_id).bind(after).bind(limit);
  std::vector<EntryRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) break;
    rows.push_back({query.integer(0), query.text(1), query.text(2), query.text(3)});
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::vector<EntryRow>> first_entries(Connection& connection, const std::string& session_id, std::int64_t limit) {
  TRY(auto query,
      connection.prepare(
          "SELECT sequence, entry_id, run_id, body FROM entries WHERE session_id = ? ORDER BY sequence LIMIT ?"));
  query.bind(session_id).bind(limit);
  std::vector<EntryRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back({query.integer(0), query.text(1), query.text(2), query.text(3)});
  }
}

Result<std::string> last_entry_id(Connection& connection, const std::string& session_id) {
  TRY(auto query,
      connection.prepare("SELECT entry_id FROM entries WHERE session_id = ? ORDER BY sequence DESC LIMIT 1"));
  query.bind(session_id);
  TRY(const bool found, query.step());
  return found ? query.text(0) : std::string();
}

Result<> delete_entries(Connection& connection, const std::string& session_id) {
  TRY(auto command, connection.prepare("DELETE FROM entries WHERE session_id = ?"));
  command.bind(session_id);
  return command.run();
}

Result<std::int64_t> keep_newest_entries(Connection& connection, const std::string& session_id, std::int64_t kept) {
  TRY(auto count, connection.prepare("SELECT COUNT(*) FROM entries WHERE session_id = ?"));
  count.bind(session_id);
  TRY([[maybe_unused]] const bool found, count.step());
  const auto before = count.integer(0);
  TRY(auto command,
      connection.prepare("DELETE FROM entries WHERE session_id = ?1 AND sequence NOT IN (SELECT sequence FROM entries "
                         "WHERE session_id = ?1 ORDER BY sequence DESC LIMIT ?2)"));
  command.bind(session_id).bind(kept);
  TRY_VOID(command.run());
  return before;
}

Result<> delete_run_errors(Connection& connection, const std::string& session_id, const std::string& run_id) {
  TRY(auto command, connection.prepare("DELETE FROM entries WHERE session_id = ? AND run_id = ? AND "
                                       "json_extract(body, '$.message.stopReason') = 'error'"));
  command.bind(session_id).bind(run_id);
  return command.run();
}

} // namespace openclaw::store
