#include "store/inbox.hpp"

#include "store/journal.hpp"

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

// The channel that the run's message came by.
Result<std::string> behalf_of(Connection& connection, std::string_view run_id) {
  TRY(auto query, connection.prepare("SELECT channel FROM inbox WHERE run_id = ?"));
  query.bind(run_id);
  TRY(const bool found, query.step());
  return found ? query.text(0) : std::string();
}

std::string agent_of(std::string_view session_key) {
  const auto rest = session_key.substr(std::min(session_key.size(), session_key.find(':') + 1));
  return std::string(rest.substr(0, rest.find(':')));
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
  if (connection.changes() == 0) return false;
  TRY(auto forget, connection.prepare("DELETE FROM inbox WHERE finished_ms < ? AND sequence IN "
                                      "(SELECT sequence FROM inbox ORDER BY sequence LIMIT 2)"));
  forget.bind(row.received_ms - kInboxKeptMs);
  TRY_VOID(forget.run());
  return true;
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

Result<> set_run_body(Connection& connection, std::string_view run_id, std::string_view body) {
  TRY(auto command, connection.prepare("UPDATE inbox SET body = ? WHERE run_id = ? AND state = 'accepted'"));
  command.bind(body).bind(run_id);
  return command.run();
}

Result<> set_run_state(Connection& connection, std::string_view run_id, std::string_view state, std::int64_t now_ms,
                       std::string_view error) {
  TRY(auto command,
      connection.prepare(
          "UPDATE inbox SET state = ?1, error = nullif(?2, ''), "
          "finished_ms = CASE WHEN ?1 IN ('accepted', 'running') THEN NULL ELSE ?3 END WHERE run_id = ?4"));
  command.bind(state).bind(error).bind(now_ms).bind(run_id);
  TRY_VOID(command.run());
  if (state == "accepted" || state == "running") return {};
  TRY(const auto row, find_run(connection, run_id));
  if (!row) return {};
  JournalEntry entry;
  entry.time_ms = now_ms;
  entry.agent_id = agent_of(row->session_key);
  entry.actor = "agent:" + entry.agent_id;
  entry.behalf = row->channel;
  entry.session_key = row->session_key;
  entry.run_id = row->run_id;
  entry.action = "run";
  entry.subject = row->dedupe_key;
  entry.outcome = std::string(state);
  return record(connection, std::move(entry));
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

Result<std::string> last_messenger_body(Connection& connection, std::string_view session_key) {
  TRY(auto query,
      connection.prepare("SELECT body FROM (SELECT sequence, session_key, channel, body FROM inbox ORDER BY sequence "
                         "DESC LIMIT 5000) WHERE session_key = ? AND channel <> 'webchat' AND "
                         "json_extract(body, '$.delivery') IS NOT NULL ORDER BY sequence DESC LIMIT 1"));
  query.bind(session_key);
  TRY(const bool found, query.step());
  return found ? query.text(0) : std::string();
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
  TRY_VOID(command.run());
  TRY(auto behalf, behalf_of(connection, receipt.run_id));
  JournalEntry entry;
  entry.time_ms = now_ms;
  entry.actor = "agent:" + receipt.agent_id;
  entry.behalf = std::move(behalf);
  entry.agent_id = receipt.agent_id;
  entry.session_key = receipt.session_key;
  entry.run_id = receipt.run_id;
  entry.action = "tool." + receipt.tool;
  entry.subject = receipt.call_id + " " + receipt.summary;
  entry.outcome = receipt.grant_id ? "started with approval " + *receipt.grant_id : std::string("started");
  return record(connection, std::move(entry));
}

Result<> finish_tool_call(Connection& connection, std::string_view run_id, std::string_view call_id, bool is_error,
                          std::int64_t now_ms) {
  JournalEntry entry;
  {
    TRY(auto command, connection.prepare("UPDATE tool_calls SET finished_ms = ?, is_error = ? WHERE run_id = ? AND "
                                         "call_id = ? RETURNING agent_id, session_key, tool"));
    command.bind(now_ms).bind(is_error).bind(run_id).bind(call_id);
    TRY(const bool found, command.step());
    if (!found) return {};
    entry.agent_id = command.text(0);
    entry.session_key = command.text(1);
    entry.action = "tool." + command.text(2);
  }
  TRY(entry.behalf, behalf_of(connection, run_id));
  entry.time_ms = now_ms;
  entry.actor = "agent:" + entry.agent_id;
  entry.run_id = std::string(run_id);
  entry.subject = std::string(call_id);
  entry.outcome = is_error ? "error" : "ok";
  return record(connection, std::move(entry));
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
