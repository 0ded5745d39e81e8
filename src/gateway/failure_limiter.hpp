// Slows down whoever guesses credentials: after ten failures in a minute every further attempt waits, twice as long
// each time.
#pragma once
#include "base/clock.hpp"
#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>

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

// One limiter for this machine, because behind loopback and local proxies addresses say nothing (loopback is not
// excepted), and one for each other address. Of those it keeps the last kMost; an IPv6 network of 64 bits is one.
class FailureLimits {
public:
  static constexpr std::size_t kMost = 1024;
  explicit FailureLimits(const Clock& clock) : clock_(clock), own_(clock) {}
  FailureLimiter& own() { return own_; }
  std::int64_t retry_after_ms(std::string_view address) const;
  void count_failure(std::string_view address);
  std::size_t size() const { return by_network_.size(); }

private:
  struct Row {
    FailureLimiter limiter;
    std::list<std::string>::iterator age;
  };
  const Clock& clock_;
  FailureLimiter own_;
  std::map<std::string, Row> by_network_;
  std::list<std::string> ages_; // the latest failure first
};

} // namespace openclaw::gateway
