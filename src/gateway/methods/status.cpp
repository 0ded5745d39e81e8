#include "gateway/services.hpp"
#include "gateway/session_view.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kRecent = 10;

Task<json::value> status(Call call) {
  auto& services = call.services;
  const auto now = services.time.now_ms();
  const auto& settings = services.runtime.settings();
  auto& reader = services.database.reader();
  CO_TRY(const auto defaults, co_await default_model(services.models));
  CO_TRY(const auto count, store::count_sessions(reader));
  CO_TRY(const auto rows, store::list_sessions(reader, 200));
  const auto path = services.state_folder + "/state.db";
  json::array recent;
  for (const auto& row : rows)
    if (recent.size() < kRecent) recent.push_back(status_row(row, defaults, now));
  json::array by_agent;
  json::array heartbeats;
  for (const auto& agent : settings.agents) {
    json::array own;
    std::int64_t own_count = 0;
    for (const auto& row : rows) {
      if (row.agent_id != agent.id) continue;
      ++own_count;
      if (own.size() < kRecent) own.push_back(status_row(row, defaults, now));
    }
    by_agent.push_back(
        json::object{{"agentId", agent.id}, {"path", path}, {"count", own_count}, {"recent", std::move(own)}});
    heartbeats.push_back(
        json::object{{"agentId", agent.id}, {"enabled", false}, {"every", "disabled"}, {"everyMs", nullptr}});
  }
  json::object shown_defaults{
      {"model", defaults.model.empty() ? json::value(nullptr) : json::value(defaults.model)},
      {"contextTokens", defaults.context_tokens > 0 ? json::value(defaults.context_tokens) : json::value(nullptr)}};
  json::object payload{
      {"heartbeat", {{"defaultAgentId", settings.agents.front().id}, {"agents", std::move(heartbeats)}}},
      {"channelSummary", json::array()},
      {"queuedSystemEvents", json::array()},
      {"version", services.version},
      {"activeRuns", services.runtime.active_runs()},
      {"sessions",
       {{"paths", json::array{json::value(path)}},
        {"count", count},
        {"defaults", std::move(shown_defaults)},
        {"recent", std::move(recent)},
        {"byAgent", std::move(by_agent)}}}};
  auto config = services.shown_config();
  for (const auto* key : {"restartRequired", "notInForce"})
    if (auto* value = config.if_contains(key)) payload[key] = std::move(*value);
  co_return json::value(std::move(payload));
}

} // namespace

void register_status(MethodTable& table) {
  table.add({"status", Scope::read, R"({"type":"object"})", status});
}

} // namespace openclaw::gateway
