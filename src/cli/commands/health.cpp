#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

int run_health(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  const auto health = call_gateway(invocation, "health", {});
  if (!health) return invocation.fail_with(health.error());
  const bool ok = bool_or(*health, "ok", false);
  auto& output = invocation.output();
  if (output.json())
    output.value(*health);
  else
    output.line(ok ? fmt::format("ok ({} ms)", integer_or(*health, "durationMs", 0))
                   : "The gateway says that it is not well.");
  return ok ? 0 : 1;
}

} // namespace

void register_health(CommandTable& table) {
  table.add({"health", "Ask the running gateway whether it is well.", "", gateway_call_options(), run_health});
}

} // namespace openclaw::cli
