#include "base/trace.hpp"

#include <gtest/gtest.h>

namespace openclaw::trace {
namespace {

constexpr std::string_view kWritten = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, IsPrintedAsItWasRead) {
  const auto context = parse_traceparent(kWritten);
  ASSERT_TRUE(context);
  EXPECT_EQ(traceparent(*context), kWritten);
}

TEST(Traceparent, OfALaterVersionMaySayMore) {
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-will-be"));
  EXPECT_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-will-be"));
}

TEST(Traceparent, IsRefusedWhenItIsNotOne) {
  for (const auto* text : {"", "x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

class SpansTest : public testing::Test {
protected:
  void SetUp() override {
    start(1, [this] { ++told_; });
  }
  void TearDown() override { stop(); }
  int told_ = 0;
};

TEST_F(SpansTest, ChildrenNameTheirParentAndShareItsTrace) {
  const auto client = *parse_traceparent(kWritten);
  {
    Span parent("parent", Kind::server, client);
    Span child("child", Kind::client, parent.context());
    child.fail("timeout");
  }
  const auto records = take(10);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].name, "child");
  EXPECT_EQ(records[0].error, "timeout");
  EXPECT_EQ(records[0].parent, records[1].context.span_id);
  EXPECT_EQ(records[1].parent, client.span_id);
  EXPECT_EQ(records[0].context.trace_id, client.trace_id);
  EXPECT_EQ(told_, 1);
}

TEST_F(SpansTest, WhatTheClientDoesNotRecordIsNotRecordedHere) {
  auto client = *parse_traceparent(kWritten);
  client.flags = 0;
  Span span("span", Kind::server, client);
  EXPECT_FALSE(span.recording());
  EXPECT_EQ(span.context(), client);
}

TEST_F(SpansTest, AreLostWhenTooManyWait) {
  for (int count = 0; count < 5000; ++count)
    Span("span", Kind::internal, {});
  EXPECT_EQ(take(10'000).size(), 4096u);
}

TEST(Spans, AreNothingWhileTracingIsOff) {
  Span span("span", Kind::internal, {});
  EXPECT_FALSE(span.recording());
  EXPECT_FALSE(span.context().valid());
  span.end();
  EXPECT_TRUE(take(10).empty());
}

TEST(Spans, OfTracesThatBeginHereAreSampled) {
  start(0, [] {});
  const Span left_out("span", Kind::internal, {});
  EXPECT_FALSE(left_out.recording());
  EXPECT_TRUE(Span("span", Kind::internal, *parse_traceparent(kWritten)).recording());
  // The whole trace is left out, also where it goes on from what was written down.
  start(1, [] {});
  EXPECT_FALSE(Span("child", Kind::internal, left_out.context()).recording());
  EXPECT_FALSE(Span("later", Kind::internal, *parse_traceparent(traceparent(left_out.context()))).recording());
  stop();
}

} // namespace
} // namespace openclaw::trace
