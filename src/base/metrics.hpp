// Counters, gauges and histograms of this process, in Prometheus' text exposition format 0.0.4.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace openclaw::metrics {

// A metric lives for the whole process. `labels` is the text between the braces, e.g. `provider="openai"`, or empty.
class Counter {
public:
  void add(std::int64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_{0};
};

class Gauge {
public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_{0};
};

// Milliseconds, in the buckets 1 2 5 10 20 50 100 200 500 1000 2000 5000 10000 30000 60000.
class Histogram {
public:
  static constexpr std::int64_t kBounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000};
  static constexpr int kBuckets = sizeof(kBounds) / sizeof(kBounds[0]);
  void observe_ms(std::int64_t milliseconds);
  std::string exposition(std::string_view name, std::string_view labels) const;

private:
  std::atomic<std::int64_t> buckets_[kBuckets + 1]{};
  std::atomic<std::int64_t> sum_{0};
};

Counter& counter(std::string_view name, std::string_view help, std::string_view labels = {});
Gauge& gauge(std::string_view name, std::string_view help, std::string_view labels = {});
Histogram& histogram(std::string_view name, std::string_view help, std::string_view labels = {});

std::string exposition();
std::string escape_label(std::string_view value);

} // namespace openclaw::metrics
