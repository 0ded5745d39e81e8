// exec.approvals.get and .set: OpenClaw's file of command rules as a view of what this gateway has: tools.exec of the
// configuration, and the rules that "always" stored. Through this door rights only get narrower.
#include "base/hash.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include "store/approvals.hpp"
#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// From the narrowest to the widest.
constexpr std::array<std::string_view, 3> kSecurity{"deny", "allowlist", "full"};
constexpr std::array<std::string_view, 3> kAsk{"always", "on-miss", "off"};
constexpr const char* kWiden = "Widen it in the configuration: openclaw config set tools.exec.";

std::string_view security_name(policy::ExecSecurity security) {
  return kSecurity[static_cast<std::size_t>(security)];
}
std::string_view ask_name(policy::ExecAsk ask) {
  return kAsk[2 - static_cast<std::size_t>(ask)];
}

json::object rule_to_json(const store::CommandRuleRow& rule) {
  const bool any = rule.arguments.empty() || rule.arguments == "[]";
  return {{"id", std::to_string(rule.id)},
          {"pattern", any ? rule.binary : fmt::format("{} {}", rule.binary, rule.arguments)}};
}

Result<json::object> file_of(Services& services) {
  const auto& settings = services.runtime.settings();
  json::object agents;
  for (const auto& agent : settings.agents) {
    TRY(const auto rules, store::command_rules(services.database.reader(), agent.id));
    json::array list;
    for (const auto& rule : rules)
      list.push_back(rule_to_json(rule));
    agents[agent.id] = json::object{{"allowlist", std::move(list)}};
  }
  return json::object{{"version", 1},
                      {"socket", json::object()},
                      {"defaults",
                       {{"security", security_name(settings.exec.security)},
                        {"ask", ask_name(settings.exec.ask)},
                        {"askFallback", "deny"},
                        {"autoAllowSkills", false}}},
                      {"agents", std::move(agents)}};
}

json::value snapshot_of(Services& services, json::object file) {
  const auto hash = sha256_hex(to_text(file));
  return json::object{
      {"path", services.state_folder + "/state.db"}, {"exists", true}, {"hash", hash}, {"file", std::move(file)}};
}

std::size_t width(const std::array<std::string_view, 3>& order, std::string_view word) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), word) - order.begin());
}

struct Narrowing {
  std::string security; // empty: as it is
  std::string ask;
  std::vector<std::int64_t> removed_rules;
};

// One of tools.exec; the new word when it is narrower, an error when it is wider.
Result<std::string> narrower(const std::array<std::string_view, 3>& order, std::string_view key,
                             std::string_view current, const std::string& wanted) {
  if (wanted.empty() || wanted == current) return std::string();
  if (width(order, wanted) == order.size())
    return fail(Kind::invalid, fmt::format("\"{}\" is no value of {}.", printable(wanted, 32), key),
                fmt::format("Use {}, {} or {}.", order[0], order[1], order[2]));
  if (width(order, wanted) > width(order, current))
    return fail(Kind::denied,
                fmt::format("{} \"{}\" allows more than \"{}\", which is in force.", key, wanted, current),
                fmt::format("{}{} {}", kWiden, key, wanted));
  return wanted;
}

std::string key_of(const json::object& entry) {
  return string_or(entry, "id", string_or(entry, "pattern"));
}

Result<> narrow_agent(Services& services, std::string_view agent_id, const json::object& wanted, Narrowing& narrowing) {
  if (agent_id == "*" && wanted.empty()) return {};
  if (!services.runtime.settings().find_agent(agent_id))
    return fail(Kind::missing, fmt::format("There is no agent \"{}\".", printable(agent_id, 64)),
                "See the agents with: openclaw config get agents.list");
  for (const auto* key : {"security", "ask", "askFallback", "autoAllowSkills"})
    if (wanted.contains(key))
      return fail(Kind::invalid, fmt::format("{} is not set for one agent in this build of openclaw.", key),
                  "It is set for all of them in tools.exec.");
  TRY(const auto rules, store::command_rules(services.database.reader(), agent_id));
  std::vector<std::string> kept;
  if (const auto* list = wanted.if_contains("allowlist"); list && list->is_array())
    for (const auto& entry : list->get_array()) {
      auto key = key_of(entry.get_object());
      const bool known = std::any_of(rules.begin(), rules.end(), [&](const auto& rule) {
        return key == std::to_string(rule.id) || key == string_or(rule_to_json(rule), "pattern");
      });
      if (!known)
        return fail(Kind::denied, fmt::format("A new rule ({}) would allow more.", printable(key, 200)),
                    "Answer \"always\" when the gateway asks about that command, and the rule is made.");
      kept.push_back(std::move(key));
    }
  for (const auto& rule : rules) {
    const auto shown = rule_to_json(rule);
    const bool stays = std::any_of(kept.begin(), kept.end(), [&](const auto& key) {
      return key == string_or(shown, "id") || key == string_or(shown, "pattern");
    });
    if (!stays) narrowing.removed_rules.push_back(rule.id);
  }
  return {};
}

Result<Narrowing> narrowing_of(Services& services, const json::object& file) {
  const auto& exec = services.runtime.settings().exec;
  Narrowing narrowing;
  if (const auto* defaults = file.if_contains("defaults")) {
    TRY(narrowing.security,
        narrower(kSecurity, "security", security_name(exec.security), string_or(*defaults, "security")));
    TRY(narrowing.ask, narrower(kAsk, "ask", ask_name(exec.ask), string_or(*defaults, "ask")));
    if (bool_or(*defaults, "autoAllowSkills", false))
      return fail(Kind::denied, "Skills are never allowed to run programs by themselves.",
                  "Leave autoAllowSkills out, or false.");
    if (const auto fallback = string_or(*defaults, "askFallback", "deny"); fallback != "deny")
      return fail(Kind::denied, "A question that nobody answers is always a no here.", "Set askFallback to deny.");
  }
  if (const auto* agents = file.if_contains("agents"); agents && agents->is_object())
    for (const auto& member : agents->get_object())
      TRY_VOID(narrow_agent(services, member.key(), member.value().get_object(), narrowing));
  return narrowing;
}

Result<> write_policy(const config::Config& config, const Narrowing& narrowing) {
  for (const auto& [key, word] : {std::pair("security", narrowing.security), std::pair("ask", narrowing.ask)})
    if (!word.empty())
      TRY_VOID(config.set({"tools", "exec", key}, json::value(word), {.base_hash = std::nullopt, .force = false}));
  return {};
}

Task<json::value> get_approvals(Call call) {
  CO_TRY(auto file, file_of(call.services));
  co_return snapshot_of(call.services, std::move(file));
}

Task<json::value> set_approvals(Call call) {
  auto& services = call.services;
  CO_TRY(auto before, file_of(services));
  if (string_or(call.params, "baseHash") != sha256_hex(to_text(before)))
    co_return fail(Kind::conflict, "exec approvals base hash required or changed; re-run exec.approvals.get and retry",
                   "baseHash is the hash that exec.approvals.get gives.");
  CO_TRY(const auto narrowing, narrowing_of(services, call.params.at("file").get_object()));
  std::function<Result<bool>(store::Connection&)> remove =
      [rules = narrowing.removed_rules](store::Connection& connection) -> Result<bool> {
    for (const auto id : rules)
      TRY_VOID(store::remove_command_rule(connection, id));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool removed, co_await services.database.write<bool>(std::move(remove)));
  CO_TRY_VOID(write_policy(services.config, narrowing));
  CO_TRY(auto after, file_of(services));
  auto& defaults = after["defaults"].as_object();
  if (!narrowing.security.empty()) defaults["security"] = narrowing.security;
  if (!narrowing.ask.empty()) defaults["ask"] = narrowing.ask;
  co_return snapshot_of(services, std::move(after));
}

} // namespace

void register_exec_approvals(MethodTable& table) {
  table.add({"exec.approvals.get", Scope::admin, R"({"type":"object"})", get_approvals});
  table.add(
      {"exec.approvals.set", Scope::admin,
       R"({"type":"object","required":["file"],"additionalProperties":false,"properties":{"baseHash":{"type":"string"},
    "file":{"type":"object","required":["version"],"additionalProperties":false,"properties":{"version":{"const":1},"socket":{"type":"object"},
      "defaults":{"type":"object","additionalProperties":false,"properties":{"security":{"type":"string"},"ask":{"type":"string"},
        "askFallback":{"type":"string"},"autoAllowSkills":{"type":"boolean"}}},
      "agents":{"type":"object","additionalProperties":{"type":"object","additionalProperties":false,"properties":{"security":{"type":"string"},
        "ask":{"type":"string"},"askFallback":{"type":"string"},"autoAllowSkills":{"type":"boolean"},
        "allowlist":{"type":"array","maxItems":1000,"items":{"type":"object","required":["pattern"],"properties":{"id":{"type":"string"},
          "pattern":{"type":"string"}}}}}}}}}}})",
       set_approvals});
}

} // namespace openclaw::gateway
