// The one way from a model's tool call to an effect: schema, preview, policy, approval, receipt, permit, run. The turn
// only asks.
#pragma once
#include "agent/runtime.hpp"

namespace openclaw::agent {

class Authority {
public:
  explicit Authority(Runtime& runtime) : runtime_(runtime) {}

  // What a model may be offered: all tools less those that tools.deny names (or that tools.allow, when set, does not
  // name).
  std::vector<ports::ToolSpec> offered() const;
  bool allowed(const ports::Tool& tool) const;

  // Runs one call. A refusal or a failure is a result that the model reads; only a stop (cancelled) or a full disk is
  // an error.
  Task<ports::Message> execute(RunInfo run, ports::ToolCallBlock call, const sandbox::Workspace& workspace);

private:
  Task<ports::Message> execute_checked(RunInfo run, ports::ToolCallBlock call, ports::Tool* tool, std::string arguments,
                                       const sandbox::Workspace& workspace);
  Result<policy::Decision> judge(const policy::Effect& effect, const std::string& agent_id) const;
  Runtime& runtime_;
};

// A tool's result as a transcript message.
ports::Message tool_result_message(const ports::ToolCallBlock& call, ports::ToolResult result, std::int64_t now_ms);

} // namespace openclaw::agent
