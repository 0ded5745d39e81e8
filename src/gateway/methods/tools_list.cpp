#include "agent/authority.hpp"
#include "agent/session_key.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr const char* kCallerFields =
    R"("agentId":{"type":"string"},"sessionKey":{"type":"string"},"provider":{"type":"string"},"model":{"type":"string"},
"channel":{"type":"string"},"group":{"type":"string"},"sender":{"type":"string"})";

// Who would call; what is not said is the default agent, in no group, with a model about which there is no rule.
Result<policy::ToolCaller> read_caller(const Call& call) {
  const auto& settings = call.services.runtime.settings();
  agent::SessionKey key;
  const auto agent_id = string_or(call.params, "agentId", settings.agents.front().id);
  if (const auto written = string_or(call.params, "sessionKey"); !written.empty()) {
    TRY(key, agent::canonical_session_key(written, agent_id));
  } else {
    key.agent_id = agent_id;
  }
  if (!settings.find_agent(key.agent_id)) {
    std::vector<std::string> ids;
    for (const auto& agent : settings.agents)
      ids.push_back(agent.id);
    return fail(Kind::missing, fmt::format("There is no agent \"{}\".", printable(key.agent_id, 64)),
                fmt::format("The agents are: {}.", join(ids, ", ")));
  }
  auto caller = agent::caller_of(key.agent_id, key.canonical);
  const auto take = [&](std::string_view name, std::string& field) {
    if (auto given = string_or(call.params, name); !given.empty()) field = std::move(given);
  };
  take("provider", caller.provider);
  take("model", caller.model);
  take("channel", caller.channel);
  take("group", caller.group);
  take("sender", caller.sender);
  return caller;
}

json::object describe(const ports::Tool& tool, std::span<const policy::ToolStage> rules) {
  const auto spec = tool.spec();
  const auto verdict = agent::Authority::verdict(tool, rules);
  auto parameters = parse_json(spec.schema_json, "tool schema");
  json::array aliases;
  for (const auto& alias : tool.aliases())
    aliases.push_back(json::value(alias));
  const auto risk = tool.greatest_risk();
  return {{"name", spec.name},
          {"description", spec.description},
          {"aliases", std::move(aliases)},
          {"risk", risk ? json::value(policy::risk_name(*risk)) : json::value(nullptr)},
          {"allowed", verdict.available},
          {"rule", verdict.rule},
          {"reason", verdict.reason},
          {"command", verdict.command},
          {"schema", parameters ? std::move(*parameters) : json::value(nullptr)}};
}

json::array warnings(const agent::Runtime& runtime, const std::vector<std::unique_ptr<ports::Tool>>& tools) {
  std::vector<std::string> known;
  for (const auto& tool : tools) {
    known.push_back(tool->spec().name);
    for (auto& alias : tool->aliases())
      known.push_back(std::move(alias));
  }
  json::array all;
  for (const auto& warning : policy::unknown_tool_names(runtime.config(), known))
    all.emplace_back(warning);
  return all;
}

Task<json::value> list_tools(Call call) {
  CO_TRY(const auto caller, read_caller(call));
  const agent::Authority authority(call.services.runtime);
  const auto rules = authority.rules(caller);
  const auto& registered = call.services.runtime.services().registry.tools();
  json::array tools;
  for (const auto& tool : registered)
    tools.push_back(describe(*tool, rules));
  co_return json::value(
      json::object{{"tools", std::move(tools)}, {"warnings", warnings(call.services.runtime, registered)}});
}

// One tool with every rule that applies to this caller, in the order of evaluation.
Task<json::value> explain_tool(Call call) {
  CO_TRY(const auto caller, read_caller(call));
  const agent::Authority authority(call.services.runtime);
  auto& registry = call.services.runtime.services().registry;
  const auto wanted = string_or(call.params, "tool");
  const auto* tool = registry.find_tool(wanted);
  if (!tool) {
    std::vector<std::string> names;
    for (const auto& known : registry.tools())
      names.push_back(known->spec().name);
    const auto near = nearest(wanted, names);
    co_return fail(Kind::missing,
                   fmt::format("There is no tool \"{}\"{}", printable(wanted, 60),
                               near ? fmt::format("; did you mean \"{}\"?", *near) : "."),
                   "openclaw tools list shows them.");
  }
  const auto rules = authority.rules(caller);
  auto answer = describe(*tool, rules);
  json::array stages;
  for (const auto& stage : rules) {
    const auto alone = agent::Authority::verdict(*tool, std::span(&stage, 1));
    // A denial of something else is no rule about this tool.
    if (alone.available && !stage.allow) continue;
    stages.push_back(json::object{{"path", stage.path}, {"passes", alone.available}, {"says", alone.reason}});
  }
  answer["rules"] = std::move(stages);
  answer["agentId"] = caller.agent_id;
  answer["warnings"] = warnings(call.services.runtime, registry.tools());
  co_return json::value(std::move(answer));
}

} // namespace

void register_tools_list(MethodTable& table) {
  table.add({"tools.list", Scope::read, fmt::format(R"({{"type":"object","properties":{{{}}}}})", kCallerFields),
             list_tools});
  table.add(
      {"tools.explain", Scope::read,
       fmt::format(
           R"({{"type":"object","required":["tool"],"properties":{{"tool":{{"type":"string","minLength":1}},{}}}}})",
           kCallerFields),
       explain_tool});
}

} // namespace openclaw::gateway
