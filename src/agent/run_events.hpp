// What happens in runs, told as it happens. The gateway passes it on to its clients; tests collect it. Calls come on
// the event loop and must not block.
#pragma once
#include "base/trace.hpp"
#include "ports/conversation.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::agent {

struct RunInfo {
  std::string run_id;
  std::string session_key; // canonical
  std::string agent_id;
  std::string client_key; // the session key as the client wrote it; events echo it
  trace::Context trace{}; // the parent of what happens next
};

struct ApprovalRequest {
  std::string id;
  std::string agent_id;
  std::string session_key;
  std::string run_id;
  std::string call_id;
  std::string tool;
  std::string command;           // what a person reads, hidden characters escaped
  std::vector<std::string> argv; // empty when it is not a program
  std::string directory;
  std::string target; // local (sandbox) | host
  std::string resolved_path;
  std::string reason; // why it is asked
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
};

enum class ApprovalDecision { allow_once, allow_always, deny, expired };
std::string_view decision_name(ApprovalDecision decision); // allow-once, allow-always, deny, expired

class RunEvents {
public:
  virtual ~RunEvents() = default;
  virtual void started(const RunInfo& run, std::int64_t at_ms) = 0;
  // `whole` is all visible text of this reply so far; `replace` when it is not the former text plus `delta`.
  virtual void text(const RunInfo& run, std::string_view whole, std::string_view delta, bool replace) = 0;
  virtual void thinking(const RunInfo& run, std::string_view whole, std::string_view delta) = 0;
  virtual void tool_started(const RunInfo& run, std::string_view call_id, std::string_view name,
                            std::string_view arguments_json) = 0;
  virtual void tool_updated(const RunInfo& run, std::string_view call_id, std::string_view name, std::string_view text,
                            std::string_view details_json) = 0;
  virtual void tool_finished(const RunInfo& run, std::string_view call_id, std::string_view name,
                             const ports::Message& result) = 0;
  // Another model than the first choice answers from here on, or (`model` is `first`) the first one again. People are
  // told so besides, by a message of the gateway.
  virtual void model_changed(const RunInfo&, std::string_view /*model*/, std::string_view /*first*/,
                             std::string_view /*reason*/) {}
  // Exactly one of these ends a run.
  virtual void finished(const RunInfo& run, const ports::Message& answer) = 0;
  virtual void failed(const RunInfo& run, const ports::Message& failure, bool retryable) = 0;
  virtual void aborted(const RunInfo& run, std::string_view reason, const ports::Message* partial) = 0;

  virtual void approval_requested(const ApprovalRequest& request) = 0;
  virtual void approval_resolved(std::string_view id, ApprovalDecision decision, std::string_view resolved_by) = 0;
  virtual void session_changed(std::string_view session_key, std::string_view reason) = 0;
  virtual void models_changed() = 0;
};

} // namespace openclaw::agent
