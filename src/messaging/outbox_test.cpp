#include "messaging/channel_fixture.hpp"

namespace openclaw::messaging {
namespace {

class OutboxTest : public ChannelTest, public OutboxHost {
protected:
  std::shared_ptr<Account> find_account(std::string_view, std::string_view) override { return account_; }
  DeliverySettings delivery_of(const Account&, const std::string&, ports::ChatKind) override { return {}; }
  Task<std::string> take_preview(std::string) override { co_return std::string(); }
  Result<std::string> read_file(const std::string&, const std::string&, std::size_t) override {
    return fail(Kind::missing, "There is no such file.");
  }

  void SetUp() override {
    ChannelTest::SetUp();
    outbox_ = std::make_unique<Outbox>(loop_.get_executor(), time_, random_, *database_, *this);
  }
  void TearDown() override {
    scope_.spawn("end", end(outbox_.get(), &ended_));
    EXPECT_TRUE(until([this] { return ended_; }));
    ChannelTest::TearDown();
    outbox_.reset();
  }
  static Task<> end(Outbox* outbox, bool* ended) {
    auto done = co_await outbox->shut_down();
    *ended = true;
    co_return done;
  }
  static Task<> recover(Outbox* outbox) { co_return co_await outbox->recover(); }
  static Task<> retry(Outbox* outbox, std::string id) { co_return co_await outbox->retry(std::move(id)); }

  static store::OutboxRow row(std::string id, std::string text, std::string chat = "7", std::string kind = "answer",
                              std::int64_t now = 1) {
    Delivery delivery;
    delivery.channel = "test";
    delivery.account = "default";
    delivery.chat.id = std::move(chat);
    return outgoing_row(delivery, std::move(id), std::move(kind), std::move(text), "main", "", now);
  }
  void put(store::OutboxRow row) {
    row.created_ms = time_.now_ms();
    bool written = false;
    scope_.spawn("put", add(database_.get(), std::move(row), &written));
    ASSERT_TRUE(until([&] { return written; }));
  }
  static Task<> add(store::Database* database, store::OutboxRow row, bool* written) {
    std::function<Result<bool>(store::Connection&)> work = [row](store::Connection& connection) -> Result<bool> {
      TRY(const bool added, store::add_outgoing(connection, row));
      TRY_VOID(store::save_outgoing(connection, row, row.created_ms));
      return added;
    };
    CO_TRY(*written, co_await database->write<bool>(std::move(work)));
    co_return Result<>{};
  }
  std::string state(std::string_view id) {
    const auto found = store::find_outgoing(database_->reader(), id);
    return found && *found ? (*found)->state : std::string("none");
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& message : channel_->sent)
      all.push_back(message.body.text);
    return all;
  }

  std::unique_ptr<Outbox> outbox_;
  bool ended_ = false;
};

TEST_F(OutboxTest, KeepsTheOrderWithinAChatAndWaitsForTheAccount) {
  put(row("a", "one"));
  put(row("b", "two"));
  put(row("c", "three", "8"));
  outbox_->wake();
  settle();
  EXPECT_TRUE(channel_->sent.empty());
  EXPECT_EQ(state("a"), "queued");
  connect();
  outbox_->account_changed();
  ASSERT_TRUE(until([&] { return state("b") == "sent" && state("c") == "sent"; }));
  const auto all = texts();
  EXPECT_LT(std::find(all.begin(), all.end(), "one"), std::find(all.begin(), all.end(), "two"));
  EXPECT_EQ(all.size(), 3U);
}

TEST_F(OutboxTest, WaitsAsLongAsThePlatformSaysAndSendsOnce) {
  connect();
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::retry_after, "Too many.", 5000});
  put(row("a", "one"));
  put(row("b", "two"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return channel_->sent.size() == 1 && time_.sleepers() == 1; }));
  EXPECT_EQ(state("a"), "queued");
  time_.advance(4999);
  settle();
  EXPECT_EQ(channel_->sent.size(), 1U);
  time_.advance(1);
  ASSERT_TRUE(until([&] { return state("b") == "sent"; }));
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "one", "two"}));
  EXPECT_EQ(channel_->sent[0].idempotency_key, channel_->sent[1].idempotency_key);
}

TEST_F(OutboxTest, AnUnknownFateIsSaidAndNotTriedAgainUnlessThePlatformKnowsTheKey) {
  connect();
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::ambiguous, "No answer.", 0});
  put(row("a", "one"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return state("a-lost") == "sent"; }));
  EXPECT_EQ(state("a"), "failed");
  ASSERT_EQ(texts().size(), 2U);
  EXPECT_TRUE(texts()[1].contains("/resend"));
  scope_.spawn("retry", retry(outbox_.get(), "a"));
  ASSERT_TRUE(until([&] { return texts().size() == 3; }));
  EXPECT_EQ(texts()[2], "one");
  channel_->idempotent = true;
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::ambiguous, "No answer.", 0});
  put(row("b", "two"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return time_.sleepers() > 0; }));
  time_.advance(60'000);
  EXPECT_TRUE(until([&] { return state("b") == "sent"; }));
}

TEST_F(OutboxTest, WhatIsRefusedIsDeadAndWhatHasBadMarkupGoesOutPlain) {
  connect();
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::refused, "Blocked.", 0});
  put(row("a", "one"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return state("a") == "dead"; }));
  EXPECT_EQ(channel_->sent.size(), 1U);
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::bad_format, "Bad.", 0});
  put(row("b", "**two**"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return state("b") == "sent"; }));
  EXPECT_TRUE(channel_->sent.back().plain);
  EXPECT_EQ(channel_->sent.back().body.text, "two");
}

TEST_F(OutboxTest, GivesUpAfterEightAttemptsAndSaysSo) {
  connect();
  for (int i = 0; i < 8; ++i)
    channel_->problems.push_back(ports::SendProblem{ports::SendFault::transient, "Down.", 0});
  put(row("a", "one"));
  outbox_->wake();
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(
        until([&] { return channel_->sent.size() == static_cast<std::size_t>(i) + 1 && time_.sleepers() == 1; }));
    time_.advance(40'000);
  }
  ASSERT_TRUE(until([&] { return state("a-lost") == "sent"; }));
  EXPECT_EQ(state("a"), "dead");
}

TEST_F(OutboxTest, ThePausesGrowAndEndAtHalfAMinute) {
  connect();
  const std::int64_t least[] = {400, 800, 1600, 3200, 6400, 12'800, 25'600};
  for (int i = 0; i < 7; ++i)
    channel_->problems.push_back(ports::SendProblem{ports::SendFault::transient, "Down.", 0});
  put(row("a", "one"));
  outbox_->wake();
  for (std::size_t i = 0; i < 7; ++i) {
    ASSERT_TRUE(until([&] { return channel_->sent.size() == i + 1 && time_.sleepers() == 1; })) << i;
    EXPECT_EQ(state("a"), "queued");
    time_.advance(least[i] - 1);
    settle();
    EXPECT_EQ(channel_->sent.size(), i + 1) << "too early after attempt " << i + 1;
    time_.advance(101);
  }
  EXPECT_TRUE(until([&] { return state("a") == "sent"; }));
  for (const auto& message : channel_->sent)
    EXPECT_EQ(message.idempotency_key, channel_->sent.front().idempotency_key);
}

TEST_F(OutboxTest, AnAbsurdPauseOfThePlatformIsCut) {
  connect();
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::retry_after, "Later.", 24LL * 3600 * 1000});
  put(row("a", "one"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return channel_->sent.size() == 1 && time_.sleepers() == 1; }));
  time_.advance(15 * 60 * 1000);
  EXPECT_TRUE(until([&] { return state("a") == "sent"; }));
}

TEST_F(OutboxTest, EachFaultHasItsEndAndTheChatIsToldWhereItCanBe) {
  connect();
  using ports::SendFault;
  const std::pair<SendFault, bool> faults[] = {{SendFault::refused, false},
                                               {SendFault::missing, false},
                                               {SendFault::too_long, true},
                                               {SendFault::unsupported, true}};
  for (const auto& [fault, told] : faults) {
    const auto id = fmt::format("f{}", static_cast<int>(fault));
    const auto before = channel_->sent.size();
    channel_->problems.push_back(ports::SendProblem{fault, "No.", 0});
    put(row(id, "words", id));
    outbox_->wake();
    ASSERT_TRUE(until([&] { return state(id) == "dead" && state(id + "-lost") == (told ? "sent" : "none"); })) << id;
    EXPECT_EQ(channel_->sent.size(), before + (told ? 2 : 1)) << id;
    EXPECT_EQ((*store::find_outgoing(database_->reader(), id))->error, "No.");
  }
  EXPECT_EQ(time_.sleepers(), 0U) << "none of them is tried again";
}

TEST_F(OutboxTest, MarkupThatIsRefusedTwiceIsDeadAndNotTriedForEver) {
  connect();
  for (int i = 0; i < 2; ++i)
    channel_->problems.push_back(ports::SendProblem{ports::SendFault::bad_format, "Bad.", 0});
  put(row("a", "**one**"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return state("a") == "dead"; }));
  ASSERT_GE(channel_->sent.size(), 2U);
  EXPECT_FALSE(channel_->sent[0].plain);
  EXPECT_TRUE(channel_->sent[1].plain);
}

TEST_F(OutboxTest, ADeadMessageDoesNotHoldUpTheNextOneOfItsChat) {
  connect();
  channel_->problems.push_back(ports::SendProblem{ports::SendFault::refused, "Blocked.", 0});
  put(row("a", "one"));
  put(row("b", "two"));
  outbox_->wake();
  ASSERT_TRUE(until([&] { return state("b") == "sent"; }));
  EXPECT_EQ(state("a"), "dead");
}

TEST_F(OutboxTest, WhatWaitedADayForItsAccountIsDead) {
  put(row("a", "one"));
  outbox_->wake();
  settle();
  EXPECT_EQ(state("a"), "queued");
  time_.advance(24LL * 3600 * 1000 + 1);
  outbox_->account_changed();
  ASSERT_TRUE(until([&] { return state("a") == "dead"; }));
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(OutboxTest, WhatAFormerLifeWasSendingIsDoubtfulButANoticeIsSentAgain) {
  connect();
  auto answer = row("a", "one");
  answer.state = "sending";
  put(answer);
  auto notice = row("n", "notice", "8", "notice");
  notice.state = "sending";
  put(notice);
  put(row("b", "two", "9"));
  scope_.spawn("recover", recover(outbox_.get()));
  ASSERT_TRUE(until([&] { return state("a-lost") == "sent" && state("n") == "sent" && state("b") == "sent"; }));
  EXPECT_EQ(state("a"), "failed");
  const auto all = texts();
  EXPECT_EQ(std::count(all.begin(), all.end(), "one"), 0);
}

} // namespace
} // namespace openclaw::messaging
