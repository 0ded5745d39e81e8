#include "base/hmac.hpp"

#include "base/text.hpp"
#include <array>
#include <sodium/crypto_auth_hmacsha256.h>

namespace openclaw {

std::string hmac_sha256_hex(const Secret& key, std::string_view text) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.reveal().data()), key.reveal().size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  return to_hex(digest);
}

} // namespace openclaw
