#include "cli/channel_choice.hpp"

#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {

std::vector<Option> channel_options(std::vector<Option> own) {
  own.push_back({"channel", 0, "NAME", "The messenger; may be left out while only one is set up."});
  own.push_back({"account", 0, "ACCOUNT", "Its account; the first one otherwise."});
  return gateway_call_options(std::move(own));
}

Result<json::object> channel_params(const Invocation& invocation) {
  json::object params;
  if (const auto account = invocation.value("account")) params["accountId"] = *account;
  if (const auto channel = invocation.value("channel")) {
    params["channel"] = *channel;
    return params;
  }
  TRY(const auto status, call_gateway(invocation, "channels.status", {}));
  std::vector<std::string> names;
  if (const auto* accounts = find(status, "channelAccounts"); accounts && accounts->is_object())
    for (const auto& [name, list] : accounts->get_object())
      if (list.is_array() && !list.get_array().empty()) names.emplace_back(std::string_view(name));
  if (names.empty())
    return fail(Kind::missing, "No messenger is set up.", "Set one up with: openclaw channels add NAME");
  if (names.size() > 1)
    return fail(Kind::invalid, fmt::format("Several messengers are set up: {}.", join(names, ", ")),
                "Say which one with --channel NAME.");
  params["channel"] = names.front();
  return params;
}

} // namespace openclaw::cli
