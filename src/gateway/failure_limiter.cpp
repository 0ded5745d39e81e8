#include "gateway/failure_limiter.hpp"

#include <algorithm>

namespace openclaw::gateway {

std::int64_t FailureLimiter::retry_after_ms() const {
  return std::max<std::int64_t>(closed_until_ms_ - clock_.monotonic_ms(), 0);
}

void FailureLimiter::count_failure() {
  const auto now = clock_.monotonic_ms();
  failures_.push_back(now);
  if (failures_.size() > kFree) failures_.pop_front();
  if (failures_.size() < kFree || now - failures_.front() > std::max(kWindowMs, 2 * delay_ms_)) {
    delay_ms_ = 0;
    return;
  }
  delay_ms_ = delay_ms_ == 0 ? kFirstDelayMs : std::min(delay_ms_ * 2, kLongestDelayMs);
  closed_until_ms_ = now + delay_ms_;
}

} // namespace openclaw::gateway
