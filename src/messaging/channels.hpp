// All messengers together: makes the configured accounts, takes their events in, and sends what agents answer. What a
// channel itself must do is in ports/channel.hpp.
#pragma once
#include "messaging/account.hpp"
#include "messaging/messaging.hpp"
#include "messaging/outbox.hpp"
#include "messaging/replies.hpp"
#include "messaging/webhooks.hpp"
#include <map>
#include <memory>

namespace openclaw::messaging {

struct ChannelsServices {
  async::Executor executor;
  async::Time& time;
  Random& random;
  store::Database& database;
  ports::Registry& registry;
  net::HttpClient& http;
  agent::Runtime& runtime;
  Messaging& messaging;
  std::string state_folder;
};

struct AccountStatus {
  AccountSettings settings;
  AccountHealth health;
  std::string problem; // why it was not even made
};

class Channels final : public OutboxHost {
public:
  explicit Channels(ChannelsServices services);

  // Makes, keeps or ends accounts: those whose settings did not change go on untouched. A bad one is a problem of its
  // own.
  Task<> configure(json::value config);
  // After the runtime has recovered: sends what a former life left.
  Task<> recover() { return outbox_.recover(); }
  Task<> shut_down();

  std::vector<AccountStatus> status() const;
  Outbox& outbox() { return outbox_; }
  Replies& replies() { return replies_; }
  // Records an end of a run in its own transaction: where the message came from a messenger, its answer goes to the
  // outbox.
  static Result<> record_end(store::Connection& connection, const std::string& run_id, const ports::Message& message);

  // A message that nobody asked for. `target` as the channel understands it; the account may be empty when there is
  // one.
  Task<std::string> send(std::string channel, std::string account, std::string target, std::string text,
                         std::string id);
  // Lets the sender of a code in, and tells them.
  Task<store::PairingRequest> approve(std::string channel, std::string code, std::string by);
  Task<std::string> probe(std::string channel, std::string account);

  std::shared_ptr<Account> find_account(std::string_view channel, std::string_view account) override;
  DeliverySettings delivery_of(const Account& account) override {
    return delivery_settings(config_, account.settings());
  }
  Task<std::string> take_preview(std::string run_id) override { return replies_.take_preview(std::move(run_id)); }
  Result<std::string> read_file(const std::string& agent_id, const std::string& path, std::size_t limit) override;

private:
  struct Entry {
    AccountSettings settings;
    std::string problem;
    std::shared_ptr<Account> account;
    async::Scope::Child child;
  };
  struct Said { // in a group, while nobody spoke to us
    std::string message_id, who, text;
  };
  Result<> make(Entry& entry);
  static Task<> keep(std::shared_ptr<Account> account);
  Task<> receive(Account& account, ports::InboundEvent event);
  Task<> take_message(Account& account, ports::InboundEvent event);
  Task<> accept(Account& account, ports::InboundEvent event, std::string agent_id, bool may_command, bool mentioned);
  Task<> offer_pairing(Account& account, const ports::InboundEvent& event);
  Task<> resend(Account& account, const ports::InboundEvent& event);
  Task<> say(Account& account, const ports::InboundEvent& event, std::string text);
  Task<std::string> with_files(Account& account, const ports::InboundEvent& event, std::string agent_id);
  void remember(const Account& account, const ports::InboundEvent& event);
  std::string context_of(const std::string& chat_key);

  ChannelsServices services_;
  json::value config_;
  Webhooks webhooks_;
  std::vector<Entry> entries_;
  std::map<std::string, std::deque<Said>> heard_; // by channel, account and chat; the longest silent goes first
  std::deque<std::string> heard_order_;
  async::Scope scope_;
  Replies replies_;
  Outbox outbox_;
};

} // namespace openclaw::messaging
