// One run from a user message to an answer: model calls and tool calls in turn, every step on disk before the next.
// Retries what may be retried, reserves money before it is spent, and ends in exactly one of answered, failed or
// aborted.
#pragma once
#include "agent/authority.hpp"
#include "agent/runtime.hpp"
#include "store/ledger.hpp"

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
  void add_notices(std::vector<ports::Message>& transcript) const;
  Task<ports::Message> model_step(const ModelChoice& choice, const sandbox::Workspace& workspace);
  Task<ports::ModelReply> stream_with_retries(ModelChoice choice, ports::ModelRequest request);
  Task<> run_tools(const ports::Message& assistant, const sandbox::Workspace& workspace);
  Task<> record_failure(Error error);
  Task<> record_abort(std::string reason);
  using Record = std::function<Result<bool>(store::Connection&)>;
  Record ending(ports::Message last, std::string state, std::string error) const;
  Task<> record_until_saved(Record record);
  std::vector<store::SpendScope> scopes() const;

  Runtime& runtime_;
  const Run& run_;
  Authority authority_;
  policy::ToolCaller caller_; // with the model that answers now
  store::SessionRow session_;
  std::string whole_text_; // of the reply that is streaming
  std::string whole_thinking_;
  int repeats_ = 0; // how often the last call came in a row with the same result
  std::string last_call_;
  std::string last_result_;
  std::vector<std::string> notices_; // what ended since the last turn of this session
  bool changed_files_ = false;
  // A model call's money that no commit has settled yet; the run's end does it.
  struct Unsettled {
    std::string reservation;
    std::vector<store::SpendScope> scopes;
    std::int64_t cost = 0;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
  };
  std::optional<Unsettled> unsettled_;
  std::int64_t started_ms_ = 0;
};

} // namespace openclaw::agent
