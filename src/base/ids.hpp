// Identifiers: our own are UUIDv7 (RFC 9562), so that they sort by time; any id from outside must pass valid_id().
#pragma once
#include "base/clock.hpp"
#include "base/result.hpp"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace openclaw {

class Random {
public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
  std::uint64_t next();
};

// getrandom(2)
class SystemRandom final : public Random {
public:
  void fill(std::span<std::uint8_t> bytes) override;
};

// A seeded generator for tests and simulations; never for secrets.
class SeededRandom final : public Random {
public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override;

private:
  std::uint64_t state_;
};

std::string uuid_v7(const Clock& clock, Random& random);
// `bytes` random bytes as lowercase hex
std::string random_hex(Random& random, std::size_t bytes);

// [A-Za-z0-9._:-]{1,128}, the grammar of every id that comes from outside
bool valid_id(std::string_view id);
Result<> check_id(std::string_view id, std::string_view what);

} // namespace openclaw
