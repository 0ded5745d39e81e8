#include "agent/pricing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t add(std::int64_t a, std::int64_t b) {
  return a > kMost - b ? kMost : a + b;
}
std::int64_t multiply(std::int64_t a, std::int64_t b) {
  return b != 0 && a > kMost / b ? kMost : a * b;
}

// Whole millions and the rest are taken apart, so that only an astronomical sum saturates; the rests (each below 10^18)
// are added before the one division that rounds up.
template <std::size_t N>
std::int64_t total(const std::array<std::pair<std::int64_t, std::int64_t>, N>& parts) {
  static_assert(N <= 4);
  std::int64_t whole = 0;
  std::int64_t rest = 0;
  for (const auto& [tokens, price] : parts) {
    const auto count = std::max<std::int64_t>(tokens, 0);
    const auto each = std::clamp<std::int64_t>(price, 0, kHighestPrice);
    whole = add(whole, multiply(count / kMillion, each));
    rest += (count % kMillion) * each;
  }
  return add(whole, rest / kMillion + (rest % kMillion != 0 ? 1 : 0));
}

} // namespace

std::int64_t cost(const ports::Usage& usage, const Price& price) {
  if (!price.known) return -1;
  return total<4>({{{usage.input, price.input},
                    {usage.output, price.output},
                    {usage.cache_read, price.cache_read},
                    {usage.cache_write, price.cache_write}}});
}

std::int64_t worst_case(std::int64_t prompt_tokens, std::int64_t max_output_tokens, const Price& price,
                        const Price& when_unknown) {
  const auto& used = price.known ? price : when_unknown;
  const auto dearest = std::max({used.input, used.cache_read, used.cache_write});
  return total<2>({{{prompt_tokens, dearest}, {max_output_tokens, used.output}}});
}

std::int64_t price_from_dollars(double dollars_per_million) {
  if (!std::isfinite(dollars_per_million) || dollars_per_million <= 0) return 0;
  if (dollars_per_million >= 1e6) return kHighestPrice;
  return std::llround(dollars_per_million * 1e6);
}

} // namespace openclaw::agent
