// XChaCha20-Poly1305: what is sealed can be read, and changed unnoticed, only by who has the key. Each seal has a
// random nonce of its own, so the same text is never sealed to the same bytes twice.
#pragma once
#include "base/secret.hpp"
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::config {

inline constexpr std::size_t kSealKeyBytes = 32;

// `beside` is not hidden, but the same must be given to open it.
std::string seal(const Secret& key, std::string_view plain, std::string_view beside);
// Nothing: it was sealed with another key, or it is not as it was.
std::optional<Secret> open_seal(const Secret& key, std::string_view sealed, std::string_view beside);

} // namespace openclaw::config
