// Who a presented secret belongs to: the gateway's own token or password, or a client token that a login code was
// exchanged for. It mints codes and client tokens, and keeps only their hashes.
#pragma once
#include "async/time.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "gateway/failure_limiter.hpp"
#include "gateway/remote.hpp"
#include "store/database.hpp"
#include "store/tokens.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::gateway {

// What the gateway's shared secret is called; it decides the words of refusals.
enum class AuthMode { token, password };

struct Credential {
  std::string method;  // "token" or "password": the gateway's; "client-token"
  bool shared = false; // the gateway's own secret
  std::string role = "operator";
  std::vector<std::string> scopes; // what it has; a connection may have less
  std::int64_t expires_ms = 0;     // 0: never
};

class Credentials {
public:
  Credentials(async::Time& time, Random& random, store::Database& database, Secret shared_secret,
              AuthMode mode = AuthMode::token);

  // Does not count failures: a client may present several candidates in one attempt.
  std::optional<Credential> find(std::string_view candidate) const;
  AuthMode mode() const { return mode_; }
  // How long the remote has to wait before it may be judged; 0: not at all.
  std::int64_t retry_after_ms(const Remote& remote) const;
  void count_failure(const Remote& remote);
  // That of this machine's own programs.
  FailureLimiter& limiter() { return limits_.own(); }

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
  Secret shared_secret_;
  AuthMode mode_;
  mutable FailureLimits limits_;
};

} // namespace openclaw::gateway
