#include "messaging/account.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "messaging/webhooks.hpp"
#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <cmath>
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr int kFailuresUntilQuiet = 12; // then a try each five minutes is enough
constexpr std::int64_t kQuietDelayMs = 5 * 60 * 1000;
constexpr std::int64_t kHealthyMs = 60'000; // a connection that lasted this long counts as good
constexpr std::size_t kLongestFact = 4096;

Task<net::Response> answer_webhook(std::shared_ptr<Account> account, ports::Webhook webhook, net::Request request,
                                   std::string body) {
  // Between two lives the platform is told to deliver again.
  if (!account || !account->serving())
    co_return net::Response{503, {{"Content-Type", "text/plain; charset=utf-8"}}, "Try again.\n"};
  auto response = co_await webhook(std::move(request), std::move(body));
  co_return response;
}

} // namespace

std::int64_t reconnect_delay_ms(int failures, Random& random) {
  if (failures >= kFailuresUntilQuiet) return kQuietDelayMs;
  const double base = std::min(2000.0 * std::pow(1.8, std::max(0, failures - 1)), 30'000.0);
  const double chance = static_cast<double>(random.next() % 1000) / 1000.0; // 0 to 1
  return static_cast<std::int64_t>(base * (0.75 + chance * 0.5));
}

Account::Account(AccountServices services, AccountSettings settings, std::unique_ptr<ports::Channel> channel,
                 Receiver receiver, std::function<void(Account&)> changed)
    : services_(services), settings_(std::move(settings)), channel_(std::move(channel)), receiver_(std::move(receiver)),
      changed_(std::move(changed)), woken_(services.executor), over_(services.executor) {}

// A life is a task of its own: what it does to its cancellation ends with it.
Task<> Account::live() {
  end_.reset();
  const auto child =
      services_.scope.spawn(fmt::format("{} {}", settings_.channel, settings_.account), one_life(shared_from_this()));
  while (!end_ && child.running()) {
    auto waited = co_await over_.wait_for(60'000);
    if (waited || waited.error().kind != Kind::cancelled) continue;
    child.cancel();
    // It is waited for all the same; the run ends right after it.
    co_await async::asio::this_coro::reset_cancellation_state(async::asio::disable_cancellation());
    while (!end_ && child.running()) {
      auto last = co_await over_.wait_for(1000);
      (void)last;
    }
    break;
  }
  if (end_) co_return *end_;
  co_return fail(Kind::cancelled, "The account ends.");
}

Task<> Account::one_life(std::shared_ptr<Account> self) {
  auto ended = co_await self->channel_->receive(*self);
  self->serving_ = false;
  self->end_ = std::move(ended);
  self->over_.notify();
  co_return Result<>{};
}

Task<> Account::run() {
  while (true) {
    became(ports::LinkState::connecting);
    const auto began = services_.time.monotonic_ms();
    auto ended = co_await live();
    if (auto cancelled = co_await async::check_cancelled(); !cancelled) break;
    if (!ended && ended.error().kind == Kind::cancelled) break;
    const bool was_good = health_.connected_ms > 0 && services_.time.monotonic_ms() - began >= kHealthyMs;
    health_.failures = was_good ? 1 : health_.failures + 1;
    health_.last_error = ended ? "The connection ended." : printable(ended.error().text(), 400);
    log::warn("channels", health_.last_error,
              {{"channel", settings_.channel},
               {"account", settings_.account},
               {"failures", std::to_string(health_.failures)}});
    if (!ended && ended.error().kind == Kind::denied) {
      health_.todo = ended.error().hint;
      services_.webhooks.forget(settings_.channel, settings_.account);
      became(ports::LinkState::failed);
      // Only a person can help: a changed configuration makes a new account, a login wakes this one.
      auto woken = co_await woken_.wait();
      if (!woken && woken.error().kind == Kind::cancelled) break;
      continue;
    }
    const auto pause = reconnect_delay_ms(health_.failures, services_.random);
    health_.retry_at_ms = services_.time.now_ms() + pause;
    ++health_.reconnects;
    became(ports::LinkState::retrying);
    auto slept = co_await services_.time.sleep_ms(pause);
    if (!slept) break;
  }
  services_.webhooks.forget(settings_.channel, settings_.account);
  became(ports::LinkState::off);
  co_return Result<>{};
}

void Account::became(ports::LinkState state) {
  if (health_.state == state) return;
  health_.state = state;
  if (state != ports::LinkState::needs_login) health_.qr.clear();
  changed_(*this);
}

void Account::connected(std::string who) {
  health_.who = printable(who, 100);
  health_.connected_ms = services_.time.now_ms();
  health_.failures = 0;
  health_.last_error.clear();
  health_.todo.clear();
  health_.retry_at_ms = 0;
  alive();
  log::info("channels", "Connected.",
            {{"channel", settings_.channel}, {"account", settings_.account}, {"who", health_.who}});
  became(ports::LinkState::up);
}

void Account::needs_login(std::string what, std::string qr) {
  health_.todo = std::move(what);
  health_.qr = std::move(qr);
  health_.state = ports::LinkState::needs_login;
  changed_(*this);
}

void Account::warn(std::string what) {
  health_.last_error = printable(what, 400);
  log::warn("channels", health_.last_error, {{"channel", settings_.channel}, {"account", settings_.account}});
}

Result<> Account::serve(std::string path, ports::Webhook webhook) {
  serving_ = true;
  // A request that is being answered when the account ends keeps it until it is done.
  return services_.webhooks.serve(
      settings_.channel, settings_.account, std::move(path),
      [self = weak_from_this(), webhook = std::move(webhook)](net::Request request, std::string body) {
        return answer_webhook(self.lock(), webhook, std::move(request), std::move(body));
      });
}

Task<> Account::receive(ports::InboundEvent event) {
  health_.last_frame_ms = health_.last_in_ms = services_.time.now_ms();
  co_return co_await receiver_(*this, std::move(event));
}

Task<> Account::save_checkpoint(std::string checkpoint) {
  co_return co_await remember(std::string(kCheckpoint), std::move(checkpoint));
}

void Account::save_checkpoint_later(std::string checkpoint) {
  if (checkpoint.empty()) return;
  services_.database.write_later([of = store::AccountName{settings_.channel, settings_.account}, checkpoint,
                                  now = services_.time.now_ms()](store::Connection& connection) {
    return store::set_channel_fact(connection, of, kCheckpoint, checkpoint, now);
  });
}

Task<> Account::remember(std::string key, std::string value) {
  if (value.size() > kLongestFact)
    co_return fail(Kind::invalid, fmt::format("The fact {} of {} has {} bytes; at most {} are kept.", key,
                                              settings_.channel, value.size(), kLongestFact));
  const store::AccountName of{settings_.channel, settings_.account};
  const auto now = services_.time.now_ms();
  std::function<Result<bool>(store::Connection&)> save = [=](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::set_channel_fact(connection, of, key, value, now));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool saved, co_await services_.database.write<bool>(std::move(save)));
  co_return Result<>{};
}

std::string Account::recall(std::string_view key) const {
  const auto found = store::channel_fact(services_.database.reader(), {settings_.channel, settings_.account}, key);
  return found ? found->value_or("") : std::string();
}

} // namespace openclaw::messaging
