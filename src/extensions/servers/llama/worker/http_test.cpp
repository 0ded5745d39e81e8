#include "extensions/servers/llama/worker/http.hpp"

#include <gtest/gtest.h>

namespace openclaw::llama_worker {
namespace {

int status_of(std::string_view received) {
  const auto head = parse_http_head(received);
  return head ? 200 : head.error().status;
}

TEST(ParseHttpHead, ReadsARequest) {
  const std::string head_text = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: a\r\nCONTENT-length: 12 \r\n"
                                "Expect: 100-continue\r\n\r\n";
  const auto head = parse_http_head(head_text + "{body");
  ASSERT_TRUE(head.has_value());
  ASSERT_TRUE(head->has_value());
  EXPECT_EQ((*head)->method, "POST");
  EXPECT_EQ((*head)->path, "/v1/chat/completions");
  EXPECT_EQ((*head)->content_length, 12U);
  EXPECT_TRUE((*head)->expects_continue);
  EXPECT_EQ((*head)->head_bytes, head_text.size());
}

TEST(ParseHttpHead, WaitsForTheWholeHead) {
  const auto head = parse_http_head("GET / HTTP/1.1\r\nHost: a\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_FALSE(head->has_value());
}

TEST(ParseHttpHead, RefusesWhatIsMalformed) {
  EXPECT_EQ(status_of("GET /\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET a HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nbad name: 1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
}

TEST(ParseHttpHead, BoundsHeaderAndBody) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nContent-Length: 4194305\r\n\r\n"), 413);
  EXPECT_EQ(status_of(std::string(kMaxHeaderBytes + 1, 'a')), 431);
}

TEST(ErrorResponse, HasTheShapeOfTheApi) {
  const auto text = error_response({404, "no such path", "invalid_request_error", "not_found"});
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(text.ends_with(
      R"({"error":{"message":"no such path","type":"invalid_request_error","param":null,"code":"not_found"}})"));
}

} // namespace
} // namespace openclaw::llama_worker
