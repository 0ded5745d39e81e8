#include "messaging/actions.hpp"

#include "base/text.hpp"
#include "messaging/markdown.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kMostFound = 200;
constexpr std::size_t kLongestText = 64 * 1024;

std::unexpected<Error> cannot(std::string_view channel, std::string_view what) {
  return fail(Kind::invalid, fmt::format("{} cannot {} in this build.", channel, what),
              "What each channel can do is shown by: openclaw channels list");
}

Result<> outcome_of(const Result<ports::SendReport>& report) {
  if (!report) return std::unexpected(report.error());
  if (!report->problem) return {};
  const bool again =
      report->problem->fault == ports::SendFault::retry_after || report->problem->fault == ports::SendFault::transient;
  return fail(again ? Kind::transient : Kind::remote, report->problem->message, again ? "Try again in a moment." : "");
}

} // namespace

Result<Actions::Found> Actions::find_place(const MessagePlace& place) const {
  TRY(auto account, accounts_.get(place.channel, place.account));
  TRY(auto chat, account->channel().chat_of(place.target));
  if (place.message_id.empty()) return fail(Kind::invalid, "Which message? Its id is missing.", "Give --message-id.");
  return Found{std::move(account), std::move(chat)};
}

Task<std::string> Actions::probe(std::string channel, std::string account) {
  CO_TRY(const auto found, accounts_.get(channel, account));
  auto* probe = found->channel().probe();
  if (!probe) co_return found->health().who;
  auto who = co_await probe->who();
  co_return who;
}

Task<std::vector<ports::DirectoryEntry>> Actions::find(std::string channel, std::string account, bool people,
                                                       std::string query, std::size_t limit) {
  CO_TRY(const auto found, accounts_.get(channel, account));
  const auto most = std::clamp<std::size_t>(limit, 1, kMostFound);
  if (auto* directory = found->channel().directory()) {
    auto entries = co_await directory->find(people, std::move(query), most);
    co_return entries;
  }
  // As OpenClaw where the platform tells nobody: those whom the configuration names.
  const auto& values = found->settings().values;
  std::vector<ports::DirectoryEntry> entries;
  const auto wanted = lowercase_ascii(query);
  const auto add = [&](std::string id, ports::ChatKind kind) {
    if (id.empty() || id == "*" || entries.size() >= most || !lowercase_ascii(id).contains(wanted)) return;
    if (std::none_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.id == id; }))
      entries.push_back({std::move(id), "", "", kind});
  };
  if (people) {
    for (const std::string_view key : {"allowFrom", "groupAllowFrom"})
      if (const auto* list = openclaw::find(values, key); list && list->is_array())
        for (const auto& item : list->get_array())
          add(item.is_string() ? std::string(item.get_string()) : to_text(item), ports::ChatKind::direct);
    CO_TRY(const auto allowed, store::allowed_senders(database_.reader()));
    for (const auto& sender : allowed)
      if (sender.of.channel == channel && sender.of.account == found->settings().account)
        add(sender.sender, ports::ChatKind::direct);
  } else if (const auto* groups = openclaw::find(values, "groups"); groups && groups->is_object()) {
    for (const auto& [id, settings] : groups->get_object())
      add(std::string(std::string_view(id)), ports::ChatKind::group);
  }
  co_return entries;
}

Task<> Actions::react(MessagePlace place, std::string emoji, bool remove) {
  CO_TRY(auto found, find_place(place));
  auto* reactions = found.account->channel().reactions();
  if (!reactions) co_return cannot(place.channel, "react to messages");
  if (emoji.empty() && !remove) co_return fail(Kind::invalid, "Which reaction? The emoji is missing.", "Give --emoji.");
  co_return co_await reactions->react(std::move(found.chat), place.message_id, std::move(emoji), remove);
}

Task<> Actions::edit(MessagePlace place, std::string text) {
  CO_TRY(auto found, find_place(place));
  auto& channel = found.account->channel();
  if (!channel.editing()) co_return cannot(place.channel, "edit messages");
  if (trim(text).empty() || text.size() > kLongestText)
    co_return fail(Kind::invalid, "The new text is empty or longer than 64 KB.", "Give --message TEXT.");
  ports::Outgoing message;
  message.chat = std::move(found.chat);
  message.body = channel.render(parse_markdown(text));
  message.idempotency_key = fmt::format("edit-{}", place.message_id.substr(0, 48));
  auto report = co_await channel.editing()->edit(place.message_id, std::move(message));
  co_return outcome_of(report);
}

Task<> Actions::remove(MessagePlace place) {
  CO_TRY(auto found, find_place(place));
  auto* editing = found.account->channel().editing();
  if (!editing) co_return cannot(place.channel, "take messages away");
  auto report = co_await editing->remove(std::move(found.chat), place.message_id);
  co_return outcome_of(report);
}

Result<> Actions::wake(std::string_view channel, std::string_view account) const {
  TRY(const auto found, accounts_.get(channel, account));
  found->wake();
  return {};
}

Task<> Actions::log_out(std::string channel, std::string account) {
  CO_TRY(const auto found, accounts_.get(channel, account));
  auto* login = found->channel().login();
  if (!login)
    co_return fail(Kind::invalid, fmt::format("{} has no login of a device, but credentials.", channel),
                   fmt::format("Take them away with: openclaw channels remove {} --delete", channel));
  auto done = co_await login->log_out();
  co_return done;
}

Task<> Actions::forget(std::string channel, std::string account) {
  if (accounts_.find(channel, account))
    co_return fail(Kind::conflict, fmt::format("The account {} of {} is still configured.", account, channel),
                   fmt::format("Remove it with: openclaw channels remove {} --account {} --delete", channel, account));
  const store::AccountName of{channel, account};
  std::function<Result<bool>(store::Connection&)> work = [of](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::forget_account(connection, of));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool forgotten, co_await database_.write<bool>(std::move(work)));
  co_return Result<>{};
}

} // namespace openclaw::messaging
