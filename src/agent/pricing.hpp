// What model calls cost: int64 millionths of a US dollar, always rounded up, never a double. Sums that do not fit stay
// at INT64_MAX.
#pragma once
#include "ports/conversation.hpp"
#include <cstdint>

namespace openclaw::agent {

// Millionths of a US dollar for one million tokens ($3 per 1M tokens is 3'000'000).
struct Price {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
  bool known = false;
  bool operator==(const Price&) const = default;
};

// No price is above this: 1 USD a token. Larger ones are cut to it, so that no product overflows.
inline constexpr std::int64_t kHighestPrice = 1'000'000'000'000;
// Counted where a hosted model's price is not known, unless the configuration names another rate: 3 dollars for a
// million tokens in and 15 out, what a middle-sized model costs. Sums that hold it are estimates and shown as such.
inline constexpr Price kAssumedPrice{3'000'000, 15'000'000, 3'000'000, 3'750'000, true};

// -1 when the price is not known. Negative token counts count as none.
std::int64_t cost(const ports::Usage& usage, const Price& price);
// The most that a call can cost: each prompt token at the dearest input price (it may be written to a cache), all
// output used.
std::int64_t worst_case(std::int64_t prompt_tokens, std::int64_t max_output_tokens, const Price& price,
                        const Price& when_unknown = kAssumedPrice);
// USD per 1M tokens as configuration files write it (a JSON number) in millionths; negative and non-finite become 0.
std::int64_t price_from_dollars(double dollars_per_million);

} // namespace openclaw::agent
