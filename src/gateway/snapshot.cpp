#include "gateway/snapshot.hpp"

#include "gateway/device_view.hpp"
#include "gateway/services.hpp"
#include "messaging/attachments.hpp"
#include "store/sessions.hpp"
#include <fmt/core.h>
#include <sys/utsname.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kRecent = 5;
constexpr const char* kEvents[] = {"agent",
                                   "chat",
                                   "connect.challenge",
                                   "device.pair.requested",
                                   "device.pair.resolved",
                                   "exec.approval.requested",
                                   "exec.approval.resolved",
                                   "health",
                                   "models.status",
                                   "presence",
                                   "session.message",
                                   "session.tool",
                                   "sessions.changed",
                                   "shutdown",
                                   "tick"};

std::string host_name() {
  utsname names{};
  return ::uname(&names) == 0 ? names.nodename : "unknown";
}

// Heartbeats are not in this build; clients expect to be told so per agent.
json::object no_heartbeat() {
  return {{"enabled", false}, {"every", "disabled"}, {"everyMs", nullptr},
          {"prompt", ""},     {"target", ""},        {"ackMaxChars", 0}};
}

// Of the messengers those that have an account here.
void add_channels(json::object& health, Services& services) {
  json::object channels, labels;
  json::array order;
  if (services.channels) {
    const auto statuses = services.channels->accounts().status();
    for (const auto& type : services.runtime.services().registry.channels()) {
      json::object summary;
      for (const auto& status : statuses) {
        if (status.settings.channel != type.id) continue;
        summary["configured"] = bool_or(summary, "configured", false) || status.problem.empty();
        summary["running"] = bool_or(summary, "running", false) || status.health.state == ports::LinkState::up;
        const auto& error = status.problem.empty() ? status.health.last_error : status.problem;
        if (!error.empty()) summary["lastError"] = error;
      }
      if (summary.empty()) continue;
      channels[type.id] = std::move(summary);
      labels[type.id] = type.label;
      order.push_back(json::value(type.id));
    }
  }
  health["channels"] = std::move(channels);
  health["channelOrder"] = std::move(order);
  health["channelLabels"] = std::move(labels);
}

} // namespace

json::object health_payload(Services& services) {
  const auto began = services.time.monotonic_ms();
  const auto now = services.time.now_ms();
  const auto& settings = services.runtime.settings();
  auto& reader = services.database.reader();
  const auto count = store::count_sessions(reader);
  const auto rows = store::list_sessions(reader, kRecent);
  json::array recent;
  if (rows)
    for (const auto& row : *rows)
      recent.push_back(json::object{{"key", row.key}, {"updatedAt", row.updated_ms}, {"age", now - row.updated_ms}});
  const json::object sessions{
      {"path", services.state_folder + "/state.db"}, {"count", count.value_or(0)}, {"recent", recent}};
  json::array agents;
  for (const auto& agent : settings.agents)
    agents.push_back(json::object{{"agentId", agent.id},
                                  {"name", agent.name},
                                  {"isDefault", agent.is_default},
                                  {"heartbeat", no_heartbeat()},
                                  {"sessions", sessions}});
  json::object health{{"ok", count.has_value()},
                      {"ts", now},
                      {"durationMs", services.time.monotonic_ms() - began},
                      {"heartbeatSeconds", 0},
                      {"defaultAgentId", settings.agents.front().id},
                      {"agents", std::move(agents)},
                      {"sessions", sessions}};
  add_channels(health, services);
  return health;
}

json::object hello_payload(Services& services, const ClientFacts& client) {
  const auto& settings = services.runtime.settings();
  const auto main_agent = settings.agents.front().id;
  json::object server{{"version", services.version}, {"connId", client.connection_id}};
  if (client.protocol < 4)
    server["host"] = host_name();
  else
    server["bootId"] = services.gateway.boot_id();
  json::array method_names;
  for (const auto& name : methods().names())
    method_names.push_back(json::value(name));
  json::array event_names;
  for (const auto* name : kEvents)
    event_names.push_back(json::value(name));
  json::object defaults{{"defaultAgentId", main_agent},
                        {"mainKey", "main"},
                        {"mainSessionKey", fmt::format("agent:{}:main", main_agent)},
                        {"scope", "per-sender"}};
  if (client.protocol >= 4) {
    defaults["modelConfigured"] = true; // what nobody configured is found: a key, a server here, the embedded one
    defaults["ownership"] = "sole";
    defaults["selectionRequired"] = false;
  }
  json::object snapshot{{"presence", services.gateway.presence().entries()},
                        {"health", health_payload(services)},
                        {"stateVersion", versions_to_json(services.gateway.clients().versions())},
                        {"uptimeMs", services.gateway.uptime_ms()},
                        {"configPath", services.config_path},
                        {"stateDir", services.state_folder},
                        {"sessionDefaults", std::move(defaults)}};
  if (client.protocol >= 4) {
    snapshot["suspension"] = {{"phase", "accepting"}};
    snapshot["authMode"] = services.gateway.credentials().mode() == AuthMode::token ? "token" : "password";
    snapshot["updateSchedule"] = {{"channel", "stable"}, {"autoEnabled", false}};
    snapshot["appliedConfigHash"] = services.config_revision();
  }
  json::object features{{"methods", std::move(method_names)}, {"events", std::move(event_names)}};
  if (client.protocol >= 4) features["capabilities"] = json::array{json::value("published-model-catalog")};
  json::object auth{{"role", client.role}, {"scopes", to_array(client.scopes)}};
  if (client.protocol >= 4)
    auth["method"] = client.auth_method == "client-token" ? std::string("token") : client.auth_method;
  json::object policy{{"maxPayload", kMaxPayload}, {"maxBufferedBytes", kMaxBuffered}, {"tickIntervalMs", kTickMs}};
  if (client.protocol >= 4)
    policy["attachments"] = {{"maxBytes", messaging::kLargestAttachments}, {"maxImageBytes", messaging::kLargestImage}};
  return {{"type", "hello-ok"},
          {"protocol", client.protocol},
          {"server", std::move(server)},
          {"features", std::move(features)},
          {"snapshot", std::move(snapshot)},
          {"auth", std::move(auth)},
          {"policy", std::move(policy)}};
}

} // namespace openclaw::gateway
