#include "async/event.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

namespace openclaw::async {

Task<> Event::wait() {
  auto before = co_await check_cancelled();
  if (!before) co_return before;
  co_await timer_.async_wait(use_task);
  co_return co_await check_cancelled();
}

Task<> Event::wait_for(std::int64_t milliseconds) {
  auto before = co_await check_cancelled();
  if (!before) co_return before;
  struct Race {
    bool waiting = true;
    bool expired = false;
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>();
  Timer deadline(executor, std::chrono::milliseconds(milliseconds));
  // The handler may run after this frame is gone: it touches the event only while somebody still waits.
  deadline.async_wait([this, race](boost::system::error_code code) {
    if (code || !race->waiting) return;
    race->expired = true;
    timer_.cancel();
  });
  co_await timer_.async_wait(use_task);
  race->waiting = false;
  deadline.cancel();
  auto after = co_await check_cancelled();
  if (!after) co_return after;
  if (race->expired) co_return fail(Kind::timeout, "Nothing happened in time.");
  co_return Result<>{};
}

} // namespace openclaw::async
