#include "net/sse.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace openclaw::net {
namespace {

std::vector<ServerSentEvent> parse(std::string_view text, std::size_t cut) {
  SseParser parser;
  std::vector<ServerSentEvent> events;
  for (std::size_t at = 0; at < text.size(); at += cut) {
    EXPECT_TRUE(parser.feed(text.substr(at, cut)));
    while (auto event = parser.next())
      events.push_back(std::move(*event));
  }
  return events;
}

TEST(SseParser, ReadsTheSameEventsFromAnyCut) {
  const std::string_view text = "\xEF\xBB\xBF: comment\r\nevent: add\r\ndata: one\r\ndata:two\r\nid: 7\r\n\r\n"
                                "data\n\nevent: lonely\n\ndata:  spaced\r\r"
                                "retry: 10\ndata: {\"a\":1}\n\ndata: unfinished";
  for (std::size_t cut = 1; cut <= text.size(); ++cut) {
    const auto events = parse(text, cut);
    ASSERT_EQ(events.size(), 4U) << cut;
    EXPECT_EQ(events[0].event, "add");
    EXPECT_EQ(events[0].data, "one\ntwo");
    EXPECT_EQ(events[0].id, "7");
    EXPECT_EQ(events[1].data, "");
    EXPECT_EQ(events[2].data, " spaced");
    EXPECT_EQ(events[2].event, "");
    EXPECT_EQ(events[3].data, "{\"a\":1}");
    EXPECT_EQ(events[3].id, "7");
  }
}

TEST(SseParser, ShowsAnEventAsSoonAsItsLastLineEnds) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("data: x\r\r"));
  EXPECT_TRUE(parser.next());
}

TEST(SseParser, BoundsAnEvent) {
  SseParser parser(1000);
  Result<> fed;
  for (int i = 0; i < 300 && fed; ++i) {
    fed = parser.feed("data: 0123456789\n");
    EXPECT_FALSE(parser.next());
  }
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().kind, Kind::invalid);
  SseParser one_line(1000);
  fed = Result<>{};
  for (int i = 0; i < 300 && fed; ++i)
    fed = one_line.feed("0123456789");
  EXPECT_FALSE(fed);
}

} // namespace
} // namespace openclaw::net
