#include "gateway/failure_limiter.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace openclaw::gateway {
namespace {

std::string network_of(std::string_view address) {
  unsigned char bytes[16];
  const std::string text(address);
  if (::inet_pton(AF_INET6, text.c_str(), bytes) != 1) return text;
  return "v6:" + std::string(reinterpret_cast<const char*>(bytes), 8);
}

} // namespace

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

std::int64_t FailureLimits::retry_after_ms(std::string_view address) const {
  const auto at = by_network_.find(network_of(address));
  return at == by_network_.end() ? 0 : at->second.limiter.retry_after_ms();
}

void FailureLimits::count_failure(std::string_view address) {
  const auto network = network_of(address);
  auto at = by_network_.find(network);
  if (at == by_network_.end()) {
    if (by_network_.size() >= kMost) {
      by_network_.erase(ages_.back());
      ages_.pop_back();
    }
    ages_.push_front(network);
    at = by_network_.emplace(network, Row{FailureLimiter(clock_), ages_.begin()}).first;
  } else {
    ages_.splice(ages_.begin(), ages_, at->second.age);
  }
  at->second.limiter.count_failure();
}

} // namespace openclaw::gateway
