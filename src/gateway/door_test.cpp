#include "gateway/door.hpp"
#include <gtest/gtest.h>

namespace openclaw::gateway {
namespace {

Door door() {
  Door made({"claw.example", "localhost:9999"}, {"https://claw.example", "http://localhost:9999/"});
  made.set_port(18789);
  return made;
}

int judge(std::string host, std::string origin = {}) {
  net::Request request;
  if (!host.empty()) request.headers.add("Host", host);
  if (!origin.empty()) request.headers.add("Origin", origin);
  const auto refused = door().judge(request);
  return refused ? refused->status : 0;
}

TEST(Door, AnswersOnlyForItsOwnNames) {
  for (const auto* host : {"localhost:18789", "LOCALHOST:18789", "127.0.0.1:18789", "[::1]:18789", "localhost", "[::1]",
                           "claw.example", "claw.example:443", "localhost:9999"})
    EXPECT_EQ(judge(host), 0) << host;
  for (const auto* host : {"", "evil.example", "evil.example:18789", "localhost:1", "127.0.0.1:80",
                           "localhost.evil.example:18789", "127.0.0.1.evil.example", "0.0.0.0:18789", "[::]:18789",
                           "127.1:18789", "claw.example.evil", "localhost:18789@evil", "[::1]:18789x"})
    EXPECT_EQ(judge(host), 421) << host;
}

TEST(Door, RefusesPagesOfOtherOrigins) {
  for (const auto* origin : {"http://localhost:18789", "http://127.0.0.1:18789", "http://[::1]:18789",
                             "https://claw.example", "http://localhost:9999"})
    EXPECT_EQ(judge("localhost:18789", origin), 0) << origin;
  for (const auto* origin : {"null", "https://evil.example", "http://localhost.evil.example", "http://localhost",
                             "http://localhost:1", "https://localhost:18789", "http://claw.example", "file://",
                             "http://localhost:18789.evil.example", "chrome-extension://abc"})
    EXPECT_EQ(judge("localhost:18789", origin), 403) << origin;
}

TEST(Door, RefusesTwoHostsOrTwoOrigins) {
  net::Request request;
  request.headers.add("Host", "localhost:18789");
  request.headers.add("Host", "localhost:18789");
  EXPECT_EQ(door().judge(request)->status, 421);
  net::Request other;
  other.headers.add("Host", "localhost:18789");
  other.headers.add("Origin", "http://localhost:18789");
  other.headers.add("Origin", "https://evil.example");
  EXPECT_EQ(door().judge(other)->status, 403);
}

TEST(Door, NeverTakesSecretsFromAnAddress) {
  const auto status = [](std::string target) {
    net::Request request;
    request.target = std::move(target);
    const auto refused = secret_in_query(request);
    if (refused) EXPECT_EQ(refused->message.find("abc"), std::string::npos);
    return refused ? refused->status : 0;
  };
  EXPECT_EQ(status("/?token=abc"), 400);
  EXPECT_EQ(status("/x?a=b&PASSWORD=abc"), 400);
  EXPECT_EQ(status("/x?token"), 400);
  EXPECT_EQ(status("/x?tokens=1&a=token"), 0);
  EXPECT_EQ(status("/token=abc"), 0);
}

TEST(Door, AnswersForTheMachinesAddressesOnlyWhenOthersReachIt) {
  auto made = door();
  const auto judged = [&](std::string host, std::string origin = {}) {
    net::Request request;
    request.headers.add("Host", std::move(host));
    if (!origin.empty()) request.headers.add("Origin", std::move(origin));
    const auto refused = made.judge(request);
    return refused ? refused->status : 0;
  };
  EXPECT_EQ(judged("192.0.2.5:18789"), 421);
  made.answer_for([] { return std::vector<std::string>{"192.0.2.5", "2001:db8::5"}; });
  EXPECT_EQ(judged("192.0.2.5:18789"), 0);
  EXPECT_EQ(judged("[2001:DB8:0::5]:18789"), 0);
  EXPECT_EQ(judged("192.0.2.6:18789"), 421);
  EXPECT_EQ(judged("192.0.2.5:80"), 421);
  EXPECT_EQ(judged("evil.example:18789"), 421);
  EXPECT_EQ(judged("192.0.2.5:18789", "http://192.0.2.5:18789"), 0);
  EXPECT_EQ(judged("192.0.2.5:18789", "http://192.0.2.6:18789"), 403);
  EXPECT_EQ(judged("192.0.2.5:18789", "https://192.0.2.5:18789"), 403);
  EXPECT_EQ(judged("192.0.2.5:18789", "http://192.0.2.5"), 403);
}

} // namespace
} // namespace openclaw::gateway
