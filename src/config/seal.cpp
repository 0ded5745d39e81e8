#include "config/seal.hpp"

#include "base/ids.hpp"
#include <array>
#include <sodium/crypto_aead_xchacha20poly1305.h>

namespace openclaw::config {
namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kSealKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::string seal(const Secret& key, std::string_view plain, std::string_view beside) {
  std::array<std::uint8_t, kNonceBytes> nonce{};
  SystemRandom random;
  random.fill(nonce);
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  sealed.replace(0, kNonceBytes, reinterpret_cast<const char*>(nonce.data()), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(sealed.data() + kNonceBytes), nullptr,
                                             bytes_of(plain), plain.size(), bytes_of(beside), beside.size(), nullptr,
                                             nonce.data(), bytes_of(key.reveal()));
  return sealed;
}

std::optional<Secret> open_seal(const Secret& key, std::string_view sealed, std::string_view beside) {
  if (key.reveal().size() != kSealKeyBytes || sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, bytes_of(sealed.substr(kNonceBytes)),
          sealed.size() - kNonceBytes, bytes_of(beside), beside.size(), bytes_of(sealed), bytes_of(key.reveal())) != 0)
    return std::nullopt;
  return Secret(std::move(plain));
}

} // namespace openclaw::config
