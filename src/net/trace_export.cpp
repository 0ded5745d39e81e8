#include "net/trace_export.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace openclaw::net {
namespace {

constexpr std::size_t kBatch = 512;
constexpr int kAttempts = 3;
constexpr std::int64_t kGatherMs = 500;
constexpr std::int64_t kLongestGatherMs = 60'000;
constexpr std::int64_t kPatienceMs = 10'000;
constexpr std::int64_t kFlushMs = 2000;
constexpr int kErrorStatus = 2;

json::object attribute(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", json::object{{"stringValue", value}}}};
}

json::object span_json(const trace::Record& span) {
  json::object object{{"traceId", to_hex(span.context.trace_id)},
                      {"spanId", to_hex(span.context.span_id)},
                      {"name", span.name},
                      {"kind", static_cast<int>(span.kind)},
                      {"startTimeUnixNano", std::to_string(span.start_ns)},
                      {"endTimeUnixNano", std::to_string(span.end_ns)}};
  if (span.parent != decltype(span.parent){}) object["parentSpanId"] = to_hex(span.parent);
  json::array attributes;
  for (const auto& [key, value] : span.attributes)
    attributes.push_back(attribute(key, value));
  object["attributes"] = std::move(attributes);
  if (!span.error.empty()) object["status"] = json::object{{"code", kErrorStatus}, {"message", span.error}};
  return object;
}

double rate_of(const json::value& settings) {
  const auto* written = find(settings, "sampleRate");
  return written && written->is_number() ? written->to_number<double>() : 1;
}

} // namespace

std::string otlp_traces(const std::vector<trace::Record>& spans, std::string_view service) {
  json::array list;
  for (const auto& span : spans)
    list.push_back(span_json(span));
  json::object scope{{"scope", json::object{{"name", "openclaw"}, {"version", kVersion}}}, {"spans", std::move(list)}};
  json::object resource{{"attributes", json::array{attribute("service.name", service)}}};
  json::object whole{{"resource", std::move(resource)}, {"scopeSpans", json::array{std::move(scope)}}};
  return to_text(json::object{{"resourceSpans", json::array{std::move(whole)}}});
}

void TraceExport::configure(const json::value& config) {
  const auto* diagnostics = find(config, "diagnostics");
  const auto* otel = diagnostics ? find(*diagnostics, "otel") : nullptr;
  const bool on = otel && bool_or(*diagnostics, "enabled", true) && bool_or(*otel, "enabled", false) &&
                  bool_or(*otel, "traces", true) && !string_or(*otel, "endpoint").empty();
  const auto wanted = on ? *otel : json::value();
  if (wanted == settings_) return;
  settings_ = wanted;
  if (!on) return trace::stop();
  trace::start(rate_of(settings_), [this] {
    if (running_) return;
    running_ = true;
    scope_.spawn("trace export", run());
  });
}

Task<> TraceExport::run() {
  while (true) {
    const auto gather =
        std::clamp<std::int64_t>(integer_or(settings_, "flushIntervalMs", kGatherMs), 0, kLongestGatherMs);
    auto slept = co_await time_.sleep_ms(gather);
    if (slept) sending_ = trace::take(kBatch);
    if (sending_.empty()) break;
    Result<> sent;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      sent = co_await send(sending_, kPatienceMs);
      if (sent || !is_retryable(sent.error().kind)) break;
      CO_TRY_VOID(co_await time_.sleep_ms(std::int64_t{1000} << attempt));
    }
    const auto spans = std::exchange(sending_, {});
    if (sent) continue;
    trace::count_dropped(spans.size());
    log::warn("trace", sent.error().text());
  }
  running_ = false;
  co_return Result<>{};
}

Task<> TraceExport::flush() {
  const auto until = time_.monotonic_ms() + kFlushMs;
  // Again what is on its way: nobody will wait for its answer, and who got it twice knows it by its ids.
  for (auto spans = sending_.empty() ? trace::take(kBatch) : sending_; !spans.empty(); spans = trace::take(kBatch)) {
    const auto left = until - time_.monotonic_ms();
    if (left <= 1) break;
    // To connect and to be answered.
    auto sent = co_await send(spans, left / 2);
    if (sent) continue;
    log::warn("trace", sent.error().text());
    break;
  }
  co_return Result<>{};
}

Task<> TraceExport::send(std::vector<trace::Record> spans, std::int64_t patience_ms) {
  auto endpoint = without_trailing_slashes(string_or(settings_, "endpoint"));
  if (!endpoint.ends_with("/v1/traces")) endpoint += "/v1/traces";
  Outbound request("POST", std::move(endpoint));
  if (const auto* headers = find(settings_, "headers"); headers && headers->is_object())
    for (const auto& header : headers->get_object())
      if (header.value().is_string()) request.headers.set(header.key(), std::string(header.value().get_string()));
  request.headers.set("Content-Type", "application/json");
  auto service = string_or(settings_, "serviceName");
  if (service.empty()) service = "openclaw";
  request.body = otlp_traces(spans, service);
  request.connect_timeout_ms = request.first_byte_timeout_ms = request.idle_timeout_ms = patience_ms;
  request.body_limit = 64 * 1024;
  CO_TRY(const auto answer, co_await http_.fetch(std::move(request)));
  if (answer.status / 100 == 2) co_return Result<>{};
  const bool later = answer.status == 429 || answer.status >= 500;
  co_return fail(later ? Kind::transient : Kind::remote,
                 fmt::format("The trace collector answered with HTTP status {}.", answer.status),
                 "Check diagnostics.otel.endpoint and diagnostics.otel.headers.");
}

} // namespace openclaw::net
