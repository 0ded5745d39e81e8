// Credentials that the gateway issued, kept as SHA-256: one-time login codes and the client tokens they are exchanged
// for.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct TokenRow {
  std::string hash; // sha256_hex of the token
  std::string kind; // login, client
  std::string role;
  std::vector<std::string> scopes;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
};

Result<> add_token(Connection& connection, const TokenRow& row);
Result<std::optional<TokenRow>> find_token(Connection& connection, std::string_view hash, std::string_view kind,
                                           std::int64_t now_ms);
// Takes a login code out of use and returns what it was good for; nothing when unknown, used or expired.
Result<std::optional<TokenRow>> use_login(Connection& connection, std::string_view hash, std::int64_t now_ms);

} // namespace openclaw::store
