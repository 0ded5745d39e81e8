#include "net/trace_export.hpp"

#include <gtest/gtest.h>

namespace openclaw::net {
namespace {

TEST(OtlpTraces, WritesIdsAsHexAndTimesAsText) {
  trace::Record span;
  span.name = "model";
  span.kind = trace::Kind::client;
  span.context = *trace::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  span.parent[7] = 1;
  span.start_ns = 1'795'230'419'000'000'001;
  span.end_ns = 1'795'230'419'000'000'002;
  span.attributes.emplace_back("k", "v");
  span.error = "timeout";
  const auto body = parse_json(otlp_traces({span}, "claw"), "body");
  ASSERT_TRUE(body);
  const auto expected = parse_json(
      R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","parentSpanId":"0000000000000001",
          "name":"model","kind":3,"startTimeUnixNano":"1795230419000000001","endTimeUnixNano":"1795230419000000002",
          "attributes":[{"key":"k","value":{"stringValue":"v"}}],"status":{"code":2,"message":"timeout"}})",
      "span");
  ASSERT_TRUE(expected);
  EXPECT_EQ(body->at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0), *expected);
}

} // namespace
} // namespace openclaw::net
