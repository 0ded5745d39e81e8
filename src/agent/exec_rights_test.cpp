#include "agent/exec_rights.hpp"

#include <gtest/gtest.h>

namespace openclaw::agent {
namespace {

// parity: 1.8-approvals
TEST(ExecRights, AnAgentsOwnSettingCanOnlyBeStricter) {
  const auto config =
      parse_json(R"({"agents":{"list":[{"id":"strict","tools":{"exec":{"security":"deny","ask":"always"}}},
    {"id":"wide","tools":{"exec":{"security":"full","ask":"off"}}}]}})",
                 "config");
  const policy::CommandPolicy common;
  EXPECT_EQ(exec_policy(common, *config, "strict").security, policy::ExecSecurity::deny);
  EXPECT_EQ(exec_policy(common, *config, "strict").ask, policy::ExecAsk::always);
  EXPECT_EQ(exec_policy(common, *config, "wide").security, policy::ExecSecurity::allowlist);
  EXPECT_EQ(exec_policy(common, *config, "wide").ask, policy::ExecAsk::on_miss);
  EXPECT_EQ(exec_policy(common, *config, "other").security, policy::ExecSecurity::allowlist);
}

TEST(ExecRights, WhatAsksForMoreThanAnybodyGetsIsSaid) {
  for (const auto& right : exec_rights(json::object{}, "main")) {
    EXPECT_FALSE(right.without_effect) << right.path;
    EXPECT_FALSE(right.means.empty()) << right.path;
  }
  const auto config = parse_json(R"({"tools":{"exec":{"host":"gateway","security":"full","ask":"off"},
    "elevated":{"enabled":true}},"agents":{"defaults":{"sandbox":{"mode":"off"}}}})",
                                 "config");
  std::string said;
  for (const auto& right : exec_rights(*config, "main"))
    if (right.without_effect) said += right.path + " ";
  EXPECT_EQ(said, "tools.exec.host tools.elevated.enabled agents.defaults.sandbox.mode ");
}

} // namespace
} // namespace openclaw::agent
