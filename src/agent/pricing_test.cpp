#include "agent/pricing.hpp"
#include <gtest/gtest.h>
#include <limits>

namespace openclaw::agent {
namespace {

constexpr Price kSonnet{3'000'000, 15'000'000, 300'000, 3'750'000, true};

TEST(Pricing, AddsUpAllFourKindsOfTokens) {
  ports::Usage usage{1'000, 2'000, 10'000, 4'000, 0};
  EXPECT_EQ(cost(usage, kSonnet), 3'000 + 30'000 + 3'000 + 15'000);
}

TEST(Pricing, RoundsTheWholeSumUpOnce) {
  EXPECT_EQ(cost({1, 0, 0, 0, 0}, {1, 1, 1, 1, true}), 1);
  EXPECT_EQ(cost({1, 1, 1, 1, 0}, {1, 1, 1, 1, true}), 1);
  EXPECT_EQ(cost({500'000, 500'001, 0, 0, 0}, {1, 1, 0, 0, true}), 2);
  EXPECT_EQ(cost({0, 0, 0, 0, 0}, kSonnet), 0);
}

TEST(Pricing, SaysMinusOneWhenThePriceIsUnknown) {
  EXPECT_EQ(cost({1, 1, 1, 1, 0}, Price{}), -1);
}

TEST(Pricing, StaysAtTheLargestNumberInsteadOfOverflowing) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const Price absurd{most, most, most, most, true};
  EXPECT_EQ(cost({most, most, most, most, 0}, absurd), most);
  EXPECT_EQ(worst_case(most, most, absurd), most);
  EXPECT_EQ(cost({-5, -5, -5, -5, 0}, kSonnet), 0);
  EXPECT_EQ(cost({1'000'000, 0, 0, 0, 0}, {-7, 0, 0, 0, true}), 0);
}

TEST(Pricing, TheWorstCaseIsNeverBelowWhatTheCallCosts) {
  for (std::int64_t prompt = 0; prompt < 50'000; prompt += 777) {
    const ports::Usage usage{prompt / 3, 4'000, prompt / 3, prompt - 2 * (prompt / 3), 0};
    EXPECT_GE(worst_case(prompt, 4'096, kSonnet), cost(usage, kSonnet));
  }
}

TEST(Pricing, AnUnknownPriceIsCountedAtTheAssumedRate) {
  EXPECT_EQ(worst_case(1'000'000, 0, Price{}), kAssumedPrice.cache_write);
  EXPECT_EQ(worst_case(0, 1'000'000, Price{}, kSonnet), kSonnet.output);
}

TEST(Pricing, ReadsDollarsOfConfigurationFilesExactly) {
  EXPECT_EQ(price_from_dollars(0.1), 100'000);
  EXPECT_EQ(price_from_dollars(0.075), 75'000);
  EXPECT_EQ(price_from_dollars(15), 15'000'000);
  EXPECT_EQ(price_from_dollars(-1), 0);
  EXPECT_EQ(price_from_dollars(1e300), kHighestPrice);
  EXPECT_EQ(price_from_dollars(std::numeric_limits<double>::quiet_NaN()), 0);
}

} // namespace
} // namespace openclaw::agent
