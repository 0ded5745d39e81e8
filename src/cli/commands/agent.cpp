#include "base/clock.hpp"
#include "cli/conversation.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Task<std::string> session_key(Invocation* invocation, GatewayClient* client) {
  if (auto key = invocation->value("session-key")) co_return std::move(*key);
  if (const auto id = invocation->value("session-id")) {
    CO_TRY(const auto answer, co_await client->request("sessions.resolve", {{"sessionId", *id}}));
    co_return string_or(answer, "key");
  }
  if (const auto agent = invocation->value("agent")) {
    CO_TRY_VOID(check_id(*agent, "agent"));
    co_return fmt::format("agent:{}:main", *agent);
  }
  const auto* defaults = find_path(client->hello(), "snapshot.sessionDefaults");
  co_return defaults ? string_or(*defaults, "mainSessionKey", "agent:main:main") : std::string("agent:main:main");
}

Task<int> talk(Invocation* invocation, GatewayClient* client) {
  CO_TRY(auto key, co_await session_key(invocation, client));
  SystemRandom random;
  TurnRequest request{std::move(key), invocation->value("message").value_or(invocation->argument(0)),
                      invocation->value("thinking").value_or(""), uuid_v7(SystemClock(), random)};
  auto status = co_await run_turn(client, std::move(request), &invocation->output());
  co_return status;
}

int run_agent(Invocation& invocation) {
  const bool named = invocation.has("message");
  if (const auto checked = invocation.expect_arguments(named ? 0 : 1, named ? 0 : 1); !checked)
    return invocation.fail_with(checked.error());
  return run_with_gateway(invocation, talk);
}

} // namespace

void register_agent(CommandTable& table) {
  table.add({"agent", "Say something to an agent and show its answer.", "[MESSAGE]",
             gateway_call_options({{"message", 'm', "TEXT", "What to say."},
                                   {"agent", 0, "ID", "The agent to talk to; its main session."},
                                   {"session-key", 0, "KEY", "The session to talk in, e.g. agent:main:main."},
                                   {"session-id", 0, "ID", "The session with that id."},
                                   {"thinking", 0, "LEVEL", "off, minimal, low, medium, high or xhigh."}}),
             run_agent});
}

} // namespace openclaw::cli
