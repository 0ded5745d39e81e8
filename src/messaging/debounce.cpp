#include "messaging/debounce.hpp"

#include <algorithm>

namespace openclaw::messaging {
namespace {

constexpr int kMostLines = 50; // then the message is long enough
constexpr std::size_t kMostHeld = 1000;
constexpr std::int64_t kLongestPauseMs = 60'000;
constexpr std::int64_t kFullLaneMs = 1000;

} // namespace

Debounce::Debounce(agent::Runtime& runtime, Messaging& messaging)
    : runtime_(runtime), messaging_(messaging), changed_(runtime.services().executor),
      scope_(runtime.services().executor) {}

Task<Receipt> Debounce::take(std::string key, Inbound message, std::int64_t pause_ms) {
  auto& time = runtime_.services().time;
  const auto pause = std::min(pause_ms, kLongestPauseMs);
  if (const auto known = held_.find(key); known != held_.end() && known->second.lines < kMostLines) {
    const auto run_id = known->second.run_id;
    known->second.until_ms = time.monotonic_ms() + pause;
    ++known->second.lines;
    ++known->second.joining;
    auto more = message;
    auto joined = co_await messaging_.join(run_id, std::move(more));
    // While a line is being written its message stays, so the entry is the same one.
    if (const auto still = held_.find(key); still != held_.end()) --still->second.joining;
    changed_.notify();
    if (!joined) co_return std::unexpected(joined.error());
    if (*joined) {
      Receipt receipt;
      receipt.run_id = run_id;
      receipt.state = Receipt::State::in_flight;
      co_return receipt;
    }
  }
  CO_TRY_VOID(co_await release(key));
  if (pause <= 0 || held_.size() >= kMostHeld) co_return co_await messaging_.receive(std::move(message));
  message.held = true;
  const auto run_id = message.run_id;
  CO_TRY(auto receipt, co_await messaging_.receive(std::move(message)));
  if (receipt.run_id != run_id || receipt.state != Receipt::State::started) co_return receipt;
  CO_TRY_VOID(co_await release(key)); // another line of theirs was written at the same time
  held_[key] = {run_id, time.monotonic_ms() + pause, 1, 0};
  scope_.spawn("debounce", wait(key, run_id));
  co_return receipt;
}

Task<> Debounce::wait(std::string key, std::string run_id) {
  auto& time = runtime_.services().time;
  while (true) {
    const auto held = held_.find(key);
    if (held == held_.end() || held->second.run_id != run_id) co_return Result<>{};
    const auto left = held->second.until_ms - time.monotonic_ms();
    if (left <= 0) break;
    CO_TRY_VOID(co_await time.sleep_ms(left));
  }
  co_return co_await release(key);
}

Task<> Debounce::release(std::string key) {
  while (true) {
    const auto held = held_.find(key);
    if (held == held_.end()) co_return Result<>{};
    if (held->second.joining == 0) break;
    CO_TRY_VOID(co_await changed_.wait());
  }
  const auto run_id = held_.at(key).run_id;
  held_.erase(key);
  CO_TRY(const auto row, store::find_run(runtime_.services().database.reader(), run_id));
  if (!row || row->state != "accepted") co_return Result<>{};
  if (!runtime_.resume(*row)) scope_.spawn("debounce " + run_id, queue(*row));
  co_return Result<>{};
}

// The lane is full; or the gateway stops, and its next start takes the message up.
Task<> Debounce::queue(store::InboxRow row) {
  while (!runtime_.resume(row))
    CO_TRY_VOID(co_await runtime_.services().time.sleep_ms(kFullLaneMs));
  co_return Result<>{};
}

Task<> Debounce::shut_down() {
  scope_.cancel();
  co_return co_await scope_.join();
}

} // namespace openclaw::messaging
