#include "extensions/channels/msteams/jwt.hpp"

#include "base/text.hpp"
#include <memory>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace openclaw::extensions::msteams {
namespace {

constexpr std::size_t kLongestToken = 16 * 1024;
constexpr std::size_t kMostKeys = 100;
constexpr std::size_t kLeastModulus = 256;    // bytes: 2048 bits
constexpr std::size_t kLongestModulus = 1024; // 8192 bits; more would only cost time
constexpr std::size_t kLongestExponent = 8;
constexpr std::int64_t kLeewaySeconds = 5 * 60;

// The alphabet of base64url and no padding, as RFC 7515 wants it.
std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text) {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
      return std::nullopt;
  return from_base64(text);
}

Result<json::value> read_part(std::string_view part, std::string_view what) {
  const auto bytes = from_base64url(part);
  if (!bytes) return fail(Kind::denied, "The token is not base64url.");
  auto value = parse_json(std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()), what);
  if (!value || !value->is_object()) return fail(Kind::denied, "The token holds no JSON object.");
  return value;
}

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;
using Number = Owned<BIGNUM, BN_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;

Number number_from(const std::vector<std::uint8_t>& bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

Key key_from(const PublicKey& key) {
  const auto modulus = number_from(key.modulus);
  const auto exponent = number_from(key.exponent);
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder) return nullptr;
  if (!OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()))
    return nullptr;
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return Key(made);
}

} // namespace

Result<std::vector<PublicKey>> read_keys(std::string_view key_set) {
  TRY(const auto set, parse_json(key_set, "signing keys of the Bot Framework"));
  const auto* list = find(set, "keys");
  if (!list || !list->is_array()) return fail(Kind::remote, "The signing keys of the Bot Framework are no key set.");
  std::vector<PublicKey> keys;
  for (const auto& item : list->get_array()) {
    if (keys.size() == kMostKeys) break;
    PublicKey key;
    key.id = string_or(item, "kid");
    const auto modulus = from_base64url(string_or(item, "n"));
    const auto exponent = from_base64url(string_or(item, "e"));
    if (key.id.empty() || string_or(item, "kty") != "RSA" || string_or(item, "use", "sig") != "sig") continue;
    if (!modulus || modulus->size() < kLeastModulus || modulus->size() > kLongestModulus) continue;
    if (!exponent || exponent->empty() || exponent->size() > kLongestExponent) continue;
    key.modulus = *modulus;
    key.exponent = *exponent;
    if (const auto* endorsed = find(item, "endorsements"); endorsed && endorsed->is_array())
      for (const auto& channel : endorsed->get_array())
        if (channel.is_string() && key.endorsements.size() < kMostKeys)
          key.endorsements.emplace_back(channel.get_string());
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<Token> read_token(std::string_view compact) {
  if (compact.size() > kLongestToken) return fail(Kind::denied, "The token is too long.");
  const auto parts = split(compact, '.');
  if (parts.size() != 3) return fail(Kind::denied, "The token has not three parts.");
  TRY(const auto header, read_part(parts[0], "token"));
  // The algorithm is ours to choose; a token that names another one, or wants more to be understood, is not read on.
  if (string_or(header, "alg") != "RS256") return fail(Kind::denied, "The token is not signed with RS256.");
  if (find(header, "crit")) return fail(Kind::denied, "The token wants extensions that are not there.");
  Token token;
  token.key_id = string_or(header, "kid");
  if (token.key_id.empty()) return fail(Kind::denied, "The token does not name its key.");
  TRY(const auto claims, read_part(parts[1], "token"));
  token.claims = claims.get_object();
  token.signed_part = compact.substr(0, parts[0].size() + 1 + parts[1].size());
  auto signature = from_base64url(parts[2]);
  if (!signature || signature->empty()) return fail(Kind::denied, "The token has no signature.");
  token.signature = std::move(*signature);
  return token;
}

bool signed_by(const Token& token, const PublicKey& key) {
  if (token.key_id != key.id) return false;
  const auto rsa = key_from(key);
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const bool good =
      rsa && context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, rsa.get()) == 1 &&
      EVP_DigestVerify(context.get(), token.signature.data(), token.signature.size(),
                       reinterpret_cast<const unsigned char*>(token.signed_part.data()), token.signed_part.size()) == 1;
  // What OpenSSL notes about a wrong signature must not be taken for a failure of the next TLS connection.
  ERR_clear_error();
  return good;
}

Result<> check_claims(const Token& token, std::string_view issuer, std::string_view audience, std::int64_t now_ms) {
  const auto now = now_ms / 1000;
  if (string_or(token.claims, "iss") != issuer) return fail(Kind::denied, "The token has another issuer.");
  if (string_or(token.claims, "aud") != audience) return fail(Kind::denied, "The token is for another app.");
  const auto* expires = find(token.claims, "exp");
  const auto end = expires ? as_integer(*expires) : std::nullopt;
  if (!end || *end < 0) return fail(Kind::denied, "The token does not say when it ends.");
  if (now > *end + std::min(kLeewaySeconds, INT64_MAX - *end)) return fail(Kind::denied, "The token has expired.");
  if (const auto* begins = find(token.claims, "nbf")) {
    const auto start = as_integer(*begins);
    if (!start || *start > now + kLeewaySeconds) return fail(Kind::denied, "The token is not valid yet.");
  }
  return {};
}

} // namespace openclaw::extensions::msteams
