#include "store/inbox.hpp"

namespace openclaw::store {
namespace {

constexpr std::string_view kColumns = "SELECT sequence, channel, dedupe_key, run_id, session_key, body, state, "
                                      "received_ms, coalesce(error, ''), coalesce(retry_of, '') FROM inbox ";

InboxRow read_row(const Statement& row) {
  InboxRow message;
  message.sequence = row.integer(0);
  message.channel = row.text(1);
  message.dedupe_key = row.text(2);
  message.run_id = row.text(3);
  message.session_key = row.text(4);
  message.body = row.text(5);
  message.state = row.text(6);
  message.received_ms = row.integer(7);
  message.error = row.text(8);
  message.retry_of = row.text(9);
  return message;
}

Result<std::optional<InboxRow>> one(Statement query) {
  TRY(const bool found, query.step());
  if (!found) return std::optional<InboxRow>{};
  return std::optional<InboxRow>(read_row(query));
}

} // namespace

Result<bool> accept_message(Connection& connection, const InboxRow& row) {
  TRY(auto command,
      connection.prepare(
          "INSERT OR IGNORE INTO inbox(channel, dedupe_key, run_id, session_key, body, state, received_ms, retry_of) "
          "VALUES (?,?,?,?,?,?,?,nullif(?, ''))"));
  command.bind(row.channel).bind(row.dedupe_key).bind(row.run_id).bind(row.session_key).bind(row.body).bind(row.state);
  command.bind(row.received_ms).bind(row.retry_of);
  TRY_VOID(command.run());
  return connection.changes() > 0;
}

Result<std::optional<InboxRow>> find_run(Connection& connection, std::string_view run_id) {
  static const std::string sql = std::string(kColumns) + "WHERE run_id = ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(run_id);
  return one(std::move(query));
}

Result<std::optional<InboxRow>> find_message(Connection& connection, std::string_view channel,
                                             std::string_view dedupe_key) {
  static const std::string sql = std::string(kColumns) + "WHERE channel = ? AND dedupe_key = ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(channel).bind(dedupe_key);
  return one(std::move(query));
}

Result<> set_run_state(Connection& connection, std::string_view run_id, std::string_view state, std::int64_t now_ms,
                       std::string_view error) {
  TRY(auto command,
      connection.prepare(
          "UPDATE inbox SET state = ?1, error = nullif(?2, ''), "
          "finished_ms = CASE WHEN ?1 IN ('accepted', 'running') THEN NULL ELSE ?3 END WHERE run_id = ?4"));
  command.bind(state).bind(error).bind(now_ms).bind(run_id);
  return command.run();
}

Result<std::vector<InboxRow>> open_runs(Connection& connection) {
  static const std::string sql = std::string(kColumns) + "WHERE state IN ('accepted', 'running') ORDER BY sequence";
  TRY(auto query, connection.prepare(sql));
  std::vector<InboxRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(read_row(query));
  }
}

Result<> start_tool_call(Connection& connection, const ToolReceipt& receipt, std::int64_t now_ms) {
  TRY(auto command, connection.prepare("INSERT INTO tool_calls(run_id, call_id, session_key, agent_id, tool, risk, "
                                       "summary, effect_digest, grant_id, "
                                       "started_ms) VALUES (?,?,?,?,?,?,?,?,?,?)"));
  command.bind(receipt.run_id)
      .bind(receipt.call_id)
      .bind(receipt.session_key)
      .bind(receipt.agent_id)
      .bind(receipt.tool);
  command.bind(receipt.risk).bind(receipt.summary).bind(receipt.effect_digest).bind(receipt.grant_id).bind(now_ms);
  return command.run();
}

Result<> finish_tool_call(Connection& connection, std::string_view run_id, std::string_view call_id, bool is_error,
                          std::int64_t now_ms) {
  TRY(auto command,
      connection.prepare("UPDATE tool_calls SET finished_ms = ?, is_error = ? WHERE run_id = ? AND call_id = ?"));
  command.bind(now_ms).bind(is_error).bind(run_id).bind(call_id);
  return command.run();
}

Result<std::vector<ToolReceipt>> unfinished_tool_calls(Connection& connection, std::string_view run_id) {
  TRY(auto query,
      connection.prepare(
          "SELECT run_id, call_id, session_key, agent_id, tool, risk, summary, effect_digest FROM tool_calls "
          "WHERE run_id = ? AND finished_ms IS NULL"));
  query.bind(run_id);
  std::vector<ToolReceipt> receipts;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return receipts;
    receipts.push_back({query.text(0), query.text(1), query.text(2), query.text(3), query.text(4), query.text(5),
                        query.text(6), query.text(7), std::nullopt});
  }
}

} // namespace openclaw::store
