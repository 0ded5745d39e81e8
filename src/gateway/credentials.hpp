// Who a presented secret belongs to: the gateway's own token or a client token that a login code was exchanged for. It
// mints both codes and client tokens, and keeps only their hashes.
#pragma once
#include "async/time.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "gateway/failure_limiter.hpp"
#include "store/database.hpp"
#include "store/tokens.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::gateway {

struct Credential {
  std::string method; // "token": the gateway's; "client-token"
  std::string role = "operator";
  std::vector<std::string> scopes; // what it has; a connection may have less
  std::int64_t expires_ms = 0;     // 0: never
};

class Credentials {
public:
  Credentials(async::Time& time, Random& random, store::Database& database, Secret gateway_token);

  // Does not count failures: a client may present several candidates in one attempt.
  std::optional<Credential> find(std::string_view candidate) const;
  FailureLimiter& limiter() { return limiter_; }

  struct Login {
    std::string code;
    std::int64_t expires_ms = 0;
  };
  Task<Login> create_login(std::vector<std::string> scopes);
  struct ClientToken {
    std::string token;
    std::int64_t expires_ms = 0;
  };
  // Nothing when the code is unknown, used or too old.
  Task<std::optional<ClientToken>> exchange(std::string code);

private:
  async::Time& time_;
  Random& random_;
  store::Database& database_;
  Secret gateway_token_;
  FailureLimiter limiter_;
};

} // namespace openclaw::gateway
