#include "base/metrics.hpp"

#include <fmt/core.h>
#include <map>
#include <memory>
#include <mutex>
#include <variant>

namespace openclaw::metrics {
namespace {

using Metric = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;
struct Family {
  std::string help;
  std::map<std::string, Metric, std::less<>> by_labels;
};
struct Registry {
  std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
};
Registry& registry() {
  static Registry instance;
  return instance;
}

template <class T>
T& find_or_add(std::string_view name, std::string_view help, std::string_view labels) {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& family = all.families[std::string(name)];
  if (family.help.empty()) family.help = help;
  auto [at, added] = family.by_labels.try_emplace(std::string(labels));
  if (added) at->second = std::make_unique<T>();
  return *std::get<std::unique_ptr<T>>(at->second);
}

std::string braces(std::string_view labels) {
  return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

} // namespace

Counter& counter(std::string_view name, std::string_view help, std::string_view labels) {
  return find_or_add<Counter>(name, help, labels);
}
Gauge& gauge(std::string_view name, std::string_view help, std::string_view labels) {
  return find_or_add<Gauge>(name, help, labels);
}
Histogram& histogram(std::string_view name, std::string_view help, std::string_view labels) {
  return find_or_add<Histogram>(name, help, labels);
}

void Histogram::observe_ms(std::int64_t milliseconds) {
  int bucket = 0;
  while (bucket < kBuckets && milliseconds > kBounds[bucket])
    ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(milliseconds, std::memory_order_relaxed);
}

std::string Histogram::exposition(std::string_view name, std::string_view labels) const {
  std::string out;
  std::int64_t cumulative = 0;
  const std::string separator = labels.empty() ? "" : ",";
  for (int i = 0; i <= kBuckets; ++i) {
    cumulative += buckets_[i].load(std::memory_order_relaxed);
    const auto bound = i < kBuckets ? fmt::format("{}", static_cast<double>(kBounds[i]) / 1000.0) : std::string("+Inf");
    out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, separator, bound, cumulative);
  }
  const auto sum = static_cast<double>(sum_.load(std::memory_order_relaxed)) / 1000.0;
  out += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, braces(labels), sum, name, braces(labels), cumulative);
  return out;
}

std::string exposition() {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  std::string out;
  for (const auto& [name, family] : all.families) {
    std::string_view type;
    std::string lines;
    for (const auto& [labels, metric] : family.by_labels) {
      if (const auto* c = std::get_if<std::unique_ptr<Counter>>(&metric)) {
        type = "counter";
        lines += fmt::format("{}{} {}\n", name, braces(labels), (*c)->value());
      } else if (const auto* g = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
        type = "gauge";
        lines += fmt::format("{}{} {}\n", name, braces(labels), (*g)->value());
      } else if (const auto* h = std::get_if<std::unique_ptr<Histogram>>(&metric)) {
        type = "histogram";
        lines += (*h)->exposition(name, labels);
      }
    }
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n{}", name, family.help, name, type, lines);
  }
  return out;
}

std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n')
      out += "\\n";
    else
      out.push_back(c);
  }
  return out;
}

} // namespace openclaw::metrics
