// JSON Web Tokens as the Bot Framework signs its requests: compact form, RS256 and nothing else (RFC 7515, 7517, 7519).
// Pure: bytes, keys and the time are handed in.
#pragma once
#include "base/json.hpp"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::extensions::msteams {

// An RSA key of a key set, and the channels that it may speak for.
struct PublicKey {
  std::string id;
  std::vector<std::uint8_t> modulus, exponent;
  std::vector<std::string> endorsements;
};
// The RSA signing keys of a JWKS; others are left out.
Result<std::vector<PublicKey>> read_keys(std::string_view key_set);

// A token whose signature nobody has looked at yet.
struct Token {
  std::string key_id;
  json::object claims;
  std::string signed_part;
  std::vector<std::uint8_t> signature;
};
// Kind::denied for everything but RS256 with a key's name.
Result<Token> read_token(std::string_view compact);

bool signed_by(const Token& token, const PublicKey& key);

// Issuer, audience and times (five minutes of leeway). The signature must have been judged before.
Result<> check_claims(const Token& token, std::string_view issuer, std::string_view audience, std::int64_t now_ms);

} // namespace openclaw::extensions::msteams
