// The template behind async::run(); see scope.hpp.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>

namespace openclaw::async {

template <class T>
Result<T> run(asio::io_context& loop, Task<T> task) {
  std::optional<Result<T>> outcome;
  asio::co_spawn(
      loop,
      [](Task<T> inner) -> asio::awaitable<Result<T>, Executor> {
        co_await asio::this_coro::throw_if_cancelled(false);
        auto result = co_await std::move(inner);
        co_return result;
      }(std::move(task)),
      [&](std::exception_ptr problem, Result<T> result) {
        if (problem) std::rethrow_exception(problem);
        outcome = std::move(result);
        loop.stop();
      });
  loop.restart();
  loop.run();
  if (!outcome) return fail(Kind::bug, "The event loop ended before the task did.");
  return std::move(*outcome);
}

} // namespace openclaw::async
