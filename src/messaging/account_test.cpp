#include "messaging/channel_fixture.hpp"

namespace openclaw::messaging {
namespace {

using AccountTest = ChannelTest;

TEST_F(AccountTest, ConnectsAgainAfterAPauseThatGrows) {
  connect();
  std::int64_t last = 0;
  for (int failure = 1; failure <= 3; ++failure) {
    channel_->connects = failure == 3;
    channel_->end_life(fail(Kind::transient, "The connection broke."));
    ASSERT_TRUE(until([&] { return account_->health().state == ports::LinkState::retrying; }));
    EXPECT_EQ(account_->health().failures, failure);
    const auto pause = account_->health().retry_at_ms - time_.now_ms();
    EXPECT_GT(pause, last);
    last = pause;
    time_.advance(pause - 1);
    settle();
    EXPECT_EQ(channel_->lives, failure);
    time_.advance(1);
    ASSERT_TRUE(until([&] { return channel_->lives == failure + 1; }));
  }
  ASSERT_TRUE(until([&] { return account_->up(); }));
  EXPECT_EQ(account_->health().failures, 0);
  EXPECT_TRUE(account_->health().last_error.empty());
}

TEST_F(AccountTest, WaitsForAPersonWhenItIsRefused) {
  connect();
  channel_->end_life(fail(Kind::denied, "The token is not known.", "Set another one."));
  ASSERT_TRUE(until([&] { return account_->health().state == ports::LinkState::failed; }));
  EXPECT_EQ(account_->health().todo, "Set another one.");
  time_.advance(24 * 60 * 60 * 1000);
  EXPECT_EQ(channel_->lives, 1);
  account_->wake();
  EXPECT_TRUE(until([&] { return channel_->lives == 2 && account_->up(); }));
}

TEST_F(AccountTest, TheSecondLifeOfAConnectionEndsWhenItIsCancelled) {
  connect();
  channel_->end_life(Result<>{});
  ASSERT_TRUE(until([&] { return account_->health().state == ports::LinkState::retrying; }));
  time_.advance(60'000);
  ASSERT_TRUE(until([&] { return channel_->lives == 2; }));
  run_.cancel();
  EXPECT_TRUE(until([&] { return !run_.running(); }));
  EXPECT_EQ(account_->health().state, ports::LinkState::off);
}

TEST(ReconnectDelay, GrowsToHalfAMinuteAndThenIsFiveMinutes) {
  SeededRandom random(7);
  EXPECT_LE(reconnect_delay_ms(1, random), 2500);
  EXPECT_GE(reconnect_delay_ms(11, random), 22'000);
  EXPECT_LE(reconnect_delay_ms(11, random), 37'500);
  EXPECT_EQ(reconnect_delay_ms(12, random), 300'000);
}

} // namespace
} // namespace openclaw::messaging
