// Tells the clients that asked for it what becomes of sessions: `sessions.changed` those who follow all of them,
// `session.message` with every message that a run records those who follow its session. Messages are told as the
// database has them, so they are what chat.history gives; while nobody follows, nothing is read.
#pragma once
#include "agent/run_events.hpp"
#include "async/time.hpp"
#include "gateway/clients.hpp"
#include "store/database.hpp"
#include <map>

namespace openclaw::gateway {

class SessionFeed final : public agent::RunEvents {
public:
  SessionFeed(async::Time& time, store::Database& database, Clients& clients)
      : time_(time), database_(database), clients_(clients) {}

  void started(const agent::RunInfo& run, std::int64_t at_ms) override;
  void tool_started(const agent::RunInfo& run, std::string_view, std::string_view, std::string_view) override {
    tell_messages(run);
  }
  void tool_finished(const agent::RunInfo& run, std::string_view, std::string_view, const ports::Message&) override {
    tell_messages(run);
  }
  void finished(const agent::RunInfo& run, const ports::Message&) override { ended(run, "end", "done"); }
  void failed(const agent::RunInfo& run, const ports::Message&, bool) override { ended(run, "error", "failed"); }
  void aborted(const agent::RunInfo& run, std::string_view, const ports::Message*) override {
    ended(run, "end", "killed");
  }
  void session_changed(std::string_view session_key, std::string_view reason) override;

  void text(const agent::RunInfo&, std::string_view, std::string_view, bool) override {}
  void thinking(const agent::RunInfo&, std::string_view, std::string_view) override {}
  void tool_updated(const agent::RunInfo&, std::string_view, std::string_view, std::string_view,
                    std::string_view) override {}
  void approval_requested(const agent::ApprovalRequest&) override {}
  void approval_resolved(std::string_view, agent::ApprovalDecision, std::string_view) override {}
  void models_changed() override {}

private:
  void ended(const agent::RunInfo& run, std::string_view phase, std::string_view status);
  void tell_messages(const agent::RunInfo& run);
  void tell_change(const std::string& session_key, json::object change);
  // The event's common part: the session as sessions.list has it. Only its key when it is gone.
  json::object about(const std::string& session_key) const;

  async::Time& time_;
  store::Database& database_;
  Clients& clients_;
  std::map<std::string, std::int64_t> told_; // of each run in progress the newest entry that was told
};

} // namespace openclaw::gateway
