#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

std::string since(const json::value& account, std::string_view key, std::int64_t now) {
  const auto at = integer_or(account, key, 0);
  return at > 0 ? duration_text(now - at) : std::string("-");
}

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "channels.status", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const auto* accounts = find(answer, "channelAccounts");
  if (const auto* all = find(answer, "channelMeta"); all && all->is_array() && accounts)
    for (const auto& about : all->get_array()) {
      const auto id = string_or(about, "id");
      const auto* own = find(*accounts, id);
      const auto count = own && own->is_array() ? own->get_array().size() : 0;
      rows.push_back({terminal_safe(id), terminal_safe(string_or(about, "label")),
                      count == 0 ? "not set up" : fmt::format("{} account{}", count, count == 1 ? "" : "s"),
                      terminal_safe(string_or(about, "notThere", "-"))});
    }
  output.table({{"Channel"}, {"Name"}, {"State"}, {"Not in this build"}}, rows);
  return 0;
}

Result<int> status(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "channels.status", {{"probe", invocation.has("probe")}}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  const auto now = SystemClock().now_ms();
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;
  if (const auto* channels = find(answer, "channelAccounts"); channels && channels->is_object())
    for (const auto& [channel, list] : channels->get_object()) {
      if (!list.is_array()) continue;
      for (const auto& account : list.get_array()) {
        const auto name = fmt::format("{} {}", std::string_view(channel), string_or(account, "accountId"));
        rows.push_back({terminal_safe(name), terminal_safe(string_or(account, "state")),
                        terminal_safe(string_or(account, "who", "-")), since(account, "lastFrameAt", now),
                        since(account, "lastInboundAt", now), since(account, "lastOutboundAt", now)});
        for (const std::string_view key : {"lastError", "todo"})
          if (const auto said = string_or(account, key); !said.empty())
            notes.push_back(terminal_safe(fmt::format("{}: {}", name, said)));
        if (const auto* probe = find(account, "probe"))
          notes.push_back(terminal_safe(bool_or(*probe, "ok", false)
                                            ? fmt::format("{}: answers as {}", name, string_or(*probe, "who"))
                                            : fmt::format("{}: {}", name, string_or(*probe, "error"))));
      }
    }
  if (rows.empty())
    output.line("No messenger is set up. Which there are: openclaw channels list");
  else
    output.table({{"Account"}, {"State"}, {"As"}, {"Alive", true}, {"Heard", true}, {"Spoke", true}}, rows);
  for (const auto& note : notes)
    output.line(note);
  return 0;
}

} // namespace

void register_channels(CommandTable& table) {
  table.add({"channels list", "List the messengers of this build.", "", gateway_call_options(), reporting(list), true});
  table.add({"channels status", "Show how the messengers' accounts are.", "",
             gateway_call_options({{"probe", 0, "", "Ask each platform now."}}), reporting(status)});
}

} // namespace openclaw::cli
