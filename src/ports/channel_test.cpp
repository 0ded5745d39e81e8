#include "ports/channel.hpp"

#include "ports/unreachable.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
namespace {

Error error(Kind kind, std::string code = {}) {
  return {kind, "https://host.test/bot123:secret/send did not answer.", "Try again.", std::move(code)};
}

TEST(SendProblem, OnlyWhatMayHaveBeenWrittenIsDoubtful) {
  for (const auto kind : {Kind::transient, Kind::timeout, Kind::busy, Kind::remote})
    EXPECT_EQ(problem_from(error(kind)).fault, SendFault::ambiguous) << kind_name(kind);
  // There was no way to the platform: refused, no such name, a proxy that wants a password, no certificates.
  for (const auto kind : {Kind::transient, Kind::timeout, Kind::remote, Kind::denied, Kind::missing, Kind::invalid})
    EXPECT_EQ(problem_from(error(kind, std::string(net::kNotSent))).fault, SendFault::transient) << kind_name(kind);
}

TEST(SendProblem, WhatCannotHelpIsNotTriedAgain) {
  EXPECT_EQ(problem_from(error(Kind::denied)).fault, SendFault::refused);
  EXPECT_EQ(problem_from(error(Kind::missing)).fault, SendFault::missing);
  EXPECT_EQ(problem_from(error(Kind::invalid)).fault, SendFault::unsupported);
}

TEST(Unreachable, SaysTheReasonButNoAddressThatMayHoldAToken) {
  for (const auto kind : {Kind::transient, Kind::timeout, Kind::remote, Kind::invalid}) {
    const auto said = unreachable(error(kind), "Telegram", "channels.telegram.apiRoot").text();
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
    EXPECT_TRUE(said.starts_with("Telegram ")) << said;
    EXPECT_NE(said.find("channels.telegram.apiRoot"), std::string::npos) << said;
  }
  const Error proxy{Kind::transient, "The proxy p:3128 wants a password.", "Put it into HTTPS_PROXY.",
                    std::string(net::kNotSent)};
  EXPECT_EQ(unreachable(proxy, "Telegram", "x").text(),
            "Telegram cannot be reached. The proxy p:3128 wants a password. Put it into HTTPS_PROXY.");
}

} // namespace
} // namespace openclaw::ports
