#include "store/tokens.hpp"

#include "base/text.hpp"

namespace openclaw::store {

Result<> add_token(Connection& connection, const TokenRow& row) {
  {
    TRY(auto clean, connection.prepare("DELETE FROM tokens WHERE expires_ms < ?"));
    clean.bind(row.created_ms);
    TRY_VOID(clean.run());
  }
  TRY(auto command,
      connection.prepare("INSERT INTO tokens(hash, kind, role, scopes, created_ms, expires_ms) VALUES (?,?,?,?,?,?)"));
  command.bind(row.hash)
      .bind(row.kind)
      .bind(row.role)
      .bind(join(row.scopes, ","))
      .bind(row.created_ms)
      .bind(row.expires_ms);
  return command.run();
}

Result<std::optional<TokenRow>> find_token(Connection& connection, std::string_view hash, std::string_view kind,
                                           std::int64_t now_ms) {
  TRY(auto query, connection.prepare("SELECT hash, kind, role, scopes, created_ms, expires_ms FROM tokens WHERE hash = "
                                     "? AND kind = ? AND expires_ms > ?"));
  query.bind(hash).bind(kind).bind(now_ms);
  TRY(const bool found, query.step());
  if (!found) return std::optional<TokenRow>{};
  TokenRow row;
  row.hash = query.text(0);
  row.kind = query.text(1);
  row.role = query.text(2);
  for (const auto scope : split(query.view(3), ','))
    if (!scope.empty()) row.scopes.emplace_back(scope);
  row.created_ms = query.integer(4);
  row.expires_ms = query.integer(5);
  return std::optional<TokenRow>(std::move(row));
}

Result<std::optional<TokenRow>> use_login(Connection& connection, std::string_view hash, std::int64_t now_ms) {
  TRY(auto row, find_token(connection, hash, "login", now_ms));
  if (!row) return row;
  TRY(auto command, connection.prepare("DELETE FROM tokens WHERE hash = ?"));
  command.bind(hash);
  TRY_VOID(command.run());
  return row;
}

} // namespace openclaw::store
