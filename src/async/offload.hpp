// Blocking work (disk, hashing, parsing of anything above 64 KB) on a small thread pool, started at first use.
// The function runs on another thread: it owns what it touches. It is not cancelled, only waited for.
#pragma once
#include "async/task.hpp"
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>

namespace openclaw::async {

// At most two threads for the whole process.
void post_to_pool(std::function<void()> work);
// Joins the pool; later posts are refused silently. For the end of main().
void stop_pool();

// Resumes the awaiting coroutine on its own loop with what `start` hands to the callback, from whatever thread.
template <class T>
Task<T> await_callback(std::function<void(std::function<void(Result<T>)>)> start) {
  auto result = co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(Result<T>)>(
      [](auto handler, std::function<void(std::function<void(Result<T>)>)> begin) {
        auto executor = asio::get_associated_executor(handler);
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        auto guard = std::make_shared<asio::executor_work_guard<decltype(executor)>>(asio::make_work_guard(executor));
        begin([executor, kept, guard](Result<T> outcome) {
          asio::post(executor, [kept, guard, value = std::move(outcome)]() mutable {
            guard->reset();
            (*kept)(std::move(value));
          });
        });
      },
      asio::use_awaitable_t<Executor>(), std::move(start));
  co_return result;
}

template <class T>
Task<T> offload(std::function<Result<T>()> work) {
  std::function<void(std::function<void(Result<T>)>)> start =
      [work = std::move(work)](std::function<void(Result<T>)> done) {
        post_to_pool([work, done = std::move(done)] { done(work()); });
      };
  auto result = co_await await_callback<T>(std::move(start));
  co_return result;
}

} // namespace openclaw::async
