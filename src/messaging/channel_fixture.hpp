// For tests of messaging: a channel that does what a test says, a database of its own, and a loop that is driven by
// hand.
#pragma once
#include "messaging/account.hpp"
#include "messaging/accounts.hpp"
#include "messaging/loop_fixture.hpp"
#include "messaging/outbox.hpp"
#include "messaging/webhooks.hpp"
#include <deque>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::messaging {

class ScriptedChannel final : public ports::Channel {
public:
  explicit ScriptedChannel(async::Executor executor) : changed(executor) {}

  ports::Capabilities capabilities() const override {
    ports::Capabilities capabilities;
    capabilities.idempotent_send = idempotent;
    return capabilities;
  }
  // Is connected until a test puts an end in, or cancels it.
  Task<> receive(ports::ChannelHost& host) override {
    ++lives;
    if (connects) host.connected("claw");
    while (ends.empty())
      CO_TRY_VOID(co_await changed.wait());
    auto end = std::move(ends.front());
    ends.pop_front();
    co_return end;
  }
  Task<ports::SendReport> send(ports::Outgoing message) override {
    sent.push_back(message);
    ports::SendReport report;
    if (!problems.empty()) {
      report.problem = problems.front();
      problems.pop_front();
    } else {
      report.message_ids.push_back(fmt::format("m{}", sent.size()));
    }
    co_return report;
  }
  ports::Rendered render(const ports::rich_text::Node& document) const override {
    auto text = ports::rich_text::plain_text(document);
    const auto length = text.size();
    return {std::move(text), {}, length};
  }
  Result<ports::Chat> chat_of(std::string_view target) const override {
    ports::Chat chat;
    chat.id = target;
    return chat;
  }
  void end_life(Result<> with) {
    ends.push_back(std::move(with));
    changed.notify();
  }

  bool idempotent = false;
  bool connects = true;
  int lives = 0;
  std::deque<Result<>> ends;
  std::deque<std::optional<ports::SendProblem>> problems; // of the next sends; nothing: it arrives
  std::vector<ports::Outgoing> sent;
  async::Event changed;
};

class ChannelTest : public LoopTest {
protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        (std::filesystem::temp_directory_path() / fmt::format("openclaw-{}-{}", test->name(), ::getpid())).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto opened = store::Database::open(folder_ + "/state.db");
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    auto channel = std::make_unique<ScriptedChannel>(loop_.get_executor());
    channel_ = channel.get();
    AccountSettings settings{"test", "default", true, {}};
    account_ = std::make_shared<Account>(
        AccountServices{loop_.get_executor(), time_, random_, *database_, webhooks_, scope_}, settings,
        std::move(channel), [](Account&, ports::InboundEvent) -> Task<> { co_return Result<>{}; },
        [this](Account&) { ++changes_; });
  }
  void TearDown() override {
    scope_.cancel();
    until([this] { return scope_.size() == 0; });
    account_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Task<> run(std::shared_ptr<Account> account) { co_return co_await account->run(); }
  void connect() {
    run_ = scope_.spawn("account", run(account_));
    ASSERT_TRUE(until([this] { return account_->up(); }));
  }

  std::string folder_;
  async::FakeTime time_{loop_.get_executor()};
  SeededRandom random_{1};
  std::unique_ptr<store::Database> database_;
  async::Scope scope_{loop_.get_executor()};
  Webhooks webhooks_{loop_.get_executor()};
  ScriptedChannel* channel_ = nullptr;
  std::shared_ptr<Account> account_;
  async::Scope::Child run_;
  int changes_ = 0;
};

} // namespace openclaw::messaging
