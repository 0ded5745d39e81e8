#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

std::string safe(const json::value& object, std::string_view key) {
  return terminal_safe(string_or(object, key));
}

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "pairing.list", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto now = SystemClock().now_ms();
  std::vector<std::vector<std::string>> waiting, allowed;
  if (const auto* rows = find(answer, "pending"); rows && rows->is_array())
    for (const auto& row : rows->get_array())
      waiting.push_back({safe(row, "channel"), safe(row, "code"), safe(row, "sender"), safe(row, "name"),
                         duration_text(now - integer_or(row, "createdAtMs", now))});
  if (const auto* rows = find(answer, "allowed"); rows && rows->is_array())
    for (const auto& row : rows->get_array())
      allowed.push_back({safe(row, "channel"), safe(row, "accountId"), safe(row, "sender"), safe(row, "name")});
  if (waiting.empty())
    output.line("Nobody waits to be let in.");
  else
    output.table({{"Channel"}, {"Code"}, {"Sender"}, {"Name"}, {"Age", true}}, waiting);
  if (!allowed.empty()) {
    output.line();
    output.line("Let in (openclaw pairing revoke CHANNEL SENDER takes it back):");
    output.table({{"Channel"}, {"Account"}, {"Sender"}, {"Name"}}, allowed);
  }
  return 0;
}

Result<int> approve(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(2, 2));
  const json::object params{{"channel", invocation.argument(0)}, {"code", invocation.argument(1)}};
  TRY(const auto answer, call_gateway(invocation, "pairing.approve", params));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(fmt::format("{} ({}) may talk to you now on {}.", safe(answer, "name"), safe(answer, "sender"),
                            safe(answer, "channel")));
  return 0;
}

Result<int> revoke(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(2, 2));
  const json::object params{{"channel", invocation.argument(0)},
                            {"sender", invocation.argument(1)},
                            {"accountId", invocation.value("account").value_or("default")}};
  TRY(const auto answer, call_gateway(invocation, "pairing.revoke", params));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(fmt::format("{} is a stranger again.", terminal_safe(invocation.argument(1))));
  return 0;
}

} // namespace

void register_pairing(CommandTable& table) {
  table.add({"pairing list", "List people who ask to talk to an agent, and those who may.", "", gateway_call_options(),
             reporting(list), true});
  table.add({"pairing approve", "Let the person with this code in.", "CHANNEL CODE", gateway_call_options(),
             reporting(approve)});
  table.add({"pairing revoke", "Take back that a person was let in.", "CHANNEL SENDER",
             gateway_call_options({{"account", 0, "ACCOUNT", "The account of the channel (default)."}}),
             reporting(revoke)});
}

} // namespace openclaw::cli
