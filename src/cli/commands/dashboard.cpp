#include "base/clock.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

int run_dashboard(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  const auto login = call_gateway(invocation, "gateway.login.create", {});
  if (!login) return invocation.fail_with(login.error());
  auto& output = invocation.output();
  if (output.json()) {
    output.value(*login);
    return 0;
  }
  output.line(terminal_safe(string_or(*login, "url")));
  const auto left = integer_or(*login, "expiresAtMs", 0) - SystemClock().now_ms();
  if (left > 0) output.note(fmt::format("The link works once, within {}.", duration_text(left + 999)));
  return 0;
}

} // namespace

void register_dashboard(CommandTable& table) {
  table.add({"dashboard", "Print a link that opens WebChat.", "", gateway_call_options(), run_dashboard});
}

} // namespace openclaw::cli
