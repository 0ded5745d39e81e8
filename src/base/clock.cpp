#include "base/clock.hpp"

#include <ctime>
#include <fmt/core.h>

namespace openclaw {
namespace {
std::int64_t read_ms(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}
std::tm utc(std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}
} // namespace

std::int64_t SystemClock::now_ms() const {
  return read_ms(CLOCK_REALTIME);
}
std::int64_t SystemClock::monotonic_ms() const {
  return read_ms(CLOCK_MONOTONIC);
}

std::string iso_time(std::int64_t unix_ms) {
  const auto parts = utc(unix_ms);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

std::string iso_date(std::int64_t unix_ms) {
  const auto parts = utc(unix_ms);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

} // namespace openclaw
