#include "gateway/credentials.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/scope.hpp"
#include "store/journal.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kLoginMs = 10 * 60'000;
constexpr std::int64_t kClientTokenMs = 90LL * 24 * 3600 * 1000;
constexpr std::size_t kLongestSecret = 4096;

Result<> tell(store::Connection& connection, const store::TokenRow& row, std::string outcome) {
  store::JournalEntry entry;
  entry.time_ms = row.created_ms;
  entry.actor = "gateway";
  entry.action = "login";
  // Enough to find the token's row, and nothing that could be presented.
  entry.subject = row.kind + " " + row.hash.substr(0, 12) + " " + join(row.scopes, ",");
  entry.outcome = std::move(outcome);
  return store::record(connection, std::move(entry));
}

} // namespace

Credentials::Credentials(async::Time& time, Random& random, store::Database& database, Secret shared_secret,
                         AuthMode mode)
    : time_(time), random_(random), database_(database), shared_secret_(std::move(shared_secret)), mode_(mode),
      limits_(time) {
  log::redact(shared_secret_);
}

std::int64_t Credentials::retry_after_ms(const Remote& remote) const {
  return remote.loopback ? limits_.own().retry_after_ms() : limits_.retry_after_ms(remote.address);
}

void Credentials::count_failure(const Remote& remote) {
  if (remote.loopback) return limits_.own().count_failure();
  limits_.count_failure(remote.address);
}

std::optional<Credential> Credentials::find(std::string_view candidate) const {
  if (candidate.empty() || candidate.size() > kLongestSecret) return std::nullopt;
  if (shared_secret_.matches(candidate))
    return Credential{mode_ == AuthMode::token ? "token" : "password", true, "operator", all_scopes(), 0};
  const auto row = store::find_token(database_.reader(), sha256_hex(candidate), "client", time_.now_ms());
  if (!row) {
    log::error("gateway", "A client token could not be looked up.", {{"why", row.error().text()}});
    return std::nullopt;
  }
  if (!*row) return std::nullopt;
  return Credential{"client-token", false, (*row)->role, (*row)->scopes, (*row)->expires_ms};
}

Task<Credentials::Login> Credentials::create_login(std::vector<std::string> scopes) {
  Login login{random_hex(random_, 16), time_.now_ms() + kLoginMs};
  store::TokenRow row{sha256_hex(login.code), "login", "operator", std::move(scopes), time_.now_ms(), login.expires_ms};
  std::function<Result<bool>(store::Connection&)> save = [row](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::add_token(connection, row));
    TRY_VOID(tell(connection, row, "link made"));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool saved, co_await database_.write<bool>(std::move(save)));
  co_return login;
}

Task<std::optional<Credentials::ClientToken>> Credentials::exchange(std::string code) {
  const auto now = time_.now_ms();
  const ClientToken token{random_hex(random_, 32), now + kClientTokenMs};
  log::redact(Secret(token.token));
  const auto hash = sha256_hex(code);
  const auto token_hash = sha256_hex(token.token);
  // One transaction: a code that was used has left a token behind, or nothing has happened.
  std::function<Result<bool>(store::Connection&)> exchange = [=](store::Connection& connection) -> Result<bool> {
    TRY(auto login, store::use_login(connection, hash, now));
    if (!login) return false;
    const store::TokenRow row{token_hash, "client", login->role, login->scopes, now, token.expires_ms};
    TRY_VOID(store::add_token(connection, row));
    TRY_VOID(tell(connection, row, "signed in"));
    return true;
  };
  CO_TRY(const bool known, co_await database_.write<bool>(std::move(exchange)));
  std::optional<ClientToken> issued;
  if (known) issued = token;
  co_return issued;
}

} // namespace openclaw::gateway
