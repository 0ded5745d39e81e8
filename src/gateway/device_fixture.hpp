// For tests: a device with a real key that signs what real clients sign.
#pragma once
#include "base/hash.hpp"
#include "base/text.hpp"
#include "gateway/device_signature.hpp"
#include <array>
#include <sodium.h>
#include <string>

namespace openclaw::gateway::testing {

struct Device {
  Device() { crypto_sign_ed25519_keypair(key.data(), secret.data()); }
  std::string id() const { return sha256_hex({reinterpret_cast<const char*>(key.data()), key.size()}); }
  std::array<std::uint8_t, crypto_sign_ed25519_PUBLICKEYBYTES> key{};
  std::array<std::uint8_t, crypto_sign_ed25519_SECRETKEYBYTES> secret{};

  // The connect parameters with this device in them, signed for `nonce`. `version`: v1, v2 or v3.
  json::object sign(json::object connect, std::string_view version, const std::string& nonce,
                    std::int64_t signed_at_ms) const {
    const auto& client = connect.at("client");
    const auto* auth = connect.if_contains("auth");
    SignedFacts facts{string_or(client, "id"),
                      string_or(client, "mode"),
                      string_or(client, "platform"),
                      string_or(client, "deviceFamily"),
                      string_or(connect, "role", "operator"),
                      {},
                      auth ? string_or(*auth, "token", string_or(*auth, "deviceToken")) : "",
                      nonce,
                      signed_at_ms,
                      true};
    if (const auto* scopes = connect.if_contains("scopes"))
      for (const auto& scope : scopes->get_array())
        facts.scopes.emplace_back(scope.get_string());
    const auto text = signed_text(version, id(), signed_at_ms, facts);
    std::array<std::uint8_t, crypto_sign_ed25519_BYTES> signature{};
    crypto_sign_ed25519_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size(), secret.data());
    json::object part{
        {"id", id()}, {"publicKey", base64url(key)}, {"signature", base64url(signature)}, {"signedAt", signed_at_ms}};
    if (version != "v1") part["nonce"] = nonce;
    connect["device"] = std::move(part);
    return connect;
  }
};

} // namespace openclaw::gateway::testing
