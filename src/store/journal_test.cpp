#include "store/journal.hpp"

#include "base/log.hpp"
#include "store/approvals.hpp"
#include "store/inbox.hpp"
#include "store/schema.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::store {
namespace {

class JournalTest : public testing::Test {
protected:
  JournalTest() {
    folder_ = (std::filesystem::temp_directory_path() / fmt::format("openclaw-journal-{}", ::getpid())).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    connection_ = *Connection::open(folder_ + "/state.db", false);
    EXPECT_TRUE(migrate(*connection_, folder_ + "/state.db"));
  }
  ~JournalTest() override {
    connection_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  void note(const std::string& action, std::int64_t time = 1, const std::string& agent = "main") {
    JournalEntry entry;
    entry.time_ms = time;
    entry.agent_id = agent;
    entry.action = action;
    ASSERT_TRUE(record(*connection_, entry));
  }
  std::string problem() {
    const auto verdict = verify_journal(*connection_);
    return verdict ? verdict->problem : verdict.error().message;
  }
  std::vector<std::string> told() {
    std::vector<std::string> all;
    for (const auto& entry : *journal(*connection_, {}))
      all.push_back(entry.action + " " + entry.outcome);
    return all;
  }
  std::string folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(JournalTest, IsWholeAsLongAsNobodyTouchesIt) {
  EXPECT_EQ(problem(), "");
  for (int i = 0; i < 20; ++i)
    note(fmt::format("action {}", i));
  const auto verdict = verify_journal(*connection_);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->problem, "");
  EXPECT_EQ(verdict->rows, 20);
  EXPECT_EQ(verdict->head, journal(*connection_, {})->back().hash);
}

TEST_F(JournalTest, NoticesEveryKindOfTampering) {
  for (const auto& [damage, expected] : std::vector<std::pair<const char*, const char*>>{
           {"UPDATE journal SET subject = 'other' WHERE sequence = 5", "Row 5 was changed"},
           {"UPDATE journal SET cost_micro_usd = 0, time_ms = 9 WHERE sequence = 1", "Row 1 was changed"},
           {"DELETE FROM journal WHERE sequence = 5", "Rows 5 to 5 are missing"},
           {"DELETE FROM journal WHERE sequence = 1", "Rows 1 to 1 are missing"},
           {"DELETE FROM journal WHERE sequence > 8", "Rows 9 to 10 are missing"},
           {"DELETE FROM journal", "Rows 1 to 10 are missing"},
           {"DELETE FROM journal_ends", "lost the record"},
           {"UPDATE journal SET previous_hash = '' WHERE sequence = 3", "Row 3 does not continue"},
           {"UPDATE journal SET sequence = 20 WHERE sequence = 10", "Rows 10 to 19 are missing"}}) {
    ASSERT_TRUE(connection_->execute("DELETE FROM journal; DELETE FROM journal_ends; "
                                     "INSERT INTO journal_ends VALUES ('before', 0, ''), ('last', 0, '')"));
    for (int i = 0; i < 10; ++i)
      note(fmt::format("action {}", i), 5);
    ASSERT_EQ(problem(), "");
    ASSERT_TRUE(connection_->execute(damage)) << damage;
    EXPECT_NE(problem().find(expected), std::string::npos) << damage << ": " << problem();
  }
}

TEST_F(JournalTest, ContinuesTheChainWhereOldRowsWereLetGo) {
  for (int i = 0; i < 10; ++i)
    note("old");
  ASSERT_TRUE(connection_->execute("UPDATE journal_ends SET sequence = 4, hash = (SELECT hash FROM journal WHERE "
                                   "sequence = 4) WHERE place = 'before'; DELETE FROM journal WHERE sequence <= 4"));
  note("new");
  EXPECT_EQ(problem(), "");
  EXPECT_EQ(verify_journal(*connection_)->first, 5);
}

TEST_F(JournalTest, FindsByTimeAndAgentTheNewestThatFit) {
  note("a", 10, "main");
  note("b", 20, "other");
  note("c", 30, "main");
  EXPECT_EQ(journal(*connection_, {.since_ms = 20})->size(), 2U);
  EXPECT_EQ(journal(*connection_, {.agent_id = "other"})->front().action, "b");
  const auto newest = *journal(*connection_, {.limit = 2});
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].action, "b");
  EXPECT_EQ((*last_journal_entry(*connection_, "a"))->time_ms, 10);
}

TEST_F(JournalTest, HoldsNoSecretAndNoControlCharacters) {
  log::redact(Secret("canary-in-journal"));
  note("echo canary-in-journal\x1b[2J");
  const auto text = journal(*connection_, {})->front().action;
  EXPECT_EQ(text.find("canary"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(JournalTest, TellsOfAToolCallAndItsApprovalFromTheQuestionToTheEnd) {
  const ApprovalRow row{
      "id-1",    "digest", "main", "agent:main:main", "run-1", "call-1", R"({"tool":"exec","command":"make"})",
      "pending", 1,        1000};
  ASSERT_TRUE(add_approval(*connection_, row));
  ASSERT_TRUE(*resolve_approval(*connection_, "id-1", "allowed", "phone", 2));
  const auto grant = consume_approval(*connection_, "id-1", 3);
  ASSERT_TRUE(grant && *grant);
  ASSERT_TRUE(start_tool_call(
      *connection_, {"run-1", "call-1", "agent:main:main", "main", "exec", "execute", "make", "digest", "id-1"}, 3));
  ASSERT_TRUE(finish_tool_call(*connection_, "run-1", "call-1", true, 4));
  EXPECT_EQ(told(), (std::vector<std::string>{"approval asked", "approval allowed",
                                              "tool.exec started with approval id-1", "tool.exec error"}));
  const auto rows = *journal(*connection_, {});
  EXPECT_EQ(rows[1].actor, "phone");
  EXPECT_EQ(rows[1].behalf, "agent:main");
  EXPECT_EQ(problem(), "");
}

TEST_F(JournalTest, AGrantServesOnceAndAnAnswerCountsOnce) {
  const ApprovalRow row{"id-1", "digest", "main", "agent:main:main", "run-1", "call-1", "{}", "pending", 1, 1000};
  ASSERT_TRUE(add_approval(*connection_, row));
  EXPECT_FALSE(*consume_approval(*connection_, "id-1", 2)) << "nobody allowed it yet";
  ASSERT_TRUE(*resolve_approval(*connection_, "id-1", "allowed", "phone", 2));
  EXPECT_FALSE(*resolve_approval(*connection_, "id-1", "allowed", "phone", 2));
  EXPECT_TRUE(*consume_approval(*connection_, "id-1", 3));
  EXPECT_FALSE(*consume_approval(*connection_, "id-1", 3)) << "a replay";
  EXPECT_FALSE(*resolve_approval(*connection_, "id-1", "allowed", "phone", 4))
      << "a consumed one cannot be allowed again";
}

TEST_F(JournalTest, ARestartLeavesPendingApprovalsExpiredAndShown) {
  for (const char* id : {"id-1", "id-2"})
    ASSERT_TRUE(add_approval(*connection_,
                             {id, "digest", "main", "agent:main:main", "run-1", "call-1", "{}", "pending", 1, 1000}));
  ASSERT_TRUE(*resolve_approval(*connection_, "id-2", "denied", "phone", 2));
  ASSERT_TRUE(expire_pending_approvals(*connection_, 5));
  EXPECT_TRUE(pending_approvals(*connection_, 5)->empty());
  const auto lost = *approvals_lost_by_restart(*connection_, 0);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].id, "id-1");
  EXPECT_FALSE(*resolve_approval(*connection_, "id-1", "allowed", "phone", 6));
}

TEST_F(JournalTest, TheSameRuleAgainTakesOverTheProgramAsItIsNow) {
  ASSERT_TRUE(add_command_rule(*connection_, {0, "main", "/w/tool", "[]", "old"}, "phone", 1));
  ASSERT_TRUE(add_command_rule(*connection_, {0, "main", "/w/tool", "[]", "new"}, "phone", 2));
  const auto rules = *command_rules(*connection_, "main");
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].binary_sha256, "new");
}

} // namespace
} // namespace openclaw::store
