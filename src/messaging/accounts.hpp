// The configured accounts of all messengers: makes them, keeps those whose settings did not change, ends the others. An
// account that connects gets the chat commands published, when they are not the ones it had before.
#pragma once
#include "agent/runtime.hpp"
#include "messaging/account.hpp"
#include "messaging/webhooks.hpp"
#include <memory>
#include <vector>

namespace openclaw::messaging {

struct AccountsServices {
  async::Executor executor;
  async::Time& time;
  Random& random;
  store::Database& database;
  ports::Registry& registry;
  net::HttpClient& http;
  std::string state_folder;
};

struct AccountStatus {
  AccountSettings settings;
  AccountHealth health;
  std::string problem; // why it was not even made
};

class Accounts {
public:
  // `changed`: an account came, went, or has another state.
  Accounts(AccountsServices services, Account::Receiver receiver, std::function<void()> changed);

  // A bad account is a problem of its own, not of the configuration.
  void configure(const json::value& config);
  Task<> shut_down();

  std::vector<AccountStatus> status() const;
  // The first one of the channel when `account` is empty.
  std::shared_ptr<Account> find(std::string_view channel, std::string_view account) const;
  // As find(), with the sentence that a person needs when it is not there.
  Result<std::shared_ptr<Account>> get(std::string_view channel, std::string_view account) const;
  int webhook_port() const { return webhooks_.port(); }

private:
  struct Entry {
    AccountSettings settings;
    std::string problem;
    std::shared_ptr<Account> account;
    async::Scope::Child child;
  };
  Result<> make(Entry& entry, async::Scope::Child former);
  Task<> keep(std::shared_ptr<Account> account, async::Scope::Child former);
  Task<> publish_commands(std::shared_ptr<Account> account);
  void became(Account& account);

  AccountsServices services_;
  Account::Receiver receiver_;
  std::function<void()> changed_;
  json::value commands_; // the section `commands`
  Webhooks webhooks_;
  std::vector<Entry> entries_;
  async::Event ended_;
  async::Scope scope_;
};

} // namespace openclaw::messaging
