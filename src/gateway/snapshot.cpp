#include "gateway/snapshot.hpp"

#include "gateway/services.hpp"
#include "store/sessions.hpp"
#include <fmt/core.h>
#include <sys/utsname.h>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kPresenceRows = 100;
constexpr std::int64_t kRecent = 5;
constexpr const char* kEvents[] = {"agent",
                                   "chat",
                                   "connect.challenge",
                                   "exec.approval.requested",
                                   "exec.approval.resolved",
                                   "models.status",
                                   "sessions.changed",
                                   "shutdown",
                                   "tick"};

struct Machine {
  std::string host;
  std::string platform;
  std::string architecture;
};
const Machine& machine() {
  static const Machine here = [] {
    utsname names{};
    if (::uname(&names) != 0) return Machine{"unknown", "linux", "unknown"};
    return Machine{names.nodename, fmt::format("linux {}", names.release), names.machine};
  }();
  return here;
}

// Heartbeats are not in this build; clients expect to be told so per agent.
json::object no_heartbeat() {
  return {{"enabled", false}, {"every", "disabled"}, {"everyMs", nullptr},
          {"prompt", ""},     {"target", ""},        {"ackMaxChars", 0}};
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
  return {{"ok", count.has_value()},
          {"ts", now},
          {"durationMs", services.time.monotonic_ms() - began},
          {"channels", json::object()},
          {"channelOrder", json::array()},
          {"channelLabels", json::object()},
          {"heartbeatSeconds", 0},
          {"defaultAgentId", settings.agents.front().id},
          {"agents", std::move(agents)},
          {"sessions", sessions}};
}

json::array presence(Services& services) {
  const auto now = services.time.now_ms();
  const auto& here = machine();
  json::array entries;
  entries.push_back(json::object{
      {"host", here.host},
      {"ip", "127.0.0.1"},
      {"version", services.version},
      {"platform", here.platform},
      {"deviceFamily", "Linux"},
      {"modelIdentifier", here.architecture},
      {"mode", "gateway"},
      {"reason", "self"},
      {"text", fmt::format("Gateway: {} · openclaw {} · mode gateway · reason self", here.host, services.version)},
      {"ts", now}});
  for (const auto& client : services.gateway.clients().all()) {
    if (entries.size() >= kPresenceRows) break;
    const auto& facts = client->facts();
    entries.push_back(
        json::object{{"host", facts.name},
                     {"version", facts.version},
                     {"platform", facts.platform},
                     {"mode", facts.mode},
                     {"instanceId", facts.connection_id},
                     {"reason", "connect"},
                     {"text", fmt::format("Client: {} {} · mode {}", facts.name, facts.version, facts.mode)},
                     {"ts", facts.connected_ms}});
  }
  return entries;
}

json::object hello_payload(Services& services, const ClientFacts& client) {
  const auto& settings = services.runtime.settings();
  const auto main_agent = settings.agents.front().id;
  json::object server{{"version", services.version}, {"connId", client.connection_id}};
  if (client.protocol < 4) server["host"] = machine().host;
  json::array method_names;
  for (const auto& name : methods().names())
    method_names.push_back(json::value(name));
  json::array event_names;
  for (const auto* name : kEvents)
    event_names.push_back(json::value(name));
  json::array scopes;
  for (const auto& scope : client.scopes)
    scopes.push_back(json::value(scope));
  json::object defaults{{"defaultAgentId", main_agent},
                        {"mainKey", "main"},
                        {"mainSessionKey", fmt::format("agent:{}:main", main_agent)},
                        {"scope", "per-sender"}};
  if (client.protocol >= 4) {
    defaults["ownership"] = "sole";
    defaults["selectionRequired"] = false;
  }
  json::object snapshot{{"presence", presence(services)},
                        {"health", health_payload(services)},
                        {"stateVersion", {{"presence", 1}, {"health", 1}}},
                        {"uptimeMs", services.gateway.uptime_ms()},
                        {"configPath", services.config_path},
                        {"stateDir", services.state_folder},
                        {"sessionDefaults", std::move(defaults)}};
  if (client.protocol >= 4) {
    snapshot["suspension"] = {{"phase", "accepting"}};
    snapshot["authMode"] = "token";
  }
  json::object features{{"methods", std::move(method_names)}, {"events", std::move(event_names)}};
  if (client.protocol >= 4) features["capabilities"] = json::array{json::value("published-model-catalog")};
  json::object auth{{"role", client.role}, {"scopes", std::move(scopes)}};
  if (client.protocol >= 4) auth["method"] = "token";
  return {{"type", "hello-ok"},
          {"protocol", client.protocol},
          {"server", std::move(server)},
          {"features", std::move(features)},
          {"snapshot", std::move(snapshot)},
          {"auth", std::move(auth)},
          {"policy", {{"maxPayload", kMaxPayload}, {"maxBufferedBytes", kMaxBuffered}, {"tickIntervalMs", kTickMs}}}};
}

} // namespace openclaw::gateway
