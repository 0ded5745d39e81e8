// Slows down whoever guesses credentials: after ten failures in a minute every further attempt waits, twice as long
// each time. One for a listener and not one for an address, because behind loopback and NAT addresses say nothing;
// loopback is not excepted.
#pragma once
#include "base/clock.hpp"
#include <deque>

namespace openclaw::gateway {

class FailureLimiter {
public:
  explicit FailureLimiter(const Clock& clock) : clock_(clock) {}
  // 0: an attempt may be judged now.
  std::int64_t retry_after_ms() const;
  void count_failure();

private:
  static constexpr std::size_t kFree = 10;
  static constexpr std::int64_t kWindowMs = 60'000;
  static constexpr std::int64_t kFirstDelayMs = 1'000;
  static constexpr std::int64_t kLongestDelayMs = 5 * 60'000;
  const Clock& clock_;
  std::deque<std::int64_t> failures_; // monotonic times, at most kFree
  std::int64_t delay_ms_ = 0;
  std::int64_t closed_until_ms_ = 0;
};

} // namespace openclaw::gateway
