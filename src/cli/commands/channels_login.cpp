// Links this machine to a messenger as a device: shows the code that a phone reads, until the account is up.
#include "base/clock.hpp"
#include "base/qr_code.hpp"
#include "base/text.hpp"
#include "cli/channel_choice.hpp"
#include "cli/gateway_client.hpp"
#include <chrono>
#include <fmt/core.h>
#include <thread>

namespace openclaw::cli {
namespace {

constexpr std::int64_t kPatienceMs = 5 * 60 * 1000;

Result<json::object> params_of(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 1));
  if (!invocation.arguments().empty()) invocation.set_value("channel", invocation.argument(0));
  return channel_params(invocation);
}

std::optional<json::value> account_in(const json::value& status, const json::object& params) {
  const auto* list = find_path(status, "channelAccounts." + string_or(params, "channel"));
  const auto wanted = string_or(params, "accountId");
  if (list && list->is_array())
    for (const auto& one : list->get_array())
      if (wanted.empty() || string_or(one, "accountId") == wanted) return one;
  return std::nullopt;
}

Result<int> log_in(Invocation& invocation) {
  TRY(const auto params, params_of(invocation));
  TRY([[maybe_unused]] const auto woken, call_gateway(invocation, "channels.login", params));
  auto& output = invocation.output();
  const SystemClock clock;
  const auto until = clock.monotonic_ms() + kPatienceMs;
  std::string shown;
  while (clock.monotonic_ms() < until) {
    TRY(const auto status, call_gateway(invocation, "channels.status", {}));
    const auto account = account_in(status, params);
    if (!account)
      return fail(Kind::missing, "This account is not set up.", "Set it up with: openclaw channels add NAME");
    const auto state = string_or(*account, "state");
    if (state == "up") {
      if (output.json())
        output.value(*account);
      else
        output.line(terminal_safe(fmt::format("Connected as {}.", string_or(*account, "who"))));
      return 0;
    }
    if (state == "failed")
      return fail(Kind::denied, terminal_safe(string_or(*account, "lastError")),
                  terminal_safe(string_or(*account, "todo")));
    if (const auto qr = string_or(*account, "qr"); !qr.empty() && qr != shown) {
      shown = qr;
      if (output.json()) {
        output.value(*account); // a code lasts for some seconds; whoever reads this shows the newest
      } else {
        output.line(terminal_safe(string_or(*account, "todo")));
        TRY(const auto code, QrCode::of(qr));
        output.write(code.terminal_text());
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  return fail(Kind::timeout, "Nobody linked the account within five minutes.", "Try again: openclaw channels login");
}

Result<int> log_out(Invocation& invocation) {
  TRY(auto params, params_of(invocation));
  TRY(const auto answer, call_gateway(invocation, "channels.logout", std::move(params)));
  if (invocation.output().json())
    invocation.output().value(answer);
  else
    invocation.output().line(
        terminal_safe(fmt::format("{} {} is unlinked.", string_or(answer, "channel"), string_or(answer, "accountId"))));
  return 0;
}

} // namespace

void register_channels_login(CommandTable& table) {
  table.add({"channels login", "Link an account by a code that a phone reads.", "[NAME]", channel_options(),
             reporting(log_in)});
  table.add({"channels logout", "Unlink an account, there and here.", "[NAME]", channel_options(), reporting(log_out)});
}

} // namespace openclaw::cli
