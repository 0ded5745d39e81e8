// Waiting, as a thing that is handed in: SystemTime in the program, FakeTime in tests (advance() fires what became
// due).
#pragma once
#include "async/event.hpp"
#include "async/task.hpp"
#include "base/clock.hpp"
#include <map>
#include <memory>

namespace openclaw::async {

class Time : public Clock {
public:
  virtual Task<> sleep_ms(std::int64_t milliseconds) = 0;
};

class SystemTime final : public Time {
public:
  std::int64_t now_ms() const override { return clock_.now_ms(); }
  std::int64_t monotonic_ms() const override { return clock_.monotonic_ms(); }
  Task<> sleep_ms(std::int64_t milliseconds) override;

private:
  SystemClock clock_;
};

class FakeTime final : public Time {
public:
  explicit FakeTime(Executor executor, std::int64_t start_ms = 1'795'230'419'000)
      : executor_(executor), now_(start_ms) {}
  std::int64_t now_ms() const override { return now_; }
  std::int64_t monotonic_ms() const override { return now_; }
  Task<> sleep_ms(std::int64_t milliseconds) override;
  void advance(std::int64_t milliseconds);
  std::size_t sleepers() const { return due_.size(); }

private:
  Executor executor_;
  std::int64_t now_;
  std::multimap<std::int64_t, std::shared_ptr<Event>> due_;
};

} // namespace openclaw::async
