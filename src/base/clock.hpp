// Time as a thing that is handed in, so that tests own it. Wall time is int64 milliseconds UTC; monotonic time only
// measures spans.
#pragma once
#include <cstdint>
#include <string>

namespace openclaw {

class Clock {
public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;
  virtual std::int64_t monotonic_ms() const = 0;
};

class SystemClock final : public Clock {
public:
  std::int64_t now_ms() const override;
  std::int64_t monotonic_ms() const override;
};

// "2026-11-21T03:06:59.893Z"
std::string iso_time(std::int64_t unix_ms);
// "2026-11-21", in UTC
std::string iso_date(std::int64_t unix_ms);

} // namespace openclaw
