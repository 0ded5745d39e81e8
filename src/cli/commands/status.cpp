#include "base/clock.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

void show_model(const json::value& models, Output& output) {
  const auto* current = find(models, "current");
  if (!current) return;
  const auto state = string_or(*current, "state");
  const auto style = state == "ready" ? Style::green : Style::yellow;
  output.line(fmt::format("Model     {} {}", string_or(*current, "ref", "none"), output.styled(style, state)));
  if (const auto message = string_or(*current, "message"); !message.empty() && state != "ready")
    output.line("          " + terminal_safe(message));
  if (const auto hint = string_or(*current, "hint"); !hint.empty()) output.line("          " + terminal_safe(hint));
}

void show_sessions(const json::value& status, Output& output) {
  const auto* sessions = find(status, "sessions");
  if (!sessions) return;
  output.line(fmt::format("Sessions  {}", integer_or(*sessions, "count", 0)));
  const auto* recent = find(*sessions, "recent");
  if (!recent || !recent->is_array() || recent->get_array().empty()) return;
  std::vector<std::vector<std::string>> rows;
  const auto now = SystemClock().now_ms();
  for (const auto& row : recent->get_array())
    rows.push_back({string_or(row, "key"), duration_text(now - integer_or(row, "updatedAt", now)),
                    string_or(row, "model"), std::to_string(integer_or(row, "totalTokens", 0))});
  output.line();
  output.table({{"Session"}, {"Age", true}, {"Model"}, {"Tokens", true}}, rows);
}

Task<int> show_status(Invocation* invocation, GatewayClient* client) {
  CO_TRY(const auto status, co_await client->request("status", {}));
  CO_TRY(const auto health, co_await client->request("health", {}));
  // An OpenClaw gateway has no such method.
  const auto models = co_await client->request("models.status", {});
  auto& output = invocation->output();
  const auto& hello = client->hello();
  const auto* server = find(hello, "server");
  const auto* snapshot = find(hello, "snapshot");
  const auto uptime = snapshot ? integer_or(*snapshot, "uptimeMs", 0) : 0;
  const auto version = server ? string_or(*server, "version", "?") : "?";
  if (output.json()) {
    json::object out{
        {"url", client->url()}, {"version", version}, {"uptimeMs", uptime}, {"status", status}, {"health", health}};
    if (models) out["models"] = *models;
    output.value(out);
    co_return 0;
  }
  output.line(fmt::format("Gateway   {} {} ({}, up {})", client->url(), output.styled(Style::green, "running"), version,
                          duration_text(uptime)));
  if (models) show_model(*models, output);
  if (const auto* order = find(health, "channelOrder"); order && order->is_array() && !order->get_array().empty()) {
    std::string names;
    for (const auto& channel : order->get_array())
      if (channel.is_string()) names += (names.empty() ? "" : ", ") + std::string(channel.get_string());
    output.line("Channels  " + terminal_safe(names));
  }
  show_sessions(status, output);
  co_return 0;
}

int run_status(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  return run_with_gateway(invocation, show_status);
}

} // namespace

void register_status(CommandTable& table) {
  table.add(
      {"status", "Show the running gateway, its model and recent sessions.", "", gateway_call_options(), run_status});
}

} // namespace openclaw::cli
