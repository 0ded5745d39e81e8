#include "messaging/accounts.hpp"

#include "agent/chat_command.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/vault.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::string_view kPublished = "commands"; // a fact: the hash of what was published last
constexpr std::int64_t kEndMs = 10'000;             // for a former account to let go of its connection

std::vector<ports::CommandHelp> command_list() {
  std::vector<ports::CommandHelp> list;
  for (const auto& command : agent::chat_commands().all())
    list.push_back({command.name, command.help});
  return list;
}

std::string digest_of(const std::vector<ports::CommandHelp>& commands, std::string_view who) {
  std::string text(who);
  for (const auto& command : commands)
    text += fmt::format("\n{}\n{}", command.name, command.help);
  return sha256_hex(text);
}

} // namespace

Accounts::Accounts(AccountsServices services, Account::Receiver receiver, std::function<void()> changed)
    : services_(std::move(services)), receiver_(std::move(receiver)), changed_(std::move(changed)),
      webhooks_(services_.executor), ended_(services_.executor), scope_(services_.executor) {}

void Accounts::configure(const json::value& config) {
  const auto* commands = openclaw::find(config, "commands");
  commands_ = commands ? *commands : json::value();
  if (auto listening = webhooks_.configure(config, scope_); !listening)
    log::error("webhooks", listening.error().text());
  auto wanted = read_accounts(config);
  std::vector<Entry> kept;
  std::vector<Entry> ended;
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
    ended.push_back(std::move(entry));
  }
  entries_ = std::move(kept);
  for (auto& settings : wanted) {
    Entry entry;
    entry.settings = std::move(settings);
    async::Scope::Child former;
    for (const auto& old : ended)
      if (old.settings.channel == entry.settings.channel && old.settings.account == entry.settings.account)
        former = old.child;
    if (entry.settings.enabled) {
      if (auto made = make(entry, former); !made) {
        entry.problem = made.error().text();
        log::error("channels", entry.problem,
                   {{"channel", entry.settings.channel}, {"account", entry.settings.account}});
      }
    }
    entries_.push_back(std::move(entry));
  }
  changed_();
}

Result<> Accounts::make(Entry& entry, async::Scope::Child former) {
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
      [vault = config::Vault(services_.state_folder, config::Environment::of_process()),
       name = ports::folder_key_name(settings.channel, settings.account),
       &time = services_.time] { return vault.random_key(name, time.now_ms()); },
      [values = settings.values](std::string_view key) -> Result<Secret> {
        auto text = string_or(values, key);
        Secret secret(std::move(text));
        log::redact(secret);
        return secret;
      }};
  TRY(auto channel, type->make(std::move(services)));
  entry.account = std::make_shared<Account>(
      AccountServices{services_.executor, services_.time, services_.random, services_.database, webhooks_, scope_},
      settings, std::move(channel), receiver_, [this](Account& account) { became(account); });
  // The coroutine holds the account: it outlives its entry by the last steps of its end.
  entry.child = scope_.spawn(fmt::format("{} {}", settings.channel, settings.account), keep(entry.account, former));
  return {};
}

// Two connections of one account would take each other's events, so the new one waits for the end of the former.
Task<> Accounts::keep(std::shared_ptr<Account> account, async::Scope::Child former) {
  const auto until = services_.time.monotonic_ms() + kEndMs;
  while (former.running() && services_.time.monotonic_ms() < until) {
    auto waited = co_await ended_.wait_for(100);
    if (!waited && waited.error().kind == Kind::cancelled) co_return Result<>{};
  }
  auto ran = co_await account->run();
  ended_.notify();
  co_return ran;
}

void Accounts::became(Account& account) {
  const auto& settings = account.settings();
  if (account.up())
    if (auto held = find(settings.channel, settings.account); held && held.get() == &account)
      scope_.spawn(fmt::format("commands of {} {}", settings.channel, settings.account),
                   publish_commands(std::move(held)));
  changed_();
}

Task<> Accounts::publish_commands(std::shared_ptr<Account> account) {
  auto* native = account->channel().native_commands();
  if (!native) co_return Result<>{};
  const auto* own = openclaw::find(account->settings().values, "commands");
  bool wanted = bool_or(commands_, "native", true); // "auto" is yes where the platform has them
  if (own) wanted = bool_or(*own, "native", wanted);
  auto commands = wanted ? command_list() : std::vector<ports::CommandHelp>{};
  const auto digest = digest_of(commands, account->health().who);
  const auto former = account->recall(kPublished);
  if (former == digest || (former.empty() && commands.empty())) co_return Result<>{};
  auto published = co_await native->publish(std::move(commands));
  if (!published && published.error().kind == Kind::cancelled) co_return Result<>{};
  if (!published) {
    account->warn(fmt::format("The chat commands could not be published: {}", published.error().message));
    co_return Result<>{};
  }
  co_return co_await account->remember(std::string(kPublished), digest);
}

Task<> Accounts::shut_down() {
  webhooks_.stop();
  scope_.cancel();
  co_return co_await scope_.join();
}

std::vector<AccountStatus> Accounts::status() const {
  std::vector<AccountStatus> list;
  for (const auto& entry : entries_)
    list.push_back({entry.settings, entry.account ? entry.account->health() : AccountHealth{}, entry.problem});
  return list;
}

std::shared_ptr<Account> Accounts::find(std::string_view channel, std::string_view account) const {
  for (const auto& entry : entries_)
    if (entry.settings.channel == channel && (account.empty() || entry.settings.account == account) && entry.account)
      return entry.account;
  return nullptr;
}

Result<std::shared_ptr<Account>> Accounts::get(std::string_view channel, std::string_view account) const {
  if (auto found = find(channel, account)) return found;
  for (const auto& entry : entries_)
    if (entry.settings.channel == channel && (account.empty() || entry.settings.account == account))
      return fail(Kind::missing,
                  entry.problem.empty()
                      ? fmt::format("The account {} of {} is switched off.", entry.settings.account, channel)
                      : entry.problem,
                  "See: openclaw channels status");
  return fail(Kind::missing,
              fmt::format("There is no account {}{}of the channel {}.", printable(account, 40),
                          account.empty() ? "" : " ", printable(channel, 40)),
              "See what is configured with: openclaw channels list");
}

} // namespace openclaw::messaging
