// Lines that come rapidly, with a clock that stands still until a test moves it. What runs has no model and fails at
// once: that it began is what counts here.
#include "messaging/debounce.hpp"
#include "messaging/loop_fixture.hpp"
#include "ports/fake_http_client.hpp"
#include "store/inbox.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::messaging {
namespace {

class NoEvents final : public agent::RunEvents {
public:
  void started(const agent::RunInfo& run, std::int64_t) override { begun.push_back(run.run_id); }
  void text(const agent::RunInfo&, std::string_view, std::string_view, bool) override {}
  void thinking(const agent::RunInfo&, std::string_view, std::string_view) override {}
  void tool_started(const agent::RunInfo&, std::string_view, std::string_view, std::string_view) override {}
  void tool_updated(const agent::RunInfo&, std::string_view, std::string_view, std::string_view,
                    std::string_view) override {}
  void tool_finished(const agent::RunInfo&, std::string_view, std::string_view, const ports::Message&) override {}
  void finished(const agent::RunInfo&, const ports::Message&) override {}
  void failed(const agent::RunInfo&, const ports::Message&, bool) override {}
  void aborted(const agent::RunInfo&, std::string_view, const ports::Message*) override {}
  void approval_requested(const agent::ApprovalRequest&) override {}
  void approval_resolved(std::string_view, agent::ApprovalDecision, std::string_view) override {}
  void session_changed(std::string_view, std::string_view) override {}
  void models_changed() override {}
  std::vector<std::string> begun;
};

class DebounceTest : public LoopTest {
protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / fmt::format("openclaw-debounce-{}", ::getpid())).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto opened = store::Database::open(folder_ + "/state.db");
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    models_ = std::make_unique<agent::Models>(
        registry_, ports::ServerServices{loop_.get_executor(), scope_, time_, http_, folder_},
        std::map<std::string, std::string>{}, events_);
    const json::value config(json::object{});
    ASSERT_TRUE(models_->configure(config));
    runtime_ = std::make_unique<agent::Runtime>(agent::RuntimeServices{loop_.get_executor(), time_, random_, *database_,
                                                                       registry_, http_, events_, *models_, folder_});
    auto settings = agent::read_settings(config, folder_, folder_);
    ASSERT_TRUE(settings);
    runtime_->configure(std::move(*settings), config);
    messaging_ = std::make_unique<Messaging>(*runtime_);
    debounce_ = std::make_unique<Debounce>(*runtime_, *messaging_);
  }
  void TearDown() override {
    EXPECT_TRUE(finish(debounce_->shut_down()));
    EXPECT_TRUE(finish(runtime_->shut_down()));
    EXPECT_TRUE(finish(scope_.join()));
    debounce_.reset();
    runtime_.reset();
    models_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Task<> ended(Task<> task, bool* done) {
    auto result = co_await std::move(task);
    *done = true;
    co_return result;
  }
  bool finish(Task<> task) {
    bool done = false;
    async::Scope own(loop_.get_executor());
    own.spawn("test", ended(std::move(task), &done));
    return until([&] { return done && own.size() == 0; });
  }
  static Task<> keep(Debounce* debounce, std::string key, Inbound message, std::int64_t pause_ms, Receipt* receipt,
                     bool* done) {
    auto taken = co_await debounce->take(std::move(key), std::move(message), pause_ms);
    EXPECT_TRUE(taken);
    if (taken) *receipt = *taken;
    *done = true;
    co_return Result<>{};
  }
  // A line of `who`, on disk when this returns.
  Receipt say(std::string text, std::int64_t pause_ms = 1000, std::string who = "ada", std::string id = "") {
    Inbound message;
    message.channel = "test";
    message.dedupe_key = id.empty() ? fmt::format("m{}", ++lines_) : id;
    message.run_id = "run-" + message.dedupe_key;
    message.session_key = "agent:main:" + who;
    message.text = std::move(text);
    Receipt receipt;
    bool done = false;
    scope_.spawn("say", keep(debounce_.get(), who, std::move(message), pause_ms, &receipt, &done));
    EXPECT_TRUE(until([&] { return done; }));
    return receipt;
  }
  store::InboxRow row(const std::string& run_id) {
    const auto found = store::find_run(database_->reader(), run_id);
    return found && *found ? **found : store::InboxRow{};
  }
  std::string words(const std::string& run_id) {
    const auto body = parse_json(row(run_id).body, "body");
    return body ? string_or(*body, "text") : std::string();
  }
  bool begun(const std::string& run_id) {
    return std::find(events_.begun.begin(), events_.begun.end(), run_id) != events_.begun.end();
  }

  std::string folder_;
  async::FakeTime time_{loop_.get_executor()};
  SeededRandom random_{1};
  ports::FakeHttpClient http_;
  ports::Registry registry_;
  NoEvents events_;
  async::Scope scope_{loop_.get_executor()};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<agent::Models> models_;
  std::unique_ptr<agent::Runtime> runtime_;
  std::unique_ptr<Messaging> messaging_;
  std::unique_ptr<Debounce> debounce_;
  int lines_ = 0;
};

TEST_F(DebounceTest, EachLineIsOnDiskAtOnceAndBeginsTheWaitAnew) {
  const auto first = say("one");
  EXPECT_EQ(first.state, Receipt::State::started);
  EXPECT_EQ(words(first.run_id), "one");
  time_.advance(900);
  const auto second = say("two");
  EXPECT_EQ(second.state, Receipt::State::in_flight);
  EXPECT_EQ(second.run_id, first.run_id);
  EXPECT_EQ(words(first.run_id), "one\ntwo");
  time_.advance(900);
  settle();
  EXPECT_FALSE(begun(first.run_id));
  EXPECT_EQ(row(first.run_id).state, "accepted");
  time_.advance(100);
  EXPECT_TRUE(until([&] { return begun(first.run_id); }));
  EXPECT_FALSE(debounce_->holds("ada"));
  EXPECT_EQ(events_.begun.size(), 1U);
}

TEST_F(DebounceTest, ALineThatIsDeliveredAgainIsNotAddedAgain) {
  const auto first = say("one", 1000, "ada", "a");
  say("two", 1000, "ada", "b");
  say("two", 1000, "ada", "b");
  say("one", 1000, "ada", "a");
  EXPECT_EQ(words(first.run_id), "one\ntwo");
}

TEST_F(DebounceTest, WhatMayNotWaitSendsWhatIsHeldAheadOfIt) {
  const auto first = say("one");
  ASSERT_TRUE(finish(debounce_->release("ada")));
  EXPECT_TRUE(until([&] { return begun(first.run_id); }));
  const auto next = say("two");
  EXPECT_EQ(next.state, Receipt::State::started);
  EXPECT_NE(next.run_id, first.run_id);
  time_.advance(1000);
  EXPECT_TRUE(until([&] { return begun(next.run_id); }));
  EXPECT_EQ(events_.begun, (std::vector<std::string>{first.run_id, next.run_id}));
}

TEST_F(DebounceTest, WithoutAPauseNothingWaits) {
  const auto first = say("one", 0);
  EXPECT_FALSE(debounce_->holds("ada"));
  EXPECT_TRUE(until([&] { return begun(first.run_id); }));
}

TEST_F(DebounceTest, PeopleWaitForThemselvesOnly) {
  const auto ada = say("one", 1000, "ada");
  time_.advance(500);
  const auto bo = say("two", 1000, "bo");
  EXPECT_NE(ada.run_id, bo.run_id);
  time_.advance(500);
  EXPECT_TRUE(until([&] { return begun(ada.run_id); }));
  EXPECT_FALSE(begun(bo.run_id));
  EXPECT_TRUE(debounce_->holds("bo"));
}

TEST_F(DebounceTest, AMessageHasAnEndHoweverLongSomebodyTypes) {
  const auto first = say("line");
  for (int line = 1; line < 50; ++line)
    EXPECT_EQ(say("line").run_id, first.run_id);
  const auto next = say("line");
  EXPECT_NE(next.run_id, first.run_id);
  EXPECT_TRUE(until([&] { return begun(first.run_id); })) << "it goes before the next one";
  EXPECT_TRUE(debounce_->holds("ada"));
}

TEST_F(DebounceTest, WhatWaitsAtAStopIsOnDiskAsAcceptedForTheNextStart) {
  const auto first = say("one");
  ASSERT_TRUE(finish(debounce_->shut_down()));
  time_.advance(5000);
  settle();
  EXPECT_FALSE(begun(first.run_id));
  EXPECT_EQ(row(first.run_id).state, "accepted");
}

} // namespace
} // namespace openclaw::messaging
