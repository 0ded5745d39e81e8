#include "agent/exec_rights.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

struct AgentExec {
  const json::value* settings = nullptr;
  std::string path;
};
AgentExec exec_of(const json::value& config, std::string_view agent_id) {
  const auto* list = find_path(config, "agents.list");
  if (!list || !list->is_array()) return {};
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const auto& row = list->get_array()[i];
    if (string_or(row, "id", "main") == agent_id)
      return {find_path(row, "tools.exec"), fmt::format("agents.list[{}].tools.exec", i)};
  }
  return {};
}

policy::ExecSecurity security_from(std::string_view word, policy::ExecSecurity otherwise) {
  if (word == "deny") return policy::ExecSecurity::deny;
  if (word == "allowlist") return policy::ExecSecurity::allowlist;
  return word == "full" ? policy::ExecSecurity::full : otherwise;
}

policy::ExecAsk ask_from(std::string_view word, policy::ExecAsk otherwise) {
  if (word == "off") return policy::ExecAsk::off;
  if (word == "on-miss") return policy::ExecAsk::on_miss;
  return word == "always" ? policy::ExecAsk::always : otherwise;
}

std::string text_at(const json::value& config, std::string_view parent, std::string_view key) {
  const auto* holder = find_path(config, parent);
  return holder ? string_or(*holder, key) : std::string();
}

ExecRight security_right(std::string path, std::string value, bool asks_nobody) {
  ExecRight right{std::move(path), value, {}, {}, false};
  if (value == "deny")
    right.means = "No command is run.";
  else if (value == "full")
    right.means = asks_nobody ? "Every command runs in the sandbox without a question. Outside of it none does."
                              : "Every command may run in the sandbox. Outside of it none does.";
  else
    right.means = "Programs that only read run at once, and so does what the allow list names with its arguments.";
  right.command = fmt::format("openclaw config set {} {}", right.path, value == "full" ? "allowlist" : "deny");
  return right;
}

ExecRight ask_right(std::string path, std::string value) {
  ExecRight right{std::move(path), value, {}, {}, false};
  if (value == "off")
    right.means = "Nobody is asked: what the rules do not allow is refused.";
  else if (value == "always")
    right.means = "A person is asked for every command.";
  else
    right.means = "A person is asked for what no rule allows; no answer in time is a no.";
  right.command = fmt::format("openclaw config set {} {}", right.path, value == "always" ? "on-miss" : "always");
  return right;
}

ExecRight host_right(std::string path, std::string value) {
  const bool outside = value == "gateway" || value == "node";
  auto command = outside ? fmt::format("openclaw config unset '{}'", path) : std::string();
  return {std::move(path), value,
          outside ? fmt::format("It asks for commands on the {} itself. They run in the sandbox all the same: agents "
                                "have no way around it.",
                                value)
                  : std::string("Commands run in the sandbox."),
          std::move(command), outside};
}

} // namespace

policy::CommandPolicy exec_policy(policy::CommandPolicy common, const json::value& config, std::string_view agent_id) {
  const auto own = exec_of(config, agent_id);
  if (!own.settings) return common;
  common.security = std::min(common.security, security_from(string_or(*own.settings, "security"), common.security));
  common.ask = std::max(common.ask, ask_from(string_or(*own.settings, "ask"), common.ask));
  return common;
}

std::vector<ExecRight> exec_rights(const json::value& config, std::string_view agent_id) {
  std::vector<ExecRight> rights;
  const auto ask = text_at(config, "tools.exec", "ask");
  rights.push_back(host_right("tools.exec.host", text_at(config, "tools.exec", "host")));
  rights.push_back(security_right("tools.exec.security", text_at(config, "tools.exec", "security"), ask == "off"));
  rights.push_back(ask_right("tools.exec.ask", ask));
  const auto network = text_at(config, "tools.exec", "network");
  rights.push_back(
      {"tools.exec.network", network,
       network == "host" ? "Commands reach this machine's network and what it reaches." : "Commands have no network.",
       network == "host" ? "openclaw config set tools.exec.network none"
                         : "openclaw config set tools.exec.network host",
       false});
  const auto own = exec_of(config, agent_id);
  if (own.settings) {
    const auto key = [&](std::string_view name) { return fmt::format("'{}.{}'", own.path, name); };
    if (auto value = string_or(*own.settings, "host"); !value.empty()) {
      auto right = host_right(fmt::format("{}.host", own.path), std::move(value));
      rights.push_back(std::move(right));
    }
    for (const auto* name : {"security", "ask"}) {
      auto value = string_or(*own.settings, name);
      if (value.empty()) continue;
      rights.push_back({fmt::format("{}.{}", own.path, name), std::move(value),
                        "For this agent the stricter of this and the common setting holds.",
                        fmt::format("openclaw config unset {}", key(name)), false});
    }
  }
  const auto* elevated = find_path(config, "tools.elevated");
  const bool asked_for = elevated && (bool_or(*elevated, "enabled", false) || find(*elevated, "allowFrom"));
  rights.push_back({"tools.elevated.enabled", asked_for ? "true" : "",
                    asked_for ? "It asks for commands outside of the sandbox for those in allowFrom. Elevated rights "
                                "are off here, for everybody."
                              : "Elevated rights are off: no message can take a command out of the sandbox.",
                    asked_for ? "openclaw config unset tools.elevated" : "", asked_for});
  const auto mode = text_at(config, "agents.defaults.sandbox", "mode");
  const bool open = mode == "off" || mode == "non-main";
  rights.push_back({"agents.defaults.sandbox.mode", mode,
                    open ? "It asks for sessions without a sandbox. Every command runs in one all the same."
                         : "Every command of every session runs in the sandbox.",
                    open ? "openclaw config unset agents.defaults.sandbox.mode" : "", open});
  return rights;
}

} // namespace openclaw::agent
