#include "messaging/activation.hpp"

#include "agent/session_key.hpp"
#include "base/text.hpp"
#include "messaging/routing.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

std::string fact_of(std::string_view group) {
  return fmt::format("activation:{}", group);
}

} // namespace

std::string activation(const Account& account, const ports::Chat& chat) {
  return account.recall(fact_of(group_place(account.settings(), chat).group));
}

Task<> set_activation(Account& account, ports::Chat chat, std::string mode) {
  auto fact = fact_of(group_place(account.settings(), chat).group);
  co_return co_await account.remember(std::move(fact), std::move(mode));
}

Task<> set_activation(const Accounts& accounts, std::string session_key, std::string mode) {
  const auto group = agent::group_of(session_key);
  if (!group)
    co_return fail(Kind::invalid, fmt::format("The session {} is no group's.", printable(session_key, 128)),
                   "groupActivation is for groups and rooms of messengers: see openclaw sessions.");
  for (const auto& status : accounts.status()) {
    ports::Chat chat;
    chat.kind = group->kind == "group" ? ports::ChatKind::group : ports::ChatKind::channel;
    const auto place = group_place(status.settings, chat).account;
    const auto found = accounts.find(status.settings.channel, status.settings.account);
    if (!found || !session_key.ends_with(fmt::format(":{}:{}", place, group->id))) continue;
    auto fact = fact_of(group->id);
    co_return co_await found->remember(std::move(fact), std::move(mode));
  }
  co_return fail(Kind::missing, fmt::format("No account is in the group of {}.", printable(session_key, 128)),
                 "See which there are with: openclaw channels status");
}

} // namespace openclaw::messaging
