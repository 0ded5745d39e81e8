#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

// Who would answer in a session (else in the default agent's next one), and why the others would not.
Task<json::value> why(Call call) {
  auto& services = call.services;
  std::string agent = services.runtime.settings().agents.front().id;
  std::string session_key, chosen;
  if (const auto written = string_or(call.params, "sessionKey"); !written.empty()) {
    CO_TRY(const auto key, services.messaging.canonical(written));
    agent = key.agent_id;
    session_key = key.canonical;
    CO_TRY(const auto session, store::find_session(services.database.reader(), session_key));
    if (session) chosen = session->model.value_or("");
  } else if (const auto id = string_or(call.params, "agentId"); !id.empty()) {
    agent = id;
  }
  CO_TRY(const auto states, co_await services.runtime.router().why(agent, session_key, chosen));
  json::array rows;
  for (const auto& state : states) {
    json::object row{{"ref", state.reference}, {"state", state.state}, {"why", state.why}};
    if (!state.credential.empty()) row["credential"] = state.credential;
    if (!state.failure.empty()) {
      row["failure"] = state.failure;
      row["failures"] = state.failures;
      row["untilMs"] = state.until_ms;
    }
    if (!state.change.empty()) row["change"] = state.change;
    rows.push_back(std::move(row));
  }
  co_return json::value(json::object{{"agentId", agent}, {"chosen", chosen}, {"candidates", std::move(rows)}});
}

Task<json::value> retry(Call call) {
  const auto ended = call.services.runtime.router().retry(string_or(call.params, "provider"));
  co_return json::value(json::object{{"ended", static_cast<std::int64_t>(ended)}});
}

} // namespace

void register_models_why(MethodTable& table) {
  table.add({"models.why", Scope::read,
             R"({"type":"object","properties":{"sessionKey":{"type":"string"},"agentId":{"type":"string"}}})", why});
  table.add({"models.retry", Scope::write, R"({"type":"object","properties":{"provider":{"type":"string"}}})", retry});
}

} // namespace openclaw::gateway
