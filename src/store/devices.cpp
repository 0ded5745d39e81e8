#include "store/devices.hpp"

#include "base/text.hpp"

namespace openclaw::store {
namespace {

std::vector<std::string> scopes_of(std::string_view text) {
  std::vector<std::string> scopes;
  for (const auto scope : split(text, ','))
    if (!scope.empty()) scopes.emplace_back(scope);
  return scopes;
}

std::optional<std::int64_t> optional_integer(const Statement& query, int column) {
  if (query.null(column)) return std::nullopt;
  return query.integer(column);
}

DeviceFacts facts_at(const Statement& query, int column) {
  return {query.text(column),     query.text(column + 1), query.text(column + 2), query.text(column + 3),
          query.text(column + 4), query.text(column + 5), query.text(column + 6)};
}

void bind_facts(Statement& command, const DeviceFacts& facts) {
  command.bind(facts.device_id)
      .bind(facts.public_key)
      .bind(facts.display_name)
      .bind(facts.platform)
      .bind(facts.client_id)
      .bind(facts.client_mode)
      .bind(facts.address);
}

DeviceRow device_at(const Statement& query) {
  return {facts_at(query, 0), query.integer(7), query.integer(8)};
}

DeviceGrant grant_at(const Statement& query) {
  DeviceGrant grant{query.text(0), query.text(1), scopes_of(query.view(2)), query.integer(3), {}, {}, {}};
  grant.rotated_ms = optional_integer(query, 4);
  grant.revoked_ms = optional_integer(query, 5);
  grant.last_used_ms = optional_integer(query, 6);
  return grant;
}

DeviceRequest request_at(const Statement& query) {
  return {query.text(0),          facts_at(query, 1), query.text(8), scopes_of(query.view(9)),
          query.integer(10) != 0, query.integer(11)};
}

template <class Row, class Read>
Result<std::vector<Row>> all_rows(Statement& query, Read read) {
  std::vector<Row> rows;
  while (true) {
    TRY(const bool more, query.step());
    if (!more) return rows;
    rows.push_back(read(query));
  }
}

template <class Row, class Read>
Result<std::optional<Row>> one_row(Statement& query, Read read) {
  TRY(const bool found, query.step());
  if (!found) return std::optional<Row>{};
  return std::optional<Row>(read(query));
}

Result<> run_for_grant(Connection& connection, std::string_view sql, std::string_view device_id,
                       std::string_view role) {
  TRY(auto command, connection.prepare(sql));
  command.bind(device_id).bind(role);
  return command.run();
}

} // namespace

Result<std::vector<DeviceRow>> list_devices(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT device_id, public_key, display_name, platform, client_id, client_mode, "
                                     "address, created_ms, approved_ms FROM devices ORDER BY approved_ms, device_id"));
  return all_rows<DeviceRow>(query, device_at);
}

Result<std::int64_t> count_devices(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT count(*) FROM devices"));
  TRY(const bool found, query.step());
  return found ? query.integer(0) : 0;
}

Result<std::optional<DeviceRow>> find_device(Connection& connection, std::string_view device_id) {
  TRY(auto query, connection.prepare("SELECT device_id, public_key, display_name, platform, client_id, client_mode, "
                                     "address, created_ms, approved_ms FROM devices WHERE device_id = ?"));
  query.bind(device_id);
  return one_row<DeviceRow>(query, device_at);
}

Result<> save_device(Connection& connection, const DeviceFacts& facts, std::int64_t now_ms) {
  TRY(auto command,
      connection.prepare(
          "INSERT INTO devices(device_id, public_key, display_name, platform, client_id, client_mode, address, "
          "created_ms, approved_ms) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT(device_id) DO UPDATE SET "
          "display_name = excluded.display_name, platform = excluded.platform, client_id = excluded.client_id, "
          "client_mode = excluded.client_mode, address = excluded.address, approved_ms = excluded.approved_ms"));
  bind_facts(command, facts);
  command.bind(now_ms).bind(now_ms);
  return command.run();
}

Result<bool> remove_device(Connection& connection, std::string_view device_id) {
  {
    TRY(auto requests, connection.prepare("DELETE FROM device_requests WHERE device_id = ?"));
    requests.bind(device_id);
    TRY_VOID(requests.run());
  }
  TRY(auto command, connection.prepare("DELETE FROM devices WHERE device_id = ?"));
  command.bind(device_id);
  TRY_VOID(command.run());
  return connection.changes() > 0;
}

Result<std::vector<DeviceGrant>> list_grants(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT device_id, role, scopes, created_ms, rotated_ms, revoked_ms, last_used_ms "
                                     "FROM device_grants ORDER BY device_id, role"));
  return all_rows<DeviceGrant>(query, grant_at);
}

Result<std::optional<DeviceGrant>> find_grant(Connection& connection, std::string_view device_id,
                                              std::string_view role) {
  TRY(auto query, connection.prepare("SELECT device_id, role, scopes, created_ms, rotated_ms, revoked_ms, last_used_ms "
                                     "FROM device_grants WHERE device_id = ? AND role = ?"));
  query.bind(device_id).bind(role);
  return one_row<DeviceGrant>(query, grant_at);
}

Result<> save_grant(Connection& connection, const DeviceGrant& grant) {
  TRY(auto command,
      connection.prepare("INSERT INTO device_grants(device_id, role, scopes, created_ms, rotated_ms, revoked_ms, "
                         "last_used_ms) VALUES (?,?,?,?,?,?,?) ON CONFLICT(device_id, role) DO UPDATE SET "
                         "scopes = excluded.scopes, rotated_ms = excluded.rotated_ms, revoked_ms = "
                         "excluded.revoked_ms, last_used_ms = excluded.last_used_ms"));
  command.bind(grant.device_id)
      .bind(grant.role)
      .bind(join(grant.scopes, ","))
      .bind(grant.created_ms)
      .bind(grant.rotated_ms)
      .bind(grant.revoked_ms)
      .bind(grant.last_used_ms);
  return command.run();
}

Result<> use_grant(Connection& connection, std::string_view device_id, std::string_view role, std::int64_t now_ms) {
  TRY(auto command, connection.prepare("UPDATE device_grants SET last_used_ms = ? WHERE device_id = ? AND role = ?"));
  command.bind(now_ms).bind(device_id).bind(role);
  return command.run();
}

Result<> add_device_token(Connection& connection, std::string_view hash, std::string_view device_id,
                          std::string_view role, std::int64_t now_ms) {
  {
    TRY(auto command,
        connection.prepare("INSERT INTO device_tokens(hash, device_id, role, created_ms) VALUES (?,?,?,?)"));
    command.bind(hash).bind(device_id).bind(role).bind(now_ms);
    TRY_VOID(command.run());
  }
  TRY(auto trim_older,
      connection.prepare("DELETE FROM device_tokens WHERE device_id = ?1 AND role = ?2 AND hash <> ?3 AND hash NOT IN "
                         "(SELECT hash FROM device_tokens WHERE device_id = ?1 AND role = ?2 AND hash <> ?3 "
                         "ORDER BY created_ms DESC, hash LIMIT ?4)"));
  trim_older.bind(device_id).bind(role).bind(hash).bind(kTokensPerGrant - 1);
  return trim_older.run();
}

Result<bool> has_device_token(Connection& connection, std::string_view hash, std::string_view device_id,
                              std::string_view role) {
  TRY(auto query, connection.prepare("SELECT 1 FROM device_tokens WHERE hash = ? AND device_id = ? AND role = ?"));
  query.bind(hash).bind(device_id).bind(role);
  return query.step();
}

Result<> drop_device_tokens(Connection& connection, std::string_view device_id, std::string_view role) {
  return run_for_grant(connection, "DELETE FROM device_tokens WHERE device_id = ? AND role = ?", device_id, role);
}

Result<std::vector<DeviceRequest>> list_requests(Connection& connection, std::int64_t since_ms) {
  TRY(auto query,
      connection.prepare("SELECT request_id, device_id, public_key, display_name, platform, client_id, client_mode, "
                         "address, role, scopes, repair, created_ms FROM device_requests WHERE created_ms > ? "
                         "ORDER BY created_ms, request_id"));
  query.bind(since_ms);
  return all_rows<DeviceRequest>(query, request_at);
}

Result<std::optional<DeviceRequest>> find_request(Connection& connection, std::string_view request_id,
                                                  std::int64_t since_ms) {
  TRY(auto query,
      connection.prepare("SELECT request_id, device_id, public_key, display_name, platform, client_id, client_mode, "
                         "address, role, scopes, repair, created_ms FROM device_requests WHERE request_id = ? AND "
                         "created_ms > ?"));
  query.bind(request_id).bind(since_ms);
  return one_row<DeviceRequest>(query, request_at);
}

Result<> save_request(Connection& connection, const DeviceRequest& request) {
  TRY(auto command,
      connection.prepare("INSERT OR REPLACE INTO device_requests(request_id, device_id, public_key, display_name, "
                         "platform, client_id, client_mode, address, role, scopes, repair, created_ms) "
                         "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"));
  command.bind(request.request_id);
  bind_facts(command, request.facts);
  command.bind(request.role).bind(join(request.scopes, ",")).bind(request.repair).bind(request.created_ms);
  return command.run();
}

Result<> drop_request(Connection& connection, std::string_view request_id) {
  TRY(auto command, connection.prepare("DELETE FROM device_requests WHERE request_id = ?"));
  command.bind(request_id);
  return command.run();
}

Result<> drop_requests_before(Connection& connection, std::int64_t since_ms) {
  TRY(auto command, connection.prepare("DELETE FROM device_requests WHERE created_ms <= ?"));
  command.bind(since_ms);
  return command.run();
}

} // namespace openclaw::store
