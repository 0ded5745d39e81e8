#include "store/outbox.hpp"

namespace openclaw::store {
namespace {

constexpr std::string_view kColumns = "SELECT sequence, id, channel, account, chat, run_id, kind, body, state, "
                                      "parts_sent, attempts, next_ms, created_ms, "
                                      "message_ids, coalesce(error, '') FROM outbox ";

OutboxRow read_row(const Statement& query) {
  OutboxRow row;
  row.sequence = query.integer(0);
  row.id = query.text(1);
  row.channel = query.text(2);
  row.account = query.text(3);
  row.chat = query.text(4);
  row.run_id = query.text(5);
  row.kind = query.text(6);
  row.body = query.text(7);
  row.state = query.text(8);
  row.parts_sent = static_cast<int>(query.integer(9));
  row.attempts = static_cast<int>(query.integer(10));
  row.next_ms = query.integer(11);
  row.created_ms = query.integer(12);
  row.message_ids = query.text(13);
  row.error = query.text(14);
  return row;
}

Result<std::vector<OutboxRow>> rows_of(Statement query) {
  std::vector<OutboxRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(read_row(query));
  }
}

} // namespace

Result<bool> add_outgoing(Connection& connection, const OutboxRow& row) {
  TRY(auto command,
      connection.prepare(
          "INSERT OR IGNORE INTO outbox(id, channel, account, chat, run_id, kind, body, state, parts_sent, "
          "attempts, next_ms, created_ms, changed_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?12,?12)"));
  command.bind(row.id)
      .bind(row.channel)
      .bind(row.account)
      .bind(row.chat)
      .bind(row.run_id)
      .bind(row.kind)
      .bind(row.body);
  command.bind(row.state).bind(std::int64_t{row.parts_sent}).bind(std::int64_t{row.attempts}).bind(row.next_ms);
  command.bind(row.created_ms);
  TRY_VOID(command.run());
  return connection.changes() > 0;
}

Result<> save_outgoing(Connection& connection, const OutboxRow& row, std::int64_t now_ms) {
  TRY(auto command, connection.prepare("UPDATE outbox SET state = ?, parts_sent = ?, attempts = ?, next_ms = ?, "
                                       "message_ids = ?, error = nullif(?, ''), changed_ms = ? WHERE id = ?"));
  command.bind(row.state).bind(std::int64_t{row.parts_sent}).bind(std::int64_t{row.attempts}).bind(row.next_ms);
  command.bind(row.message_ids).bind(row.error).bind(now_ms).bind(row.id);
  return command.run();
}

Result<std::vector<OutboxRow>> open_outgoing(Connection& connection, std::size_t limit) {
  return open_outgoing_after(connection, 0, limit);
}

Result<std::vector<OutboxRow>> open_outgoing_after(Connection& connection, std::int64_t sequence, std::size_t limit) {
  static const std::string sql =
      std::string(kColumns) + "WHERE state IN ('queued', 'sending') AND sequence > ? ORDER BY sequence LIMIT ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(sequence).bind(static_cast<std::int64_t>(limit));
  return rows_of(std::move(query));
}

Result<std::optional<OutboxRow>> find_outgoing(Connection& connection, std::string_view id) {
  static const std::string sql = std::string(kColumns) + "WHERE id = ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(id);
  TRY(const bool found, query.step());
  if (!found) return std::optional<OutboxRow>{};
  return std::optional<OutboxRow>(read_row(query));
}

Result<std::vector<OutboxRow>> blocks_of(Connection& connection, std::string_view run_id) {
  static const std::string sql = std::string(kColumns) + "WHERE kind = 'block' AND run_id = ? ORDER BY sequence";
  TRY(auto query, connection.prepare(sql));
  query.bind(run_id);
  return rows_of(std::move(query));
}

Result<> close_blocks(Connection& connection, std::string_view run_id) {
  TRY(auto command, connection.prepare("UPDATE outbox SET kind = 'said' WHERE kind = 'block' AND run_id = ?"));
  command.bind(run_id);
  return command.run();
}

Result<bool> sent_by_us(Connection& connection, std::string_view channel, std::string_view account,
                        std::string_view chat, std::string_view message_id) {
  TRY(auto query,
      connection.prepare("SELECT 1 FROM (SELECT channel, account, chat, message_ids FROM outbox ORDER BY sequence DESC "
                         "LIMIT 5000) WHERE channel = ?1 AND account = ?2 AND (chat = ?3 OR substr(chat, 1, "
                         "length(?3) + 1) = ?3 || '/') AND EXISTS (SELECT 1 FROM json_each(message_ids) WHERE value = "
                         "?4)"));
  query.bind(channel).bind(account).bind(chat).bind(message_id);
  return query.step();
}

Result<std::vector<OutboxRow>> troubled_outgoing(Connection& connection, std::size_t limit) {
  static const std::string sql =
      std::string(kColumns) + "WHERE state IN ('failed', 'dead') ORDER BY sequence DESC LIMIT ?";
  TRY(auto query, connection.prepare(sql));
  query.bind(static_cast<std::int64_t>(limit));
  return rows_of(std::move(query));
}

Result<std::int64_t> forget_sent(Connection& connection, std::int64_t before_ms) {
  TRY(auto command, connection.prepare("DELETE FROM outbox WHERE state = 'sent' AND changed_ms < ?"));
  command.bind(before_ms);
  TRY_VOID(command.run());
  return connection.changes();
}

} // namespace openclaw::store
