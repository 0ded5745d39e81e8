// One configured account of a channel: keeps its connection alive, knows how it is, and hands its events on. Making a
// new connection after a broken one is here, once for all channels.
#pragma once
#include "messaging/channel_settings.hpp"
#include "store/channels.hpp"
#include "store/database.hpp"
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace openclaw::messaging {

struct AccountHealth {
  ports::LinkState state = ports::LinkState::off;
  std::string who;        // our name there
  std::string last_error; // for people, holds no secret
  std::string todo;       // what a person must do
  std::string qr;
  std::int64_t connected_ms = 0;
  std::int64_t last_frame_ms = 0;
  std::int64_t last_in_ms = 0;
  std::int64_t last_out_ms = 0;
  std::int64_t retry_at_ms = 0;
  int failures = 0; // in a row
  int reconnects = 0;
};

class Webhooks;

struct AccountServices {
  async::Executor executor;
  async::Time& time;
  Random& random;
  store::Database& database;
  Webhooks& webhooks;
  async::Scope& scope;
};

class Account final : public ports::ChannelHost, public std::enable_shared_from_this<Account> {
public:
  using Receiver = std::function<Task<>(Account& account, ports::InboundEvent event)>;
  Account(AccountServices services, AccountSettings settings, std::unique_ptr<ports::Channel> channel,
          Receiver receiver, std::function<void(Account&)> changed);

  // Connects and receives until cancelled; never fails.
  Task<> run();

  const AccountSettings& settings() const { return settings_; }
  ports::Channel& channel() { return *channel_; }
  const AccountHealth& health() const { return health_; }
  bool serving() const { return serving_; }
  bool up() const { return health_.state == ports::LinkState::up; }
  void sent() { health_.last_out_ms = services_.time.now_ms(); }
  // Tries again now: after a login, or when a person asks.
  void wake() { woken_.notify(); }

  Task<> receive(ports::InboundEvent event) override;
  std::string checkpoint() const override { return recall(kCheckpoint); }
  Task<> save_checkpoint(std::string checkpoint) override;
  // For events that change nothing: their checkpoint may be lost in a crash, they would only be refused again.
  void save_checkpoint_later(std::string checkpoint);
  Task<> remember(std::string key, std::string value) override;
  std::string recall(std::string_view key) const override;
  void connected(std::string who) override;
  void alive() override { health_.last_frame_ms = services_.time.now_ms(); }
  void needs_login(std::string what, std::string qr) override;
  void warn(std::string what) override;
  Result<> serve(std::string path, ports::Webhook webhook) override;

  static constexpr std::string_view kCheckpoint = "checkpoint";

private:
  Task<> live();
  Task<> one_life(std::shared_ptr<Account> self);
  void became(ports::LinkState state);

  AccountServices services_;
  AccountSettings settings_;
  std::unique_ptr<ports::Channel> channel_;
  Receiver receiver_;
  std::function<void(Account&)> changed_;
  AccountHealth health_;
  async::Event woken_;
  async::Event over_;
  std::optional<Result<>> end_; // of the present life
  bool serving_ = false;        // it has registered its webhooks
};

// Pause before attempt `failures` + 1: 2 s, growing 1.8 times to 30 s, with a quarter of chance (as OpenClaw).
std::int64_t reconnect_delay_ms(int failures, Random& random);

} // namespace openclaw::messaging
