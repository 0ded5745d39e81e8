// The one way from a model's tool call to an effect: schema, preview, policy, approval, receipt, permit, run. The turn
// only asks.
#pragma once
#include "agent/runtime.hpp"
#include "policy/tool_policy.hpp"

namespace openclaw::agent {

class Authority {
public:
  explicit Authority(Runtime& runtime) : runtime_(runtime) {}

  // The rules that hold for whoever calls; one reading of the configuration for many tools.
  std::vector<policy::ToolStage> rules(const policy::ToolCaller& caller) const;
  // Whether that tool is available under these rules, and which one decided.
  static policy::ToolVerdict verdict(const ports::Tool& tool, std::span<const policy::ToolStage> rules);
  // What a model may be offered. What is not offered is also refused when it is called.
  std::vector<ports::ToolSpec> offered(const policy::ToolCaller& caller) const;

  // Runs one call. A refusal or a failure is a result that the model reads; only a stop (cancelled) or a full disk is
  // an error.
  Task<ports::Message> execute(RunInfo run, policy::ToolCaller caller, ports::ToolCallBlock call,
                               const sandbox::Workspace& workspace);

private:
  Task<ports::Message> execute_checked(RunInfo run, ports::ToolCallBlock call, ports::Tool* tool, std::string arguments,
                                       const sandbox::Workspace& workspace);
  Result<policy::Decision> judge(const policy::Effect& effect, const std::string& agent_id) const;
  Runtime& runtime_;
};

// Who calls in this run: its agent, and what its session key tells of channel, group and subagent.
policy::ToolCaller caller_of(std::string_view agent_id, std::string_view session_key);

// A tool's result as a transcript message.
ports::Message tool_result_message(const ports::ToolCallBlock& call, ports::ToolResult result, std::int64_t now_ms);

} // namespace openclaw::agent
