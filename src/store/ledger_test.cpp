#include "store/database.hpp"
#include "store/ledger.hpp"
#include "store/schema.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
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
  ASSERT_TRUE(settle(*connection_, "r1", 100, 10, 5, scopes));
  EXPECT_TRUE(reserve(*connection_, "r2", "a", 900, scopes, 3));
}

TEST_F(Ledger, NeverSpendsMoreThanTheCapInAnyOrderOfCalls) {
  std::mt19937_64 random(20261121);
  const std::vector<SpendScope> scopes{{"all", "day", 5000, "budget.perDayUsd"},
                                       {"session:x", "", 3000, "budget.perSessionUsd"}};
  std::vector<std::pair<std::string, std::int64_t>> open;
  ASSERT_TRUE(connection_->execute("BEGIN"));
  for (int step = 0; step < 4000; ++step) {
    if (open.empty() || random() % 2 == 0) {
      const auto id = "r" + std::to_string(step);
      const auto amount = static_cast<std::int64_t>(random() % 700);
      if (reserve(*connection_, id, "run", amount, scopes, step)) open.emplace_back(id, amount);
    } else {
      const auto at = random() % open.size();
      const auto cost = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(open[at].second + 1));
      ASSERT_TRUE(settle(*connection_, open[at].first, cost, 1, 1, scopes));
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (const auto& scope : scopes) {
      const auto spend = spend_of(*connection_, scope.scope, scope.period);
      ASSERT_TRUE(spend);
      ASSERT_LE(spend->spent + spend->reserved, scope.cap_micro_usd);
      ASSERT_GE(spend->reserved, 0);
    }
  }
  ASSERT_TRUE(connection_->execute("COMMIT"));
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
