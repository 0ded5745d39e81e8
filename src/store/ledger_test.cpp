#include "store/database.hpp"
#include "store/ledger.hpp"
#include "store/schema.hpp"
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <unistd.h>

namespace openclaw::store {
namespace {

class Ledger : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("openclaw-ledger-{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto opened = Connection::open((folder_ / "state.db").string(), false);
    ASSERT_TRUE(opened);
    connection_ = std::move(*opened);
    ASSERT_TRUE(migrate(*connection_, (folder_ / "state.db").string()));
  }
  void TearDown() override {
    connection_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Ledger, ReservesBeforeItSpendsAndSaysWhichCapRefuses) {
  const std::vector<SpendScope> scopes{{"all", "2026-11-21", 1000, "budget.perDayUsd"}, {"run:a", "", -1, ""}};
  ASSERT_TRUE(reserve(*connection_, "r1", "a", 600, scopes, 1));
  const auto refused = reserve(*connection_, "r2", "a", 600, scopes, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::denied);
  EXPECT_NE(refused.error().hint.find("budget.perDayUsd"), std::string::npos);
  ASSERT_TRUE(settle(*connection_, "r1", {.micro_usd = 100, .input_tokens = 10, .output_tokens = 5}, scopes));
  EXPECT_TRUE(reserve(*connection_, "r2", "a", 900, scopes, 3));
}

// Random reservations, settlements and crashes over two days and several scopes, against a plain count of what must
// come out of it. OPENCLAW_LEDGER_STEPS makes it longer.
TEST_F(Ledger, NeverSpendsMoreThanTheCapInAnyOrderOfCallsAndCrashes) {
  struct Open {
    std::string id;
    std::int64_t amount;
    std::vector<SpendScope> scopes;
  };
  std::mt19937_64 random(20261121);
  const char* wanted = std::getenv("OPENCLAW_LEDGER_STEPS");
  const int steps = wanted ? std::max(std::atoi(wanted), 1000) : 100'000;
  std::map<std::pair<std::string, std::string>, std::int64_t> spent; // by scope and period, as it must be
  std::map<std::pair<std::string, std::string>, std::int64_t> reserved;
  std::vector<Open> open;
  int refused = 0, crashes = 0;
  auto memory = Connection::open(":memory:", false);
  ASSERT_TRUE(memory);
  auto& connection = **memory;
  ASSERT_TRUE(migrate(connection, ":memory:"));
  ASSERT_TRUE(connection.execute("BEGIN"));
  std::string month;
  for (int step = 0; step < steps; ++step) {
    // The caps are small beside what is asked for, and a new month comes before they only refuse.
    month = fmt::format("2{:03}-{:02}", step / 1200, step / 100 % 12 + 1);
    const auto count = [&](const std::vector<SpendScope>& scopes, auto& sums, std::int64_t amount) {
      for (const auto& scope : scopes)
        sums[{scope.scope, scope.period}] += amount;
    };
    const auto choice = random() % 100;
    if (choice < 52 || open.empty()) {
      const auto day = month + (random() % 2 == 0 ? "-01" : "-02");
      const auto session = "session:" + std::string(1, static_cast<char>('a' + random() % 3)) + month;
      const std::vector<SpendScope> scopes{{"all", day, 5000, "budget.perDayUsd"},
                                           {"all", month, 7000, "budget.perMonthUsd"},
                                           {session, "", 3000, "budget.perSessionUsd"},
                                           {"model:m", day, -1, ""}};
      const auto amount = static_cast<std::int64_t>(random() % 700);
      const auto id = "r" + std::to_string(step);
      bool fits = true;
      for (const auto& scope : scopes) {
        const auto key = std::pair(scope.scope, scope.period);
        if (scope.cap_micro_usd >= 0 && spent[key] + reserved[key] + amount > scope.cap_micro_usd) fits = false;
      }
      const auto answer = reserve(connection, id, "run", amount, scopes, step);
      ASSERT_EQ(answer.has_value(), fits);
      if (!fits) {
        ASSERT_EQ(answer.error().code, "budget");
        ++refused;
        continue;
      }
      count(scopes, reserved, amount);
      open.push_back({id, amount, scopes});
    } else if (choice < 99) {
      std::swap(open[random() % open.size()], open.back());
      const auto ending = std::move(open.back());
      open.pop_back();
      const auto cost = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(ending.amount + 1));
      ASSERT_TRUE(settle(connection, ending.id, {.micro_usd = cost, .estimated = random() % 2 == 0}, ending.scopes));
      count(ending.scopes, reserved, -ending.amount);
      count(ending.scopes, spent, cost);
    } else { // nobody knows what the running calls cost: everything that was reserved counts
      const auto settled = settle_abandoned(connection);
      ASSERT_TRUE(settled);
      ASSERT_EQ(*settled, static_cast<std::int64_t>(open.size()));
      for (const auto& one : open) {
        count(one.scopes, reserved, -one.amount);
        count(one.scopes, spent, one.amount);
      }
      open.clear();
      ++crashes;
    }
    if (step % 16 != 0 && step + 1 != steps) continue;
    for (const auto& scope : {SpendScope{"all", month + "-01", 5000, ""}, SpendScope{"all", month, 7000, ""},
                              SpendScope{"session:a" + month, "", 3000, ""}}) {
      const auto spend = spend_of(connection, scope.scope, scope.period);
      ASSERT_TRUE(spend);
      const auto key = std::pair(scope.scope, scope.period);
      ASSERT_EQ(spend->spent, spent[key]);
      ASSERT_EQ(spend->reserved, reserved[key]);
      ASSERT_LE(spend->spent + spend->reserved, scope.cap_micro_usd);
      ASSERT_LE(spend->estimated, spend->spent);
    }
  }
  ASSERT_TRUE(connection.execute("COMMIT"));
  EXPECT_GT(refused, steps / 100);
  EXPECT_GT(crashes, 0);
}

TEST_F(Ledger, SaysWhatWasSpentOnWhat) {
  const auto call = [&](const std::string& model, const std::string& day, std::int64_t cost, bool estimated) {
    const std::vector<SpendScope> scopes{{"all", day, -1, ""}, {"model:" + model, day, -1, ""}};
    ASSERT_TRUE(settle(*connection_, "",
                       {.micro_usd = cost, .estimated = estimated, .input_tokens = 10, .cache_read = 4}, scopes));
  };
  call("a/x", "2026-11-20", 5, false);
  call("a/x", "2026-11-21", 7, true);
  call("b/y", "2026-11-21", 100, false);
  call("b/y", "2026-10-01", 1000, false);
  const auto models = spend_by_scope(*connection_, "model:", "2026-11-20", 10);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].scope, "b/y");
  EXPECT_EQ((*models)[0].spend.spent, 100);
  EXPECT_EQ((*models)[1].spend.spent, 12);
  EXPECT_EQ((*models)[1].spend.estimated, 7);
  EXPECT_EQ((*models)[1].spend.cache_read, 8);
  EXPECT_EQ(spend_of(*connection_, "all", "2026-11")->spent, 112);
  EXPECT_EQ(spend_of(*connection_, "all", "2026-10")->calls, 1);
}

TEST_F(Ledger, CountsAnAbandonedReservationAsSpentAfterACrash) {
  const std::vector<SpendScope> scopes{{"all", "day", 1000, "budget.perDayUsd"}};
  ASSERT_TRUE(reserve(*connection_, "r1", "a", 400, scopes, 1));
  const auto settled = settle_abandoned(*connection_);
  ASSERT_TRUE(settled);
  EXPECT_EQ(*settled, 1);
  const auto spend = spend_of(*connection_, "all", "day");
  ASSERT_TRUE(spend);
  EXPECT_EQ(spend->spent, 400);
  EXPECT_EQ(spend->reserved, 0);
}

} // namespace
} // namespace openclaw::store
