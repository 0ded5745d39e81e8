#include "messaging/channels.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::messaging {

Channels::Channels(ChannelsServices services)
    : services_(services), webhooks_(services.executor), scope_(services.executor),
      replies_(services.executor, services.time, [this] { outbox_.wake(); }),
      outbox_(services.executor, services.time, services.random, services.database, *this) {}

Task<> Channels::configure(json::value config) {
  config_ = std::move(config);
  if (auto listening = webhooks_.configure(config_, scope_); !listening)
    log::error("webhooks", listening.error().text());
  auto wanted = read_accounts(config_);
  std::vector<Entry> kept;
  for (auto& entry : entries_) {
    const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const auto& settings) {
      return settings.channel == entry.settings.channel && settings.account == entry.settings.account &&
             settings.enabled == entry.settings.enabled && settings.values == entry.settings.values;
    });
    if (same != wanted.end()) {
      wanted.erase(same);
      kept.push_back(std::move(entry));
      continue;
    }
    entry.child.cancel();
    if (entry.account)
      log::info("channels", "The account ends: its configuration changed.",
                {{"channel", entry.settings.channel}, {"account", entry.settings.account}});
  }
  entries_ = std::move(kept);
  for (auto& settings : wanted) {
    Entry entry;
    entry.settings = std::move(settings);
    if (entry.settings.enabled) {
      if (auto made = make(entry); !made) {
        entry.problem = made.error().text();
        log::error("channels", entry.problem,
                   {{"channel", entry.settings.channel}, {"account", entry.settings.account}});
      }
    }
    entries_.push_back(std::move(entry));
  }
  outbox_.account_changed();
  co_return Result<>{};
}

Result<> Channels::make(Entry& entry) {
  const auto& settings = entry.settings;
  const auto* type = services_.registry.find_channel(settings.channel);
  if (!type)
    return fail(Kind::missing, fmt::format("The channel {} is not in this build.", printable(settings.channel, 40)),
                "See which are there with: openclaw channels list");
  TRY_VOID(check_id(settings.account, "account name"));
  ports::ChannelServices services{
      services_.executor,
      scope_,
      services_.time,
      services_.random,
      services_.http,
      settings.account,
      settings.text(),
      fmt::format("{}/foreign/{}/{}", services_.state_folder, settings.channel, settings.account),
      [values = settings.values](std::string_view key) -> Result<Secret> {
        auto text = string_or(values, key);
        Secret secret(std::move(text));
        log::redact(secret);
        return secret;
      }};
  TRY(auto channel, type->make(std::move(services)));
  entry.account = std::make_shared<Account>(
      AccountServices{services_.executor, services_.time, services_.random, services_.database, webhooks_}, settings,
      std::move(channel),
      [this](Account& account, ports::InboundEvent event) { return receive(account, std::move(event)); },
      [this] { outbox_.account_changed(); });
  // The coroutine holds the account: it outlives its entry by the last steps of its end.
  entry.child = scope_.spawn(fmt::format("{} {}", settings.channel, settings.account), keep(entry.account));
  return {};
}

Task<> Channels::keep(std::shared_ptr<Account> account) {
  co_return co_await account->run();
}

Task<> Channels::shut_down() {
  webhooks_.stop();
  scope_.cancel();
  CO_TRY_VOID(co_await scope_.join());
  CO_TRY_VOID(co_await replies_.shut_down());
  co_return co_await outbox_.shut_down();
}

std::vector<AccountStatus> Channels::status() const {
  std::vector<AccountStatus> list;
  for (const auto& entry : entries_)
    list.push_back({entry.settings, entry.account ? entry.account->health() : AccountHealth{}, entry.problem});
  return list;
}

std::shared_ptr<Account> Channels::find_account(std::string_view channel, std::string_view account) {
  for (const auto& entry : entries_)
    if (entry.settings.channel == channel && (account.empty() || entry.settings.account == account) && entry.account)
      return entry.account;
  return nullptr;
}

Result<std::string> Channels::read_file(const std::string& agent_id, const std::string& path, std::size_t limit) {
  TRY(const auto* workspace, services_.runtime.workspace_of(agent_id));
  return workspace->read_file(path, limit);
}

Result<> Channels::record_end(store::Connection& connection, const std::string& run_id, const ports::Message& message) {
  TRY(const auto row, store::find_run(connection, run_id));
  if (!row || row->channel == "webchat") return {};
  TRY(const auto body, parse_json(row->body, "inbox row"));
  const auto* where = find(body, "delivery");
  const auto delivery = where ? delivery_from(*where) : std::nullopt;
  if (!delivery) return {};
  const auto rest = std::string_view(row->session_key).substr(std::min<std::size_t>(6, row->session_key.size()));
  const auto agent_id = std::string(rest.substr(0, rest.find(':')));
  std::string kind = "answer";
  std::string text;
  if (message.stop_reason == ports::StopReason::error) {
    kind = "notice";
    text = as_notice(fmt::format("{}{}{}", message.error_message, message.error_hint.empty() ? "" : " ",
                                 message.error_hint.starts_with("Press Retry")
                                     ? "Send it again if you want me to try once more."
                                     : message.error_hint));
  } else if (message.stop_reason == ports::StopReason::injected) {
    kind = "notice";
    text = as_notice(ports::text_of(message));
  } else if (message.stop_reason == ports::StopReason::aborted) {
    return {}; // whoever stopped it was told by the stop's own answer
  } else {
    text = ports::text_of(message);
  }
  const auto outgoing = outgoing_row(*delivery, run_id, kind, std::move(text), agent_id, run_id, message.timestamp_ms);
  TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, outgoing));
  return {};
}

Task<std::string> Channels::send(std::string channel, std::string account, std::string target, std::string text,
                                 std::string id) {
  const auto found = find_account(channel, account);
  if (!found)
    co_return fail(Kind::missing,
                   fmt::format("There is no account {}{}of the channel {}.", account, account.empty() ? "" : " ",
                               printable(channel, 40)),
                   "See what is configured with: openclaw channels list");
  CO_TRY(auto chat, found->channel().chat_of(target));
  if (trim(text).empty()) co_return fail(Kind::invalid, "The message is empty.", "Write something first.");
  if (id.empty()) id = uuid_v7(services_.time, services_.random);
  CO_TRY_VOID(check_id(id, "idempotency key"));
  Delivery delivery{channel, found->settings().account, std::move(chat), "", ""};
  auto row = outgoing_row(delivery, id, "message", std::move(text), services_.runtime.settings().agents.front().id, "",
                          services_.time.now_ms());
  CO_TRY([[maybe_unused]] const bool fresh, co_await outbox_.add(std::move(row)));
  co_return id;
}

Task<store::PairingRequest> Channels::approve(std::string channel, std::string code, std::string by) {
  for (auto& letter : code)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  const auto now = services_.time.now_ms();
  const auto notice_id = uuid_v7(services_.time, services_.random);
  std::function<Result<std::optional<store::PairingRequest>>(store::Connection&)> work =
      [=](store::Connection& connection) -> Result<std::optional<store::PairingRequest>> {
    TRY(auto request, store::approve_pairing(connection, channel, code, by, now));
    if (!request) return request;
    TRY(const auto where, parse_json(request->chat, "pairing request"));
    if (const auto delivery = delivery_from(where)) {
      const auto notice =
          outgoing_row(*delivery, notice_id, "notice", as_notice("You are let in. Write what you need."), "", "", now);
      TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, notice));
    }
    return request;
  };
  CO_TRY(auto request, co_await services_.database.write<std::optional<store::PairingRequest>>(std::move(work)));
  if (!request)
    co_return fail(Kind::missing,
                   fmt::format("No request of {} has the code {}.", printable(channel, 40), printable(code, 16)),
                   "Codes are good for one hour. List them with: openclaw pairing list");
  outbox_.wake();
  co_return *request;
}

Task<std::string> Channels::probe(std::string channel, std::string account) {
  const auto found = find_account(channel, account);
  if (!found) co_return fail(Kind::missing, "This account is not there.", "See: openclaw channels list");
  auto* probe = found->channel().probe();
  if (!probe) co_return std::string();
  co_return co_await probe->who();
}

} // namespace openclaw::messaging
