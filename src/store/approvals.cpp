#include "store/approvals.hpp"

#include "base/json.hpp"
#include "store/journal.hpp"

namespace openclaw::store {
namespace {

constexpr std::string_view kColumns = "SELECT id, effect_digest, agent_id, session_key, run_id, call_id, request, "
                                      "state, created_ms, expires_ms FROM approvals ";

ApprovalRow read_row(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3),    row.text(4),
          row.text(5), row.text(6), row.text(7), row.integer(8), row.integer(9)};
}

Result<std::vector<ApprovalRow>> read_all(Statement query) {
  std::vector<ApprovalRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(read_row(query));
  }
}

Result<> tell(Connection& connection, const ApprovalRow& row, std::string actor, std::string_view word,
              std::int64_t now_ms) {
  const auto request = parse_json(row.request, "approval");
  JournalEntry entry;
  entry.time_ms = now_ms;
  entry.actor = std::move(actor);
  entry.behalf = "agent:" + row.agent_id;
  entry.agent_id = row.agent_id;
  entry.session_key = row.session_key;
  entry.run_id = row.run_id;
  entry.action = "approval";
  entry.subject = row.id + (request ? " " + string_or(*request, "tool") + " " + string_or(*request, "command") : "");
  entry.outcome = std::string(word);
  return record(connection, std::move(entry));
}

} // namespace

Result<> add_approval(Connection& connection, const ApprovalRow& row) {
  TRY(auto command, connection.prepare("INSERT INTO approvals(id, effect_digest, agent_id, session_key, run_id, "
                                       "call_id, request, state, created_ms, "
                                       "expires_ms) VALUES (?,?,?,?,?,?,?,?,?,?)"));
  command.bind(row.id)
      .bind(row.effect_digest)
      .bind(row.agent_id)
      .bind(row.session_key)
      .bind(row.run_id)
      .bind(row.call_id);
  command.bind(row.request).bind(row.state).bind(row.created_ms).bind(row.expires_ms);
  TRY_VOID(command.run());
  return tell(connection, row, "agent:" + row.agent_id, "asked", row.created_ms);
}

Result<std::optional<ApprovalRow>> find_approval(Connection& connection, std::string_view id) {
  static const std::string sql = std::string(kColumns) + "WHERE id = ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(id);
  TRY(const bool found, query.step());
  if (!found) return std::optional<ApprovalRow>{};
  return std::optional<ApprovalRow>(read_row(query));
}

Result<std::vector<ApprovalRow>> pending_approvals(Connection& connection, std::int64_t now_ms) {
  static const std::string sql =
      std::string(kColumns) + "WHERE state = 'pending' AND expires_ms > ? ORDER BY created_ms";
  TRY(auto query, connection.prepare(sql));
  query.bind(now_ms);
  return read_all(std::move(query));
}

Result<std::vector<ApprovalRow>> approvals_lost_by_restart(Connection& connection, std::int64_t since_ms) {
  static const std::string sql = std::string(kColumns) + "WHERE state = 'expired' AND resolved_by = 'restart' AND "
                                                         "resolved_ms >= ? ORDER BY created_ms DESC LIMIT 50";
  TRY(auto query, connection.prepare(sql));
  query.bind(since_ms);
  return read_all(std::move(query));
}

Result<bool> resolve_approval(Connection& connection, std::string_view id, std::string_view state,
                              std::string_view resolved_by, std::int64_t now_ms) {
  TRY(auto command,
      connection.prepare(
          "UPDATE approvals SET state = ?, resolved_by = ?, resolved_ms = ?3 WHERE id = ?4 AND state = 'pending' "
          "AND (expires_ms > ?3 OR ?1 = 'expired')"));
  command.bind(state).bind(resolved_by).bind(now_ms).bind(id);
  TRY_VOID(command.run());
  if (connection.changes() == 0) return false;
  TRY(const auto row, find_approval(connection, id));
  if (row) TRY_VOID(tell(connection, *row, std::string(resolved_by), state, now_ms));
  return true;
}

Result<std::optional<policy::Grant>> consume_approval(Connection& connection, std::string_view id,
                                                      std::int64_t now_ms) {
  TRY(auto command,
      connection.prepare(
          "UPDATE approvals SET state = 'consumed' WHERE id = ? AND state = 'allowed' AND expires_ms > ?"));
  command.bind(id).bind(now_ms);
  TRY_VOID(command.run());
  if (connection.changes() == 0) return std::optional<policy::Grant>{};
  TRY(auto row, find_approval(connection, id));
  if (!row) return std::optional<policy::Grant>{};
  policy::Grant grant;
  grant.id = row->id;
  grant.effect_digest = row->effect_digest;
  grant.session_key = row->session_key;
  grant.agent_id = row->agent_id;
  grant.expires_at_ms = row->expires_ms;
  return std::optional<policy::Grant>(std::move(grant));
}

Result<> expire_pending_approvals(Connection& connection, std::int64_t now_ms) {
  static const std::string sql = std::string(kColumns) + "WHERE state = 'pending' ORDER BY created_ms";
  TRY(auto query, connection.prepare(sql));
  TRY(const auto pending, read_all(std::move(query)));
  for (const auto& row : pending)
    TRY_VOID(resolve_approval(connection, row.id, "expired", "restart", now_ms));
  return {};
}

Result<> add_command_rule(Connection& connection, const CommandRuleRow& row, std::string_view created_by,
                          std::int64_t now_ms) {
  TRY(auto command, connection.prepare("INSERT INTO command_rules(agent_id, binary, arguments, created_ms, created_by, "
                                       "binary_sha256) VALUES (?,?,?,?,?,?) ON CONFLICT(agent_id, binary, arguments) "
                                       "DO UPDATE SET created_ms = excluded.created_ms, created_by = "
                                       "excluded.created_by, binary_sha256 = excluded.binary_sha256"));
  command.bind(row.agent_id).bind(row.binary).bind(row.arguments).bind(now_ms).bind(created_by);
  command.bind(row.binary_sha256);
  TRY_VOID(command.run());
  JournalEntry entry;
  entry.time_ms = now_ms;
  entry.actor = std::string(created_by);
  entry.agent_id = row.agent_id;
  entry.action = "rule";
  entry.subject = row.binary + " " + row.arguments;
  entry.outcome = "always";
  return record(connection, std::move(entry));
}

Result<std::vector<CommandRuleRow>> command_rules(Connection& connection, std::string_view agent_id) {
  TRY(auto query, connection.prepare("SELECT id, agent_id, binary, arguments, binary_sha256 FROM command_rules WHERE "
                                     "agent_id = ? ORDER BY id LIMIT 1000"));
  query.bind(agent_id);
  std::vector<CommandRuleRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back({query.integer(0), query.text(1), query.text(2), query.text(3), query.text(4)});
  }
}

Result<> remove_command_rule(Connection& connection, std::int64_t id) {
  TRY(auto command, connection.prepare("DELETE FROM command_rules WHERE id = ?"));
  command.bind(id);
  return command.run();
}

} // namespace openclaw::store
