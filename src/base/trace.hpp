// Traces: what one message caused, from the client to the model and the tools, as spans that know their parents. The
// context goes along explicitly as W3C traceparent; while tracing is off a span is a null pointer and nothing is kept.
// For the event loop only.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openclaw::trace {

// Where in a trace something happens. Without a trace id: nowhere, and what begins there begins a trace.
struct Context {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0; // 1: somebody records it
  bool valid() const { return trace_id != decltype(trace_id){}; }
  bool operator==(const Context&) const = default;
};

// "00-TRACE-SPAN-FLAGS" in lower-case hex, strictly; of later versions what version 00 defines, as W3C asks.
std::optional<Context> parse_traceparent(std::string_view text);
std::string traceparent(const Context& context);

enum class Kind { internal = 1, server = 2, client = 3 }; // OTLP's numbers

struct Record {
  std::string name;
  Kind kind = Kind::internal;
  Context context;
  std::array<std::uint8_t, 8> parent{}; // zero: none
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::vector<std::pair<std::string, std::string>> attributes; // never secrets, never what people or models say
  std::string error;                                           // empty: none
};

// Is over when it is destroyed or ended, and then waits to be exported.
class Span {
public:
  Span() = default;
  Span(std::string_view name, Kind kind, const Context& parent);
  Span(Span&&) noexcept = default;
  Span& operator=(Span&&) = delete;
  ~Span() { end(); }
  // What its children are given; where nothing is recorded, the parent's or one that says so.
  const Context& context() const { return context_; }
  bool recording() const { return record_ != nullptr; }
  // At most 8; values are cut at 128 bytes.
  void attribute(std::string_view key, std::string_view value);
  void fail(std::string_view error);
  void end();

private:
  Context context_;
  std::unique_ptr<Record> record_;
};

// `waiting` is called when the first span waits; at most 4096 do, what comes then is counted and lost. `rate` of the
// traces that begin here are recorded, and of those that a client began the ones that it records.
void start(double rate, std::function<void()> waiting);
void stop();
// The oldest that wait, at most so many.
std::vector<Record> take(std::size_t most);
void count_dropped(std::size_t spans);

} // namespace openclaw::trace
