// A device's Ed25519 identity as clients present it when they connect: its id is the hash of its key, and its signature
// binds the connection's facts to this gateway's challenge. Pure.
#pragma once
#include "base/json.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::gateway {

// What the signature must cover.
struct SignedFacts {
  std::string client_id;
  std::string client_mode;
  std::string platform;
  std::string device_family;
  std::string role;
  std::vector<std::string> scopes; // exactly as sent
  std::string token;               // as sent, may be empty
  std::string nonce;               // of our challenge
  std::int64_t now_ms = 0;
  bool loopback = false;
};

// The text that version "v1", "v2" or "v3" of the signature covers.
std::string signed_text(std::string_view version, std::string_view device_id, std::int64_t signed_at_ms,
                        const SignedFacts& facts);

// The device id. Errors carry the protocol's words as message and its name in Error::code.
Result<std::string> check_device(const json::value& device, const SignedFacts& facts);

} // namespace openclaw::gateway
