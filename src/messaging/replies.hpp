// What a chat sees while its answer is being made: "typing…", a mark on the message that is being answered, the text as
// it comes. As one message that is edited it may be lost; as blocks it is rows of the outbox, like the answer itself.
#pragma once
#include "agent/run_events.hpp"
#include "messaging/account.hpp"
#include "messaging/delivery.hpp"
#include <map>

namespace openclaw::messaging {

class Replies final : public agent::RunEvents {
public:
  // `wake`: the outbox has new rows.
  Replies(async::Executor executor, async::Time& time, store::Database& database, std::function<void()> wake);

  // A message of a messenger was accepted as this run.
  void expect(std::string run_id, std::shared_ptr<Account> account, Delivery delivery, DeliverySettings settings,
              bool acknowledge);
  void forget(const std::string& run_id) { live_.erase(run_id); }
  // Ends the preview of a run and gives its message's id, empty when there is none.
  Task<std::string> take_preview(std::string run_id);
  Task<> shut_down();

  void started(const agent::RunInfo& run, std::int64_t at_ms) override;
  void text(const agent::RunInfo& run, std::string_view whole, std::string_view delta, bool replace) override;
  void finished(const agent::RunInfo& run, const ports::Message& answer) override {
    ended(run.run_id);
    (void)answer;
  }
  void failed(const agent::RunInfo& run, const ports::Message& failure, bool) override {
    ended(run.run_id);
    (void)failure;
  }
  void aborted(const agent::RunInfo& run, std::string_view, const ports::Message*) override { ended(run.run_id); }
  void thinking(const agent::RunInfo&, std::string_view, std::string_view) override {}
  void tool_started(const agent::RunInfo& run, std::string_view, std::string_view, std::string_view) override;
  void tool_updated(const agent::RunInfo&, std::string_view, std::string_view, std::string_view,
                    std::string_view) override {}
  void tool_finished(const agent::RunInfo&, std::string_view, std::string_view, const ports::Message&) override {}
  void approval_requested(const agent::ApprovalRequest&) override {}
  void approval_resolved(std::string_view, agent::ApprovalDecision, std::string_view) override {}
  void session_changed(std::string_view, std::string_view) override {}
  void models_changed() override {}

private:
  struct Live;
  using LivePointer = std::shared_ptr<Live>;
  void ended(const std::string& run_id);
  void send_blocks(const agent::RunInfo& run, Live& live, bool all);
  Task<> wake_when_written();
  Task<> show_typing(LivePointer live);
  Task<> show_preview(LivePointer live);
  Task<> mark(LivePointer live, bool remove);

  async::Executor executor_;
  async::Time& time_;
  store::Database& database_;
  std::function<void()> wake_;
  std::map<std::string, LivePointer> live_;
  async::Scope scope_;
};

} // namespace openclaw::messaging
