#include "async/time.hpp"

#include <boost/asio/this_coro.hpp>

namespace openclaw::async {

Task<> SystemTime::sleep_ms(std::int64_t milliseconds) {
  auto before = co_await check_cancelled();
  if (!before) co_return before;
  const auto executor = co_await asio::this_coro::executor;
  Timer timer(executor, std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(use_task);
  co_return co_await check_cancelled();
}

Task<> FakeTime::sleep_ms(std::int64_t milliseconds) {
  const auto until = now_ + milliseconds;
  const auto event = std::make_shared<Event>(executor_);
  const auto at = due_.emplace(until, event);
  Result<> outcome;
  while (now_ < until && outcome)
    outcome = co_await event->wait();
  due_.erase(at);
  co_return outcome;
}

void FakeTime::advance(std::int64_t milliseconds) {
  now_ += milliseconds;
  for (const auto& [at, event] : due_)
    if (at <= now_) event->notify();
}

} // namespace openclaw::async
