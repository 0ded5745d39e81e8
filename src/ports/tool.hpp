// A tool: a name, a JSON schema, what it would do, and doing it. It never decides whether it may: the turn asks policy
// with the effect that preview() states, and run() gets a Permit for exactly that effect.
#pragma once
#include "async/scope.hpp"
#include "async/task.hpp"
#include "async/time.hpp"
#include "net/http_client.hpp"
#include "policy/effect.hpp"
#include "ports/conversation.hpp"
#include "ports/model.hpp"
#include "sandbox/workspace.hpp"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

struct ToolResult {
  std::vector<Block> content; // what the model reads
  std::string details_json;   // what clients and people read: a JSON object, may be empty
  bool is_error = false;
};
ToolResult text_result(std::string text);

// What surrounds one call. References stay valid until run() returns.
struct ToolContext {
  std::string agent_id;
  std::string session_key;
  std::string run_id;
  std::string tool_call_id;
  const sandbox::Workspace& workspace;
  net::HttpClient& http;
  async::Time& time;
  async::Scope& background; // lives as long as the gateway: for processes that outlive the call
  // The configuration section tools.NAME as JSON text ("{}" when absent).
  std::function<std::string(std::string_view section)> settings;
  // Partial output while the call runs: what the call has printed so far (its tail), shown to clients, never to the
  // model.
  std::function<void(std::string_view tail, std::string details_json)> update;
  // A line for the session from a background process that ended; becomes a system event of the session.
  std::function<void(std::string notice)> notify;
};

class Tool {
public:
  virtual ~Tool() = default;
  virtual ToolSpec spec() const = 0;
  // Other names that models use for it, e.g. "bash" for exec.
  virtual std::vector<std::string> aliases() const { return {}; }
  // Other argument names that models use, {alias, real}: e.g. {"file_path", "path"}.
  virtual std::vector<std::pair<std::string, std::string>> argument_aliases() const { return {}; }
  // The most that a call can come to, for people who look at the list; nothing when only the call tells.
  virtual std::optional<policy::Risk> greatest_risk() const { return std::nullopt; }
  // Arguments are valid against the schema by now. Reads what it needs to say exactly what would happen; changes
  // nothing.
  virtual Task<policy::Effect> preview(std::string arguments_json, const ToolContext& context) = 0;
  virtual Task<ToolResult> run(std::string arguments_json, policy::Permit permit, const ToolContext& context) = 0;
};

} // namespace openclaw::ports
