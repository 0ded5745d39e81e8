// One run from a user message to an answer: model calls and tool calls in turn, every step on disk before the next.
// Ends in exactly one of answered, failed or aborted.
#pragma once
#include "agent/authority.hpp"
#include "agent/model_step.hpp"
#include "agent/runtime.hpp"

namespace openclaw::agent {

class Turn {
public:
  Turn(Runtime& runtime, const Run& run);
  // `stop_reason` is set by whoever cancels: "rpc", "stop", "timeout", "shutdown". Returns how it ended, recorded and
  // announced.
  Task<RunOutcome> run(const std::string* stop_reason);

private:
  Task<ports::Message> answer();
  Task<> begin();
  Task<> run_tools(const ports::Message& assistant, const sandbox::Workspace& workspace);
  Task<> record_failure(Error error);
  Task<> record_abort(std::string reason);
  using Record = std::function<Result<bool>(store::Connection&)>;
  Record ending(ports::Message last, std::string state, std::string error) const;
  Task<> record_until_saved(Record record);

  Runtime& runtime_;
  const Run& run_;
  Authority authority_;
  policy::ToolCaller caller_; // with the model that answers now
  store::SessionRow session_;
  Shown shown_;
  int repeats_ = 0; // how often the last call came in a row with the same result
  std::string last_call_;
  std::string last_result_;
  std::vector<std::string> notices_; // what ended since the last turn of this session
  bool changed_files_ = false;
  std::optional<Unsettled> unsettled_;
  std::int64_t started_ms_ = 0;
};

} // namespace openclaw::agent
