#include "gateway/device_signature.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include <fmt/core.h>
#include <sodium.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kSkewMs = 10 * 60'000;
constexpr std::size_t kRawKey = crypto_sign_ed25519_PUBLICKEYBYTES;
// DER of SubjectPublicKeyInfo for Ed25519 up to the key itself (RFC 8410).
constexpr std::uint8_t kSpkiPrefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

// base64url of the raw key, or PEM.
std::optional<std::vector<std::uint8_t>> raw_public_key(std::string_view text) {
  if (text.size() > 1024) return std::nullopt;
  std::string encoded(text);
  const bool pem = encoded.find("BEGIN PUBLIC KEY") != std::string::npos;
  if (pem) {
    encoded.clear();
    for (const auto line : split(text, '\n'))
      if (line.find("-----") == std::string_view::npos) encoded += trim(line);
  }
  auto bytes = from_base64(encoded);
  if (!bytes) return std::nullopt;
  if (bytes->size() == kRawKey + sizeof kSpkiPrefix &&
      std::equal(std::begin(kSpkiPrefix), std::end(kSpkiPrefix), bytes->begin()))
    bytes->erase(bytes->begin(), bytes->begin() + sizeof kSpkiPrefix);
  if (bytes->size() != kRawKey) return std::nullopt;
  return bytes;
}

bool verifies(const std::vector<std::uint8_t>& key, const std::vector<std::uint8_t>& signature,
              const std::string& text) {
  return crypto_sign_ed25519_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                             text.size(), key.data()) == 0;
}

} // namespace

std::string signed_text(std::string_view version, std::string_view device_id, std::int64_t signed_at_ms,
                        const SignedFacts& facts) {
  auto text = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", version, device_id, facts.client_id, facts.client_mode, facts.role,
                          join(facts.scopes, ","), signed_at_ms, facts.token);
  if (version != "v1") text += "|" + facts.nonce;
  if (version == "v3")
    text += "|" + lowercase_ascii(trim(facts.platform)) + "|" + lowercase_ascii(trim(facts.device_family));
  return text;
}

Result<std::string> check_device(const json::value& device, const SignedFacts& facts) {
  const auto id = string_or(device, "id");
  const auto nonce = string_or(device, "nonce");
  const auto key = raw_public_key(string_or(device, "publicKey"));
  if (!key)
    return fail(Kind::invalid, "device public key invalid", "Send the raw 32 bytes of an Ed25519 key as base64url.",
                "DEVICE_AUTH_PUBLIC_KEY_INVALID");
  const auto hash = sha256_hex(std::string_view(reinterpret_cast<const char*>(key->data()), key->size()));
  if (!constant_time_equal(hash, id))
    return fail(Kind::invalid, "device identity mismatch",
                "The device id is the SHA-256 of its public key, in hexadecimal.", "DEVICE_AUTH_DEVICE_ID_MISMATCH");
  const auto signed_at = integer_or(device, "signedAt", 0);
  if (signed_at < facts.now_ms - kSkewMs || signed_at > facts.now_ms + kSkewMs)
    return fail(Kind::invalid, "device signature expired", "Compare the clocks of this machine and of the gateway's.",
                "DEVICE_AUTH_SIGNATURE_EXPIRED");
  if (nonce.empty() && !facts.loopback)
    return fail(Kind::invalid, "device nonce required", "Sign the nonce of event connect.challenge.",
                "DEVICE_AUTH_NONCE_REQUIRED");
  if (!nonce.empty() && nonce != facts.nonce)
    return fail(Kind::invalid, "device nonce mismatch", "Sign the nonce of this connection's connect.challenge.",
                "DEVICE_AUTH_NONCE_MISMATCH");
  const auto signature = from_base64(string_or(device, "signature"));
  const bool sized = signature && signature->size() == crypto_sign_ed25519_BYTES;
  bool valid = false;
  if (sized && nonce.empty()) valid = verifies(*key, *signature, signed_text("v1", id, signed_at, facts));
  if (sized && !nonce.empty())
    valid = verifies(*key, *signature, signed_text("v3", id, signed_at, facts)) ||
            verifies(*key, *signature, signed_text("v2", id, signed_at, facts));
  if (!valid)
    return fail(Kind::invalid, "device signature invalid", "Remove the device's stored identity and connect again.",
                "DEVICE_AUTH_SIGNATURE_INVALID");
  return id;
}

} // namespace openclaw::gateway
