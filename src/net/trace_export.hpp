// Sends spans to an OpenTelemetry collector, as OTLP's JSON over HTTP. It costs nothing while no spans wait.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/json.hpp"
#include "base/trace.hpp"
#include "net/http_client.hpp"

namespace openclaw::net {

// The body of a request to /v1/traces.
std::string otlp_traces(const std::vector<trace::Record>& spans, std::string_view service);

class TraceExport {
public:
  // All must outlive it.
  TraceExport(HttpClient& http, async::Scope& scope, async::Time& time) : http_(http), scope_(scope), time_(time) {}
  ~TraceExport() { trace::stop(); }
  TraceExport(const TraceExport&) = delete;
  TraceExport& operator=(const TraceExport&) = delete;

  // With every configuration: starts and stops tracing as `diagnostics.otel` says.
  void configure(const json::value& config);
  // What waits is sent now, within two seconds.
  Task<> flush();

private:
  Task<> run();
  Task<> send(std::vector<trace::Record> spans, std::int64_t patience_ms);

  HttpClient& http_;
  async::Scope& scope_;
  async::Time& time_;
  json::value settings_; // of diagnostics.otel; null while off
  std::vector<trace::Record> sending_;
  bool running_ = false;
};

} // namespace openclaw::net
