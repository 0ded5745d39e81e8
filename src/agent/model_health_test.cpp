#include "agent/model_health.hpp"
#include "async/time.hpp"
#include "ports/model_call.hpp"
#include <boost/asio/io_context.hpp>
#include <deque>
#include <gtest/gtest.h>
#include <random>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

Error error_of(int status, std::string_view body, std::string_view retry_after = {}) {
  ports::ModelEndpoint endpoint;
  endpoint.provider = "p";
  net::Headers headers;
  if (!retry_after.empty()) headers.set("retry-after", std::string(retry_after));
  return ports::model_error(endpoint, "m", status, headers, body);
}

TEST(ModelHealth, EveryRefusalHasItsClass) {
  using enum FailureClass;
  struct Row {
    int status;
    std::string_view body;
    FailureClass expected;
  };
  const Row rows[] = {
      {401, R"({"error":{"message":"Incorrect API key provided"}})", auth},
      {401, R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})", auth},
      {403, R"({"error":{"message":"no access to this model"}})", auth},
      {400, R"({"error":{"message":"API key not valid. Please pass a valid API key."}})", auth},
      {402, R"({"error":{"message":"Insufficient Balance"}})", billing},
      {400, R"({"error":{"message":"Your credit balance is too low to access the Anthropic API."}})", billing},
      {429, R"({"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}})", billing},
      {429, R"({"error":{"message":"Rate limit reached"}})", rate_limit},
      {429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow down"}})", rate_limit},
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", overloaded},
      {500, R"({"error":{"message":"The server had an error"}})", overloaded},
      {502, "<html>Bad gateway</html>", overloaded},
      {503, R"({"error":{"message":"The model is overloaded. Please try again later."}})", overloaded},
      {408, "", timeout},
      {404, R"({"error":{"message":"The model does not exist","code":"model_not_found"}})", missing},
      {400, R"({"error":{"code":"context_length_exceeded","message":"too many tokens"}})", overflow},
      {400, R"({"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}})", overflow},
      {413, R"({"error":{"type":"request_too_large","message":"Request too large"}})", overflow},
      {400, R"({"error":{"message":"messages: roles must alternate"}})", request},
      {422, R"({"detail":"bad tool schema"})", request},
  };
  for (const auto& row : rows)
    EXPECT_EQ(failure_class_name(classify(error_of(row.status, row.body))), failure_class_name(row.expected))
        << row.status << " " << row.body;
  EXPECT_EQ(classify(error_of(0, R"({"error":{"type":"overloaded_error"}})")), overloaded);
  EXPECT_EQ(classify({Kind::denied, "The budget does not allow it.", "", "budget"}), request);
  EXPECT_EQ(classify({Kind::transient, "The disk is full.", "", kOurFault}), request);
  EXPECT_EQ(classify({Kind::transient, "Filtered.", "", "content-filter"}), request);
  EXPECT_FALSE(fails_over(request) || fails_over(overflow));
  EXPECT_EQ(retry_after_ms(error_of(429, "{}", "7")), 7000);
  EXPECT_EQ(retry_after_ms(error_of(429, "{}")), -1);
}

class HealthTest : public ::testing::Test {
protected:
  void fail_once(const Callee& callee, FailureClass failure, std::int64_t told = -1) {
    auto call = health_.begin(callee, time_.now_ms(), true);
    ASSERT_TRUE(call);
    call->failed(failure, told, "why", time_.now_ms());
  }
  ModelHealth::State state(const Callee& callee) const { return health_.judge(callee, time_.now_ms()).state; }
  std::int64_t rest(const Callee& callee) const {
    return health_.judge(callee, time_.now_ms()).until_ms - time_.now_ms();
  }

  boost::asio::io_context loop_;
  async::FakeTime time_{loop_.get_executor()};
  ModelHealth health_;
  const Callee a_{"p", "key-a", "m"};
  const Callee b_{"p", "key-b", "m"};
  const Callee other_{"p", "key-a", "n"};
  using State = ModelHealth::State;
};

TEST_F(HealthTest, ARateLimitRestsOneKeyForOneModel) {
  fail_once(a_, FailureClass::rate_limit);
  EXPECT_EQ(state(a_), State::resting);
  EXPECT_EQ(rest(a_), kMinute);
  EXPECT_EQ(state(b_), State::ready);
  EXPECT_EQ(state(other_), State::ready);
}

TEST_F(HealthTest, ARefusedKeyAndAnEmptyAccountRestForEveryModel) {
  for (const auto failure : {FailureClass::auth, FailureClass::billing}) {
    fail_once(a_, failure);
    EXPECT_EQ(state(other_), State::resting);
    EXPECT_EQ(state(b_), State::ready);
    health_.forget("p");
  }
}

TEST_F(HealthTest, AServerThatIsDownRestsForEveryKey) {
  fail_once(a_, FailureClass::overloaded);
  EXPECT_EQ(state(b_), State::resting);
  EXPECT_EQ(state(other_), State::ready);
}

TEST_F(HealthTest, RestsGrowAsOpenClawsDoAndEndAtTheirLongest) {
  for (const auto minutes : {1, 5, 25, 60, 60}) {
    fail_once(a_, FailureClass::rate_limit);
    EXPECT_EQ(rest(a_), minutes * kMinute);
    time_.advance(rest(a_));
  }
  for (const auto hours : {5, 10, 20, 24, 24}) {
    fail_once(b_, FailureClass::billing);
    EXPECT_EQ(rest(b_), hours * kHour);
    time_.advance(rest(b_));
  }
}

TEST_F(HealthTest, AfterACleanDayTheCountBeginsAnew) {
  for (int i = 0; i < 3; ++i) {
    fail_once(a_, FailureClass::rate_limit);
    time_.advance(rest(a_));
  }
  time_.advance(25 * kHour);
  fail_once(a_, FailureClass::rate_limit);
  EXPECT_EQ(rest(a_), kMinute);
}

TEST_F(HealthTest, AfterTheRestExactlyOneCallFindsOut) {
  fail_once(a_, FailureClass::rate_limit);
  EXPECT_FALSE(health_.begin(a_, time_.now_ms(), false));
  time_.advance(kMinute);
  EXPECT_EQ(state(a_), State::ready);
  auto probe = health_.begin(a_, time_.now_ms(), false);
  ASSERT_TRUE(probe);
  EXPECT_EQ(state(a_), State::probing);
  EXPECT_FALSE(health_.begin(a_, time_.now_ms(), true));
  probe->failed(FailureClass::rate_limit, -1, "again", time_.now_ms());
  EXPECT_EQ(rest(a_), 5 * kMinute);
  time_.advance(5 * kMinute);
  health_.begin(a_, time_.now_ms(), false)->succeeded();
  EXPECT_TRUE(health_.rests().empty());
  EXPECT_TRUE(health_.begin(a_, time_.now_ms(), false) && health_.begin(a_, time_.now_ms(), false));
}

TEST_F(HealthTest, AProbeThatIsStoppedLetsTheNextOneThrough) {
  fail_once(a_, FailureClass::rate_limit);
  time_.advance(kMinute);
  {
    const auto probe = health_.begin(a_, time_.now_ms(), false);
  }
  EXPECT_TRUE(health_.begin(a_, time_.now_ms(), false));
  EXPECT_EQ(health_.rests().front().failures, 1);
}

TEST_F(HealthTest, CallsThatFailTogetherAreOneFailure) {
  auto first = health_.begin(a_, time_.now_ms(), false);
  auto second = health_.begin(a_, time_.now_ms(), false);
  first->failed(FailureClass::rate_limit, -1, "", time_.now_ms());
  second->failed(FailureClass::rate_limit, -1, "", time_.now_ms());
  EXPECT_EQ(rest(a_), kMinute);
}

TEST_F(HealthTest, WhatTheProviderSaysIsObeyedAndWhatWeGuessIsNotWhenNothingElseIsLeft) {
  const std::vector<RouteOption> only{{a_, true, false}};
  fail_once(a_, FailureClass::billing);
  auto chosen = choose(only, health_, time_.now_ms());
  EXPECT_EQ(chosen.what, RouteChoice::What::call);
  EXPECT_TRUE(chosen.early);
  health_.forget("");
  fail_once(a_, FailureClass::rate_limit, 30 * kSecond);
  chosen = choose(only, health_, time_.now_ms());
  EXPECT_EQ(chosen.what, RouteChoice::What::wait);
  EXPECT_EQ(chosen.until_ms, time_.now_ms() + 30 * kSecond);
  EXPECT_FALSE(health_.begin(a_, time_.now_ms(), true));
}

TEST_F(HealthTest, TheFirstThatDoesNotRestIsChosen) {
  const Callee c{"q", "key-c", "x"};
  std::vector<RouteOption> options{{a_, true, false}, {b_, true, false}, {c, true, false}};
  EXPECT_EQ(choose(options, health_, time_.now_ms()).index, 0U);
  fail_once(a_, FailureClass::rate_limit);
  EXPECT_EQ(choose(options, health_, time_.now_ms()).index, 1U);
  fail_once(b_, FailureClass::overloaded);
  EXPECT_EQ(choose(options, health_, time_.now_ms()).index, 2U);
  options[2].usable = false;
  const auto early = choose(options, health_, time_.now_ms());
  EXPECT_TRUE(early.early);
  EXPECT_EQ(early.index, 1U); // its guess ends first
  options[0].tried = options[1].tried = true;
  EXPECT_EQ(choose(options, health_, time_.now_ms()).what, RouteChoice::What::none);
}

TEST_F(HealthTest, ARestartKnowsWhoRests) {
  std::vector<Rest> kept;
  health_.on_change([&](const Rest& rest, bool open) {
    std::erase_if(kept, [&](const Rest& other) { return other.same_slot(rest); });
    if (open) kept.push_back(rest);
  });
  fail_once(a_, FailureClass::billing);
  fail_once(b_, FailureClass::rate_limit);
  time_.advance(kMinute);
  health_.begin(b_, time_.now_ms(), false)->succeeded();
  ASSERT_EQ(kept.size(), 1U);
  ModelHealth second;
  second.restore(kept);
  EXPECT_EQ(second.judge(a_, time_.now_ms()).state, State::resting);
  EXPECT_EQ(second.judge(a_, time_.now_ms()).because->text, "why");
  EXPECT_FALSE(second.begin(a_, time_.now_ms(), false));
}

// Random runs over random failures: nobody is called before a time that the provider named; nobody is called while a
// guessed rest lasts unless nothing else is left; never two at once where one is to find out; and whoever could answer
// is found.
TEST_F(HealthTest, InAnyOrderOfFailuresNobodyIsHammeredAndWhoeverIsReadyIsFound) {
  std::mt19937_64 random(20261121);
  std::vector<Callee> callees;
  for (const auto* provider : {"p", "q"})
    for (const auto* key : {"1", "2"})
      for (const auto* model : {"m", "n"})
        callees.push_back({provider, std::string(provider) + key, model});
  std::deque<ModelHealth::Call> under_way;
  int called = 0, early = 0, waited = 0;
  for (int step = 0; step < 60'000; ++step) {
    time_.advance(static_cast<std::int64_t>(random() % (step % 100 == 0 ? 3'600'000 : 4'000)));
    const auto now = time_.now_ms();
    if (under_way.size() < 6 && random() % 2 == 0) {
      std::vector<RouteOption> options;
      for (const auto& callee : callees)
        options.push_back({callee, random() % 8 != 0, random() % 8 == 0});
      const auto open = [&](std::size_t i) { return options[i].usable && !options[i].tried; };
      const auto chosen = choose(options, health_, now);
      if (chosen.what != RouteChoice::What::call) {
        for (std::size_t i = 0; i < options.size(); ++i) {
          if (!open(i)) continue;
          const auto verdict = health_.judge(callees[i], now);
          ASSERT_TRUE(verdict.state == State::probing || verdict.told) << "somebody could have been asked";
          ++waited;
        }
        continue;
      }
      ASSERT_TRUE(open(chosen.index));
      const auto verdict = health_.judge(callees[chosen.index], now);
      ASSERT_NE(verdict.state, State::probing);
      if (verdict.state == State::resting) {
        ASSERT_TRUE(chosen.early);
        ASSERT_FALSE(verdict.told);
        for (std::size_t i = 0; i < options.size(); ++i)
          if (open(i)) ASSERT_NE(health_.judge(callees[i], now).state, State::ready);
        ++early;
      }
      const bool probe = verdict.because != nullptr;
      auto call = health_.begin(callees[chosen.index], now, chosen.early);
      ASSERT_TRUE(call);
      if (probe) ASSERT_FALSE(health_.begin(callees[chosen.index], now, true)) << "two calls find out at once";
      under_way.push_back(std::move(*call));
      ++called;
    } else if (!under_way.empty()) {
      const bool newest = random() % 2 == 0;
      auto ending = std::move(newest ? under_way.back() : under_way.front());
      newest ? under_way.pop_back() : under_way.pop_front();
      const auto what = random() % 10;
      if (what < 3)
        ending.succeeded();
      else if (what < 9)
        ending.failed(static_cast<FailureClass>(random() % 8),
                      random() % 3 == 0 ? static_cast<std::int64_t>(random() % 100'000) : -1, "x", now);
    }
  }
  EXPECT_GT(called, 5000);
  EXPECT_GT(early, 50);
  EXPECT_GT(waited, 50);
}

} // namespace
} // namespace openclaw::agent
