#include "agent/identity.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_agents(Call call) {
  const auto& settings = call.services.runtime.settings();
  json::array agents;
  for (const auto& agent : settings.agents) {
    const auto known = agent::identity_of(agent);
    agents.push_back(json::object{
        {"id", agent.id}, {"name", known.name}, {"identity", {{"name", known.name}, {"avatar", known.avatar}}}});
  }
  co_return json::value(json::object{{"defaultId", settings.agents.front().id},
                                     {"mainKey", "main"},
                                     {"scope", "per-sender"},
                                     {"agents", std::move(agents)}});
}

Task<json::value> identity(Call call) {
  const auto& settings = call.services.runtime.settings();
  auto agent_id = string_or(call.params, "agentId");
  if (agent_id.empty()) {
    CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "sessionKey", "main")));
    agent_id = key.agent_id;
  }
  const auto* agent = settings.find_agent(agent_id);
  if (!agent)
    co_return fail(Kind::missing, "There is no such agent.", "See the agents with: openclaw config get agents.list");
  const auto known = agent::identity_of(*agent);
  co_return json::value(json::object{{"agentId", agent->id}, {"name", known.name}, {"avatar", known.avatar}});
}

} // namespace

void register_agents_list(MethodTable& table) {
  table.add({"agents.list", Scope::read, R"({"type":"object"})", list_agents});
  table.add({"agent.identity.get", Scope::read,
             R"({"type":"object","properties":{"agentId":{"type":"string"},"sessionKey":{"type":"string"}}})",
             identity});
}

} // namespace openclaw::gateway
