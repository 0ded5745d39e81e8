#include "cli/moving/rights.hpp"

#include "cli/moving/move_out.hpp"
#include "cli/onboarding/sections.hpp"
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace openclaw::cli {
namespace {

std::string paths(std::string_view config) {
  std::string out;
  for (const auto& right : granted_rights(json::parse(config)))
    out += config::path_text(right.path) + "=" + to_text(right.safe) + " ";
  return out;
}

TEST(Rights, WhatOpensTheDoorBecomesTheSafeValue) {
  EXPECT_EQ(paths(R"({"gateway":{"bind":"lan","tailscale":{"mode":"funnel"}}})"),
            "gateway.bind=\"loopback\" gateway.tailscale.mode=\"off\" ");
  EXPECT_EQ(paths(R"({"tools":{"exec":{"security":"full","ask":"off"}}})"),
            "tools.exec.security=\"allowlist\" tools.exec.ask=\"on-miss\" ");
  EXPECT_EQ(paths(R"({"tools":{"elevated":{"allowFrom":{"whatsapp":["+1"]}}}})"), "tools.elevated.enabled=false ");
  EXPECT_EQ(paths(R"({"channels":{"slack":{"dm":{"policy":"open"},"accounts":{"a":{"groupPolicy":"open"}}}}})"),
            "channels.slack.dm.policy=\"pairing\" channels.slack.accounts.a.groupPolicy=\"allowlist\" ");
  EXPECT_EQ(paths(R"({"channels":{"telegram":{"allowFrom":["*","7"]}}})"), "channels.telegram.allowFrom=[\"7\"] ");
}

TEST(Rights, WhatIsSafeStaysAsItIs) {
  EXPECT_EQ(paths(R"({"gateway":{"mode":"local","bind":"loopback"},"tools":{"exec":{"security":"deny","ask":"always"},
                      "elevated":{"enabled":false}},"channels":{"telegram":{"dmPolicy":"pairing","allowFrom":["7"]}}})"),
            "");
}

TEST(MoveOut, KeysThatTheOtherProgramRefusesAreTakenOutAndNamed) {
  auto config = json::parse(R"({"gateway":{"port":1,"allowedHosts":["a"]},"budget":{"perDayUsd":1},
      "channels":{"anything":{"deep":[1]}},"models":{"providers":{"x":{"baseUrl":"u","models":[{"id":"m","odd":1}]}}},
      "agents":{"defaults":{"model":{"primary":"a/b"},"maxIterations":3},"list":[{"id":"main","odd":true}]}})");
  auto gone = keep_known_keys(config);
  std::sort(gone.begin(), gone.end());
  EXPECT_EQ(gone, (std::vector<std::string>{"agents.defaults.maxIterations", "agents.list.0.odd", "budget",
                                            "gateway.allowedHosts", "models.providers.x.models.0.odd"}));
  EXPECT_EQ(to_text(*find_path(config, "channels.anything.deep")), "[1]");
}

TEST(Onboarding, AVariableTakesThePlaceOfItsFormerLineAndNoOther) {
  EXPECT_EQ(with_variable("", "KEY", "v"), "KEY=v\n");
  EXPECT_EQ(with_variable("# mine\nKEY=old\nKEY2=x\nexport KEY = older\n", "KEY", "v"), "# mine\nKEY2=x\nKEY=v\n");
}

} // namespace
} // namespace openclaw::cli
