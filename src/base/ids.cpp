#include "base/ids.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fmt/core.h>
#include <sys/random.h>

namespace openclaw {

std::uint64_t Random::next() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = getrandom(bytes.data() + done, bytes.size() - done, 0);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
}

void SeededRandom::fill(std::span<std::uint8_t> bytes) {
  constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;
  // The writer's thread draws from the same one as the loop.
  const std::atomic_ref state(state_);
  for (auto& byte : bytes) {
    // splitmix64
    std::uint64_t value = state.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    byte = static_cast<std::uint8_t>(value ^ (value >> 31));
  }
}

std::string uuid_v7(const Clock& clock, Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  const auto time = static_cast<std::uint64_t>(clock.now_ms());
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<std::uint8_t>(time >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
  const std::string hex = to_hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

std::string random_hex(Random& random, std::size_t bytes) {
  std::string raw(bytes, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()});
  return to_hex({reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
}

bool valid_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  };
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), allowed);
}

Result<> check_id(std::string_view id, std::string_view what) {
  if (valid_id(id)) return {};
  return fail(Kind::invalid, fmt::format("The {} \"{}\" is not usable.", what, printable(id, 64)),
              "Use 1 to 128 letters, digits and the characters . _ : -");
}

} // namespace openclaw
