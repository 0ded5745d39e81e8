#include "agent/settings.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include <cmath>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

std::string expand_home(std::string path, const std::string& home) {
  if (path == "~") return home;
  if (path.starts_with("~/")) return home + path.substr(1);
  return path;
}

Result<std::int64_t> cap(const json::value& config, std::string_view key) {
  const auto* value = find_path(config, key);
  if (!value || value->is_null()) return -1;
  return parse_micro_usd(*value, key);
}

Result<BudgetSettings> read_budget(const json::value& config) {
  BudgetSettings budget;
  budget.per_day_is_default = find_path(config, "budget.perDayUsd") == nullptr;
  if (!budget.per_day_is_default) {
    TRY(budget.per_day_micro_usd, cap(config, "budget.perDayUsd"));
  }
  TRY(budget.per_month_micro_usd, cap(config, "budget.perMonthUsd"));
  TRY(budget.per_session_micro_usd, cap(config, "budget.perSessionUsd"));
  TRY(budget.per_run_micro_usd, cap(config, "budget.perRunUsd"));
  if (const auto* agents = find_path(config, "budget.agents"); agents && agents->is_object())
    for (const auto& [id, caps] : agents->get_object()) {
      AgentBudget agent;
      const auto at = [&](const char* name) -> Result<std::int64_t> {
        const auto* value = find(caps, name);
        if (!value || value->is_null()) return -1;
        return parse_micro_usd(*value, fmt::format("budget.agents.{}.{}", std::string_view(id), name));
      };
      TRY(agent.per_day_micro_usd, at("perDayUsd"));
      TRY(agent.per_month_micro_usd, at("perMonthUsd"));
      budget.agents[std::string(id)] = agent;
    }
  TRY(const auto unknown, cap(config, "budget.unknownPricePerMTokUsd"));
  if (unknown >= 0) budget.assumed_price = {unknown, unknown, unknown, unknown, true};
  return budget;
}

Result<policy::CommandPolicy> read_exec(const json::value& config) {
  policy::CommandPolicy policy;
  const auto* exec = find_path(config, "tools.exec");
  if (!exec) return policy;
  const auto security = string_or(*exec, "security", "allowlist");
  if (security == "deny")
    policy.security = policy::ExecSecurity::deny;
  else if (security == "full")
    policy.security = policy::ExecSecurity::full;
  else if (security != "allowlist")
    return fail(Kind::invalid, fmt::format("tools.exec.security is \"{}\".", printable(security)),
                "Use deny, allowlist or full.");
  const auto ask = string_or(*exec, "ask", "on-miss");
  if (ask == "off")
    policy.ask = policy::ExecAsk::off;
  else if (ask == "always")
    policy.ask = policy::ExecAsk::always;
  else if (ask != "on-miss")
    return fail(Kind::invalid, fmt::format("tools.exec.ask is \"{}\".", printable(ask)), "Use off, on-miss or always.");
  return policy;
}

} // namespace

const AgentSettings* Settings::find_agent(std::string_view id) const {
  for (const auto& agent : agents)
    if (agent.id == id) return &agent;
  return nullptr;
}

AgentBudget BudgetSettings::of_agent(const std::string& id) const {
  const auto found = agents.find(id);
  return found == agents.end() ? AgentBudget{} : found->second;
}

Result<std::int64_t> parse_micro_usd(const json::value& value, std::string_view key) {
  const auto bad = [&] {
    return fail(Kind::invalid, fmt::format("{} is not an amount of US dollars.", key),
                "Write for instance 0.50 or \"2usd\", or \"off\" for no limit.");
  };
  std::string text;
  if (value.is_string())
    text = lowercase_ascii(trim(std::string_view(value.get_string())));
  else if (const auto whole = as_integer(value))
    text = std::to_string(*whole);
  else if (value.is_double())
    text = fmt::format("{:.6f}", value.get_double());
  else
    return bad();
  if (text == "off") return -1;
  if (text.ends_with("usd")) text = std::string(trim(std::string_view(text).substr(0, text.size() - 3)));
  if (text.starts_with("$")) text.erase(0, 1);
  std::int64_t micro = 0;
  int decimals = -1;
  if (text.empty() || text.size() > 18) return bad();
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (c >= '0' && c <= '9') {
      if (decimals >= 6) continue; // below a millionth of a dollar nothing is counted
      micro = micro * 10 + (c - '0');
      if (decimals >= 0) ++decimals;
    } else {
      return bad();
    }
  }
  for (int i = std::max(decimals, 0); i < 6; ++i)
    micro *= 10;
  if (micro > 1'000'000'000'000) return bad();
  return micro;
}

std::string format_usd(std::int64_t micro_usd) {
  if (micro_usd == 0) return "$0";
  if (micro_usd % 10'000 == 0) return fmt::format("${}.{:02}", micro_usd / 1'000'000, micro_usd % 1'000'000 / 10'000);
  return fmt::format("${}.{:06}", micro_usd / 1'000'000, micro_usd % 1'000'000);
}

Result<Settings> read_settings(const json::value& config, const std::string& home, const std::string& state_folder) {
  Settings settings;
  const json::object none;
  const auto* defaults_value = find_path(config, "agents.defaults");
  const json::object& defaults = defaults_value && defaults_value->is_object() ? defaults_value->get_object() : none;
  settings.bootstrap_max_chars =
      static_cast<std::size_t>(std::max<std::int64_t>(100, integer_or(defaults, "bootstrapMaxChars", 20'000)));
  settings.run_timeout_ms = std::clamp<std::int64_t>(integer_or(defaults, "timeoutSeconds", 600), 1, 86'400) * 1000;
  if (const auto* llm = find(defaults, "llm")) {
    const auto milliseconds = [&](std::string_view key, std::int64_t otherwise) {
      const auto seconds = integer_or(*llm, key, -1);
      return seconds < 0 ? otherwise : seconds == 0 ? 86'400'000 : std::min<std::int64_t>(seconds, 86'400) * 1000;
    };
    auto& patience = settings.patience;
    patience.idle_ms = milliseconds("idleTimeoutSeconds", patience.idle_ms);
    patience.first_ms = milliseconds("firstTokenTimeoutSeconds", patience.first_ms);
    patience.first_local_ms = milliseconds("firstTokenTimeoutSeconds", patience.first_local_ms);
  }
  settings.max_iterations =
      static_cast<int>(std::clamp<std::int64_t>(integer_or(defaults, "maxIterations", 50), 1, 1000));
  settings.max_concurrent =
      static_cast<int>(std::clamp<std::int64_t>(integer_or(defaults, "maxConcurrent", 8), 1, 1000));
  if (string_or(defaults, "blockStreamingDefault", "off") == "on") {
    BlockSize size;
    if (const auto* chunk = find(defaults, "blockStreamingChunk")) {
      size.least = static_cast<std::size_t>(std::clamp<std::int64_t>(integer_or(*chunk, "minChars", 800), 1, 100'000));
      size.most = static_cast<std::size_t>(std::clamp<std::int64_t>(integer_or(*chunk, "maxChars", 1200), 1, 100'000));
    }
    size.most = std::max(size.most, size.least);
    settings.blocks = size;
  }
  if (const auto word = string_or(defaults, "thinkingDefault"); !word.empty()) {
    settings.thinking = ports::thinking_from(word);
    if (!settings.thinking)
      return fail(Kind::invalid, fmt::format("agents.defaults.thinkingDefault is \"{}\".", printable(word)),
                  "Use off, minimal, low, medium, high or xhigh.");
  }
  const auto default_workspace = expand_home(string_or(defaults, "workspace", state_folder + "/workspace"), home);

  if (const auto* list = find_path(config, "agents.list"); list && list->is_array()) {
    for (const auto& row : list->get_array()) {
      AgentSettings agent;
      agent.id = string_or(row, "id", "main");
      TRY_VOID(check_id(agent.id, "agent id in agents.list"));
      agent.name = string_or(row, "name", agent.id == "main" ? "Assistant" : agent.id);
      agent.workspace = expand_home(
          string_or(row, "workspace", agent.id == "main" ? default_workspace : state_folder + "/workspace-" + agent.id),
          home);
      agent.is_default = bool_or(row, "default", false);
      if (const auto* identity = find(row, "identity")) {
        agent.name = string_or(*identity, "name", agent.name);
        agent.avatar = string_or(*identity, "emoji", string_or(*identity, "avatar", "A"));
      }
      if (settings.find_agent(agent.id))
        return fail(Kind::invalid, fmt::format("agents.list names the agent \"{}\" twice.", agent.id),
                    "Give each agent its own id.");
      settings.agents.push_back(std::move(agent));
    }
  }
  if (settings.agents.empty()) {
    AgentSettings agent;
    agent.workspace = default_workspace;
    settings.agents.push_back(std::move(agent));
  }
  const auto chosen = std::find_if(settings.agents.begin(), settings.agents.end(),
                                   [](const AgentSettings& agent) { return agent.is_default; });
  if (chosen != settings.agents.end()) std::rotate(settings.agents.begin(), chosen, chosen + 1);
  for (auto& agent : settings.agents)
    agent.is_default = &agent == &settings.agents.front();

  TRY(settings.budget, read_budget(config));
  TRY(settings.exec, read_exec(config));
  if (const auto* exec = find_path(config, "tools.exec"))
    settings.approval_timeout_ms =
        std::clamp<std::int64_t>(integer_or(*exec, "approvalTimeoutSec", 1800), 1, 86'400) * 1000;
  return settings;
}

} // namespace openclaw::agent
