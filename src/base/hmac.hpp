// HMAC-SHA256, by libsodium: what webhooks are signed with. Compare with constant_time_equal().
#pragma once
#include "base/secret.hpp"
#include <string>
#include <string_view>

namespace openclaw {

std::string hmac_sha256_hex(const Secret& key, std::string_view text);

} // namespace openclaw
