#include "gateway/bind.hpp"
#include "gateway/failure_limiter.hpp"
#include "gateway/greetings.hpp"
#include "gateway/remote.hpp"
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace openclaw::gateway {
namespace {

Remote judge(net::Headers headers, std::string peer = "127.0.0.1", std::vector<std::string> proxies = {}) {
  net::Request request;
  request.headers = std::move(headers);
  if (!request.headers.find("Host")) request.headers.add("Host", "127.0.0.1:18789");
  const bool loopback = peer == "127.0.0.1" || peer == "::1" || peer.starts_with("::ffff:127.");
  return judge_remote(request, {std::move(peer), loopback}, proxies);
}

TEST(Remote, OnlyADirectProgramOfThisMachineIsLocal) {
  for (const auto* host : {"localhost", "127.0.0.1:18789", "[::1]:18789", "LOCALHOST:1"})
    EXPECT_TRUE(judge({{"Host", host}}).local) << host;
  EXPECT_TRUE(judge({}, "::1").local);
  EXPECT_FALSE(judge({{"Host", "claw.example"}}).local);
  EXPECT_FALSE(judge({}, "192.0.2.7").local);
  EXPECT_FALSE(judge({{"Origin", "http://127.0.0.1:18789"}}).local);
  for (const auto* trace : {"Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Real-IP", "Via"})
    EXPECT_FALSE(judge({{trace, "127.0.0.1"}}).local) << trace;
}

TEST(Remote, WhatAStrangerSaysAboutForwardingIsNotBelieved) {
  const auto remote = judge({{"X-Forwarded-For", "10.1.1.1"}}, "192.0.2.7", {"192.0.2.8"});
  EXPECT_EQ(remote.address, "192.0.2.7");
  EXPECT_EQ(judge({{"X-Forwarded-For", "10.1.1.1"}}).address, "127.0.0.1");
  EXPECT_TRUE(judge({{"X-Forwarded-For", "10.1.1.1"}}).loopback);
}

// parity: 1.1-shared-auth
TEST(Remote, ATrustedProxyNamesItsClient) {
  const std::vector<std::string> proxies{"127.0.0.1", "10.0.0.2"};
  const auto of = [&](std::string hops) { return judge({{"X-Forwarded-For", hops}}, "127.0.0.1", proxies); };
  EXPECT_EQ(of("203.0.113.9").address, "203.0.113.9");
  EXPECT_FALSE(of("203.0.113.9").loopback);
  // What the client wrote itself stands to the left and is not looked at.
  EXPECT_EQ(of("1.1.1.1, 203.0.113.9, 10.0.0.2").address, "203.0.113.9");
  EXPECT_EQ(of("[2001:db8::1]:443").address, "2001:db8::1");
  EXPECT_EQ(of("203.0.113.9:5000").address, "203.0.113.9");
  EXPECT_EQ(of("rubbish").address, "127.0.0.1");
  EXPECT_FALSE(of("127.0.0.1").local);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "10.0.0.2, ";
  EXPECT_EQ(of(many + "10.0.0.2").address, "127.0.0.1");
}

TEST(Remote, AddressesAreSpelledOneWay) {
  EXPECT_EQ(plain_address("::FFFF:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(plain_address("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(plain_address("::ffff:0a00:1"), "10.0.0.1");
  EXPECT_EQ(plain_address("2001:DB8:0:0::1"), "2001:db8::1");
  for (const auto* wrong : {"", "localhost", "1.2.3", "[", "[::1", "1.2.3.4:5:6", "999.1.1.1"})
    EXPECT_EQ(plain_address(wrong), wrong == std::string("[::1") ? "::1" : "") << wrong;
}

// parity: 1.1-single-port
TEST(Bind, TakesThePortOfTheEnvironmentOrSaysWhyNot) {
  EXPECT_EQ(port_from(std::nullopt).value(), std::nullopt);
  EXPECT_EQ(port_from("19001").value(), 19001);
  for (const auto* wrong : {"65536", "-1", "80x", "door"}) {
    const auto port = port_from(wrong);
    ASSERT_FALSE(port) << wrong;
    EXPECT_EQ(port.error().kind, Kind::invalid);
  }
}

// parity: 1.1-bind-modes
TEST(Bind, SaysWhereToListenOrWhyNot) {
  const std::vector<std::string> own{"192.0.2.5", "100.101.102.103", "fe80::1"};
  const auto where = [&](std::string_view bind, std::string_view custom = "", bool tailscale = true) {
    return where_to_listen(bind, custom, 18789, tailscale ? own : std::vector<std::string>{"192.0.2.5"});
  };
  const auto hosts = [](const Result<Listening>& listening) {
    std::string text;
    for (const auto& address : listening->addresses)
      text += address.host + " ";
    return text;
  };
  EXPECT_EQ(hosts(where("loopback")), "127.0.0.1 ::1 ");
  EXPECT_FALSE(where("auto")->exposed);
  EXPECT_FALSE(where("127.0.0.1")->exposed);
  EXPECT_EQ(hosts(where("127.0.0.9")), "127.0.0.1 ::1 127.0.0.9 ");
  EXPECT_EQ(hosts(where("lan")), "0.0.0.0 ::1 ");
  EXPECT_TRUE(where("lan")->exposed);
  EXPECT_EQ(hosts(where("tailnet")), "127.0.0.1 ::1 100.101.102.103 ");
  EXPECT_EQ(where("tailnet", "", false).error().kind, Kind::missing);
  EXPECT_EQ(hosts(where("custom", "192.0.2.5")), "127.0.0.1 ::1 192.0.2.5 ");
  EXPECT_TRUE(where("192.0.2.5")->exposed);
  EXPECT_EQ(where("custom").error().kind, Kind::invalid);
  EXPECT_EQ(where("custom", "192.0.2.99").error().kind, Kind::missing);
  EXPECT_EQ(where("everywhere").error().kind, Kind::invalid);
  EXPECT_EQ(where("::").error().kind, Kind::invalid);
}

class HandClock final : public Clock {
public:
  std::int64_t now_ms() const override { return now; }
  std::int64_t monotonic_ms() const override { return now; }
  std::int64_t now = 1'000'000;
};

TEST(FailureLimits, CountEachNetworkByItselfAndForgetTheOldest) {
  HandClock clock;
  FailureLimits limits(clock);
  for (int i = 0; i < 10; ++i)
    limits.count_failure("2001:db8::" + std::to_string(i));
  EXPECT_GT(limits.retry_after_ms("2001:db8::ffff"), 0); // one network of 64 bits
  EXPECT_EQ(limits.retry_after_ms("2001:db8:0:1::1"), 0);
  EXPECT_EQ(limits.own().retry_after_ms(), 0);
  for (int i = 0; i < 10'000; ++i)
    limits.count_failure("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                         std::to_string(i % 256));
  EXPECT_EQ(limits.size(), FailureLimits::kMost);
  EXPECT_EQ(limits.retry_after_ms("2001:db8::1"), 0);
}

TEST(Greetings, HoldFewPlacesInAllAndFewerForOneAddressElsewhere) {
  Greetings greetings;
  std::vector<Greetings::Place> places;
  const Remote far{"192.0.2.7", false, false};
  for (int i = 0; i < 10'000; ++i)
    if (auto place = greetings.enter(far)) places.push_back(std::move(place));
  EXPECT_EQ(places.size(), Greetings::kMostFromOneAddress);
  for (int i = 0; i < 10'000; ++i)
    if (auto place = greetings.enter({"127.0.0.1", true, true})) places.push_back(std::move(place));
  EXPECT_EQ(greetings.size(), Greetings::kMost);
  EXPECT_FALSE(greetings.enter({"192.0.2.8", false, false}));
  places.clear();
  EXPECT_EQ(greetings.size(), 0u);
  EXPECT_TRUE(greetings.enter(far));
}

} // namespace
} // namespace openclaw::gateway
