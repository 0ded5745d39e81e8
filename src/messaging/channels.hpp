// All messengers together, for those who use them: the gateway's methods and the composition root. The work is done by
// accounts (connections), intake (what comes), outbox and replies (what goes) and pairing (who may).
#pragma once
#include "messaging/actions.hpp"
#include "messaging/intake.hpp"

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

class Channels final : public OutboxHost {
public:
  explicit Channels(ChannelsServices services);

  // Those accounts whose settings did not change go on untouched.
  Task<> configure(json::value config);
  // After the runtime has recovered: sends what a former life left.
  Task<> recover() { return outbox_.recover(); }
  Task<> shut_down();

  const Accounts& accounts() const { return accounts_; }
  Outbox& outbox() { return outbox_; }
  Replies& replies() { return replies_; }
  Pairing& pairing() { return pairing_; }
  Actions& actions() { return actions_; }
  // `target` as the channel understands it; the account may be empty when there is one.
  Result<Delivery> where(std::string_view channel, std::string_view account, std::string_view target,
                         std::string thread) const;
  // A message that nobody asked for.
  Task<std::string> send(Delivery to, std::string text, std::string id, trace::Context trace);

  std::shared_ptr<Account> find_account(std::string_view channel, std::string_view account) override {
    return accounts_.find(channel, account);
  }
  DeliverySettings delivery_of(const Account& account, const std::string& agent_id, ports::ChatKind kind) override {
    return delivery_settings(config_, account.settings(), agent_id, kind);
  }
  Task<std::string> take_preview(std::string run_id) override { return replies_.take_preview(std::move(run_id)); }
  Result<std::string> read_file(const std::string& agent_id, const std::string& path, std::size_t limit) override;

private:
  ChannelsServices services_;
  json::value config_;
  Replies replies_;
  Outbox outbox_;
  Pairing pairing_;
  Debounce debounce_;
  Accounts accounts_;
  Actions actions_;
  Intake intake_;
};

} // namespace openclaw::messaging
