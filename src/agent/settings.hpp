// The parts of the configuration that agents read, as own structs with defaults. Parsed anew for every configuration
// snapshot.
#pragma once
#include "agent/block_break.hpp"
#include "agent/pricing.hpp"
#include "base/json.hpp"
#include "policy/command.hpp"
#include "ports/model.hpp"
#include <map>
#include <string>

namespace openclaw::agent {

// A cap of -1 is none.
struct AgentBudget {
  std::int64_t per_day_micro_usd = -1;
  std::int64_t per_month_micro_usd = -1;
};

struct BudgetSettings {
  // On before anybody has thought of it: enough for a full day's work with a large model, and the end of a loop.
  static constexpr std::int64_t kDefaultPerDay = 20'000'000;
  std::int64_t per_day_micro_usd = kDefaultPerDay; // budget.perDayUsd, all agents together; "off": no cap
  bool per_day_is_default = true;
  std::int64_t per_month_micro_usd = -1;     // budget.perMonthUsd, by the calendar in UTC
  std::int64_t per_session_micro_usd = -1;   // budget.perSessionUsd
  std::int64_t per_run_micro_usd = -1;       // budget.perRunUsd
  std::map<std::string, AgentBudget> agents; // budget.agents.ID
  Price assumed_price = kAssumedPrice; // budget.unknownPricePerMTokUsd: one rate for tokens in and out, where no price
                                       // is known
  AgentBudget of_agent(const std::string& id) const;
};

struct AgentSettings {
  std::string id = "main";
  std::string name = "Assistant";
  std::string avatar = "A";
  std::string workspace; // absolute
  bool is_default = true;
};

// How long a model may be silent: agents.defaults.llm.firstTokenTimeoutSeconds and idleTimeoutSeconds; 0 is a day.
struct ModelPatience {
  std::int64_t first_ms = 300'000;       // before its first word
  std::int64_t first_local_ms = 600'000; // the same on this machine or network: it may load, and read a long prompt
  std::int64_t idle_ms = 120'000;        // between two words
};

struct Settings {
  std::vector<AgentSettings> agents; // at least one; the default first
  BudgetSettings budget;
  policy::CommandPolicy exec;
  std::int64_t approval_timeout_ms = 30 * 60'000; // as OpenClaw 2026.9 (tools.exec.approvalTimeoutSec)
  std::int64_t run_timeout_ms = 600'000;          // agents.defaults.timeoutSeconds
  ModelPatience patience;
  std::size_t bootstrap_max_chars = 20'000; // agents.defaults.bootstrapMaxChars
  int max_iterations = 50;                  // agents.defaults.maxIterations: model calls in one turn
  int max_concurrent = 8;                   // agents.defaults.maxConcurrent: runs at once
  std::optional<BlockSize> blocks; // agents.defaults.blockStreamingDefault "on", blockStreamingChunk{minChars,maxChars}
  std::optional<ports::Thinking> thinking; // agents.defaults.thinkingDefault
  const AgentSettings* find_agent(std::string_view id) const;
};

// `home` expands "~"; `state_folder` holds the default workspace. Errors name the key.
Result<Settings> read_settings(const json::value& config, const std::string& home, const std::string& state_folder);

// "0.25", 0.25, "2usd", "$2" -> millionths; "off" -> -1; Kind::invalid with the key's name otherwise.
Result<std::int64_t> parse_micro_usd(const json::value& value, std::string_view key);
std::string format_usd(std::int64_t micro_usd); // "$0.0123"

} // namespace openclaw::agent
