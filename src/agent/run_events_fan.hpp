// Tells several listeners what happens in runs, in the order they were added. They outlive the runs.
#pragma once
#include "agent/run_events.hpp"

namespace openclaw::agent {

class RunEventsFan final : public RunEvents {
public:
  void add(RunEvents& listener) { listeners_.push_back(&listener); }

  void started(const RunInfo& run, std::int64_t at_ms) override {
    for (auto* to : listeners_)
      to->started(run, at_ms);
  }
  void text(const RunInfo& run, std::string_view whole, std::string_view delta, bool replace) override {
    for (auto* to : listeners_)
      to->text(run, whole, delta, replace);
  }
  void thinking(const RunInfo& run, std::string_view whole, std::string_view delta) override {
    for (auto* to : listeners_)
      to->thinking(run, whole, delta);
  }
  void tool_started(const RunInfo& run, std::string_view call_id, std::string_view name,
                    std::string_view arguments_json) override {
    for (auto* to : listeners_)
      to->tool_started(run, call_id, name, arguments_json);
  }
  void tool_updated(const RunInfo& run, std::string_view call_id, std::string_view name, std::string_view text,
                    std::string_view details_json) override {
    for (auto* to : listeners_)
      to->tool_updated(run, call_id, name, text, details_json);
  }
  void tool_finished(const RunInfo& run, std::string_view call_id, std::string_view name,
                     const ports::Message& result) override {
    for (auto* to : listeners_)
      to->tool_finished(run, call_id, name, result);
  }
  void model_changed(const RunInfo& run, std::string_view model, std::string_view first,
                     std::string_view reason) override {
    for (auto* to : listeners_)
      to->model_changed(run, model, first, reason);
  }
  void finished(const RunInfo& run, const ports::Message& answer) override {
    for (auto* to : listeners_)
      to->finished(run, answer);
  }
  void failed(const RunInfo& run, const ports::Message& failure, bool retryable) override {
    for (auto* to : listeners_)
      to->failed(run, failure, retryable);
  }
  void aborted(const RunInfo& run, std::string_view reason, const ports::Message* partial) override {
    for (auto* to : listeners_)
      to->aborted(run, reason, partial);
  }
  void approval_requested(const ApprovalRequest& request) override {
    for (auto* to : listeners_)
      to->approval_requested(request);
  }
  void approval_resolved(std::string_view id, ApprovalDecision decision, std::string_view resolved_by) override {
    for (auto* to : listeners_)
      to->approval_resolved(id, decision, resolved_by);
  }
  void session_changed(std::string_view session_key, std::string_view reason) override {
    for (auto* to : listeners_)
      to->session_changed(session_key, reason);
  }
  void models_changed() override {
    for (auto* to : listeners_)
      to->models_changed();
  }

private:
  std::vector<RunEvents*> listeners_;
};

} // namespace openclaw::agent
