// Turns what happens in runs into the protocol's `agent` and `chat` events for the connected clients. Text streams to
// `chat` at most every 150 ms; nothing that was streamed is held back when a run ends. Timers exist only while
// something waits to be told.
#pragma once
#include "agent/run_events.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "gateway/clients.hpp"
#include <functional>
#include <map>
#include <memory>

namespace openclaw::gateway {

json::object approval_to_json(const agent::ApprovalRequest& request);

class Broadcaster final : public agent::RunEvents {
public:
  Broadcaster(async::Executor executor, async::Time& time);

  Clients& clients() { return clients_; }
  // Whether tool events of a session go to every client (its verbose level is on), not only to those that ask for them.
  void set_verbose(std::function<bool(const std::string& session_key)> verbose) { verbose_ = std::move(verbose); }
  void set_models_status(std::function<Task<json::value>()> status) { models_status_ = std::move(status); }
  Task<> shut_down(std::string reason);

  void started(const agent::RunInfo& run, std::int64_t at_ms) override;
  void text(const agent::RunInfo& run, std::string_view whole, std::string_view delta, bool replace) override;
  void thinking(const agent::RunInfo& run, std::string_view whole, std::string_view delta) override;
  void tool_started(const agent::RunInfo& run, std::string_view call_id, std::string_view name,
                    std::string_view arguments_json) override;
  void tool_updated(const agent::RunInfo& run, std::string_view call_id, std::string_view name, std::string_view text,
                    std::string_view details_json) override;
  void tool_finished(const agent::RunInfo& run, std::string_view call_id, std::string_view name,
                     const ports::Message& result) override;
  void model_changed(const agent::RunInfo& run, std::string_view model, std::string_view first,
                     std::string_view reason) override;
  void finished(const agent::RunInfo& run, const ports::Message& answer) override;
  void failed(const agent::RunInfo& run, const ports::Message& failure, bool retryable) override;
  void aborted(const agent::RunInfo& run, std::string_view reason, const ports::Message* partial) override;
  void approval_requested(const agent::ApprovalRequest& request) override;
  void approval_resolved(std::string_view id, agent::ApprovalDecision decision, std::string_view resolved_by) override;
  void session_changed(std::string_view, std::string_view) override {} // the session feed's
  void models_changed() override;

private:
  struct Stream;
  using StreamPointer = std::shared_ptr<Stream>;
  StreamPointer stream_of(const agent::RunInfo& run);
  // The stream, taken out: its run has ended.
  StreamPointer end_stream(const agent::RunInfo& run);
  void tell_agent(Stream& stream, std::string_view name, json::object data, bool may_skip);
  void tell_tool(Stream& stream, json::object data, bool may_skip);
  void tell_chat(Stream& stream, json::object payload, bool may_skip);
  void tell_assistant(Stream& stream);
  void tell_thinking(Stream& stream);
  void tell_delta(Stream& stream);
  void flush(Stream& stream);
  void flush_or_wait(const StreamPointer& stream);
  Task<> flush_later(StreamPointer stream, std::int64_t milliseconds);
  Task<> tell_models();

  async::Time& time_;
  Clients clients_;
  std::map<std::string, StreamPointer> streams_; // by run id
  std::function<bool(const std::string&)> verbose_;
  std::function<Task<json::value>()> models_status_;
  bool models_pending_ = false;
  async::Scope scope_;
};

} // namespace openclaw::gateway
