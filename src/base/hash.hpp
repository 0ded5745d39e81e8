// SHA-256, by libsodium.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace openclaw {

std::string sha256_hex(std::string_view bytes);

// For what arrives in pieces.
class Sha256 {
public:
  Sha256();
  ~Sha256();
  void update(std::string_view bytes);
  std::string hex(); // ends it

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace openclaw
