// GET /healthz, /readyz, /startupz: alive, able to serve, started. They answer anybody who may reach the port and tell
// nothing else.
#include "gateway/http_route.hpp"
#include "gateway/services.hpp"
#include "store/sessions.hpp"

namespace openclaw::gateway {
namespace {

Task<net::Response> live(RouteCall) {
  co_return json_response(200, R"({"ok":true,"status":"live"})");
}

Task<net::Response> ready(RouteCall call) {
  auto& services = call.services;
  json::array failing;
  if (services.gateway.stopping()) failing.push_back("shutting-down");
  if (!store::count_sessions(services.database.reader())) failing.push_back("state-database");
  const bool is_ready = failing.empty();
  const json::object body{
      {"ready", is_ready}, {"failing", std::move(failing)}, {"uptimeMs", services.gateway.uptime_ms()}};
  co_return json_response(is_ready ? 200 : 503, to_text(body));
}

Task<net::Response> started(RouteCall call) {
  const json::object body{{"ok", true},
                          {"status", "started"},
                          {"version", call.services.version},
                          {"uptimeMs", call.services.gateway.uptime_ms()}};
  co_return json_response(200, to_text(body));
}

} // namespace

void register_route_health(RouteTable& table) {
  table.add({"GET", "/healthz", live});
  table.add({"GET", "/readyz", ready});
  table.add({"GET", "/startupz", started});
}

} // namespace openclaw::gateway
