// Event: wakes whoever waits. notify() wakes all present waiters; it is not remembered for later ones. A waiter may
// wake without cause and checks its condition again. Queue: a bounded first-in first-out hand-over between coroutines
// of the same loop.
#pragma once
#include "async/task.hpp"
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <deque>
#include <optional>

namespace openclaw::async {

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Event {
public:
  explicit Event(Executor executor) : timer_(executor, Timer::time_point::max()) {}
  void notify() { timer_.cancel(); }
  // Succeeds when notified; Kind::cancelled when the waiting task is cancelled.
  Task<> wait();
  // As wait(), but Kind::timeout after `milliseconds`.
  Task<> wait_for(std::int64_t milliseconds);

private:
  Timer timer_;
};

template <class T>
class Queue {
public:
  Queue(Executor executor, std::size_t limit) : readable_(executor), writable_(executor), limit_(limit) {}

  // False when full or closed: the caller decides what to do with the item.
  bool try_push(T item) {
    if (closed_ || items_.size() >= limit_) return false;
    items_.push_back(std::move(item));
    readable_.notify();
    return true;
  }
  // Waits for room.
  Task<> push(T item) {
    while (!closed_ && items_.size() >= limit_) {
      auto waited = co_await writable_.wait();
      if (!waited) co_return std::unexpected(waited.error());
    }
    if (closed_) co_return fail(Kind::cancelled, "The queue is closed.");
    items_.push_back(std::move(item));
    readable_.notify();
    co_return Result<>{};
  }
  // Waits for an item; nothing once closed and empty.
  Task<std::optional<T>> pop() {
    while (items_.empty() && !closed_) {
      auto waited = co_await readable_.wait();
      if (!waited) co_return std::unexpected(waited.error());
    }
    if (items_.empty()) co_return std::optional<T>{};
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    writable_.notify();
    co_return item;
  }
  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    writable_.notify();
    return item;
  }
  void close() {
    closed_ = true;
    readable_.notify();
    writable_.notify();
  }
  std::size_t size() const { return items_.size(); }
  bool closed() const { return closed_; }

private:
  Event readable_;
  Event writable_;
  std::deque<T> items_;
  std::size_t limit_;
  bool closed_ = false;
};

} // namespace openclaw::async
