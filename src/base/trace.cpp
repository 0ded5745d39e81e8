#include "base/trace.hpp"

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <chrono>
#include <deque>
#include <span>

namespace openclaw::trace {
namespace {

constexpr std::size_t kWaiting = 4096;
constexpr std::size_t kAttributes = 8;
constexpr std::size_t kValueBytes = 128;
constexpr std::uint8_t kSampled = 1;
constexpr std::size_t kTextBytes = 55; // of version 00

struct Collector {
  double rate = 1;
  std::function<void()> waiting;
  std::deque<Record> records;
  SystemRandom random;
};

// Null while tracing is off. Only the event loop has to do with it.
std::unique_ptr<Collector>& collector() {
  static std::unique_ptr<Collector> only;
  return only;
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    const int high = digit(text[2 * index]);
    const int low = digit(text[2 * index + 1]);
    if (high < 0 || low < 0) return false;
    bytes[index] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool begins_recorded(Collector& with) {
  constexpr double kRange = 4294967296.0;
  return static_cast<double>(with.random.next() >> 32) < with.rate * kRange;
}

} // namespace

std::optional<Context> parse_traceparent(std::string_view text) {
  if (text.size() < kTextBytes || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  Context context;
  if (!read_hex(text.substr(0, 2), {&version, 1}) || version == 0xff) return std::nullopt;
  if (text.size() > kTextBytes && (version == 0 || text[kTextBytes] != '-')) return std::nullopt;
  if (!read_hex(text.substr(3, 32), context.trace_id) || !read_hex(text.substr(36, 16), context.span_id) ||
      !read_hex(text.substr(53, 2), {&context.flags, 1}))
    return std::nullopt;
  if (!context.valid() || context.span_id == decltype(context.span_id){}) return std::nullopt;
  context.flags &= kSampled;
  return context;
}

std::string traceparent(const Context& context) {
  return "00-" + to_hex(context.trace_id) + "-" + to_hex(context.span_id) + "-" + to_hex({&context.flags, 1});
}

Span::Span(std::string_view name, Kind kind, const Context& parent) : context_(parent) {
  auto* with = collector().get();
  if (!with) return;
  if (!parent.valid()) {
    // Decided once for the whole trace: what follows would decide anew without a context that says no.
    with->random.fill(context_.trace_id);
    with->random.fill(context_.span_id);
    context_.flags = begins_recorded(*with) ? kSampled : 0;
  }
  if (!(context_.flags & kSampled)) return;
  with->random.fill(context_.span_id);
  record_ = std::make_unique<Record>();
  record_->name = name;
  record_->kind = kind;
  record_->context = context_;
  record_->parent = parent.span_id;
  record_->start_ns = now_ns();
}

void Span::attribute(std::string_view key, std::string_view value) {
  if (!record_ || record_->attributes.size() >= kAttributes) return;
  record_->attributes.emplace_back(key, utf8_prefix(value, kValueBytes));
}

void Span::fail(std::string_view error) {
  if (record_) record_->error = utf8_prefix(error, kValueBytes);
}

void Span::end() {
  if (!record_) return;
  const auto record = std::move(record_);
  auto* with = collector().get();
  if (!with) return;
  record->end_ns = std::max(now_ns(), record->start_ns);
  if (with->records.size() >= kWaiting) return count_dropped(1);
  with->records.push_back(std::move(*record));
  if (with->records.size() == 1) with->waiting();
}

void start(double rate, std::function<void()> waiting) {
  auto fresh = std::make_unique<Collector>();
  fresh->rate = rate;
  fresh->waiting = std::move(waiting);
  collector() = std::move(fresh);
}

void stop() {
  collector().reset();
}

void count_dropped(std::size_t spans) {
  metrics::counter("openclaw_trace_spans_dropped_total", "Spans that were lost on the way to the collector.")
      .add(static_cast<std::int64_t>(spans));
}

std::vector<Record> take(std::size_t most) {
  std::vector<Record> taken;
  auto* with = collector().get();
  if (!with) return taken;
  while (!with->records.empty() && taken.size() < most) {
    taken.push_back(std::move(with->records.front()));
    with->records.pop_front();
  }
  return taken;
}

} // namespace openclaw::trace
