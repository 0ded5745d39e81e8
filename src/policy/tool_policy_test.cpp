#include "policy/tool_policy.hpp"

#include <gtest/gtest.h>

namespace openclaw::policy {
namespace {

ToolVerdict judge(std::string_view config, std::vector<std::string> names, const ToolCaller& caller = {}) {
  const auto parsed = parse_json(config, "config");
  EXPECT_TRUE(parsed) << config;
  return judge_tool(names, tool_stages(*parsed, caller));
}
bool available(std::string_view config, std::string name, const ToolCaller& caller = {}) {
  return judge(config, {std::move(name)}, caller).available;
}

TEST(ToolPolicy, WithoutRulesEveryToolIsThereButPatches) {
  const auto exec = judge("{}", {"exec", "bash"});
  EXPECT_TRUE(exec.available);
  EXPECT_EQ(exec.rule, "default");
  EXPECT_EQ(exec.command, "openclaw config set tools.deny '[\"exec\"]'");
  const auto patch = judge("{}", {"apply_patch"});
  EXPECT_FALSE(patch.available);
  EXPECT_EQ(patch.rule, "tools.exec.applyPatch.enabled");
  EXPECT_EQ(patch.command, "openclaw config set tools.exec.applyPatch.enabled true");
  EXPECT_TRUE(available(R"({"tools":{"exec":{"applyPatch":{"enabled":true}}}})", "apply_patch"));
}

TEST(ToolPolicy, ADenialWinsWhereverItStandsAndIsNamedWithTheCommandThatLiftsIt) {
  const auto verdict = judge(R"({"tools":{"allow":["*"],"deny":["web_fetch","group:runtime"]}})", {"exec", "bash"});
  EXPECT_FALSE(verdict.available);
  EXPECT_EQ(verdict.rule, "tools.deny");
  EXPECT_EQ(verdict.reason, "tools.deny names \"group:runtime\".");
  EXPECT_EQ(verdict.command, "openclaw config set tools.deny '[\"web_fetch\"]'");
  EXPECT_FALSE(available(R"({"tools":{"deny":["BASH "]}})", "bash"));
  EXPECT_FALSE(judge(R"({"tools":{"deny":["bash"]}})", {"exec", "bash"}).available);
  EXPECT_EQ(judge(R"({"tools":{"deny":["ex*"]}})", {"exec"}).command, "openclaw config unset tools.deny");
}

TEST(ToolPolicy, AProfileLimitsAndAlsoAllowAddsToItOnly) {
  const auto config = R"({"tools":{"profile":"messaging"}})";
  const auto verdict = judge(config, {"exec"});
  EXPECT_FALSE(verdict.available);
  EXPECT_EQ(verdict.rule, "tools.profile");
  EXPECT_EQ(verdict.command, "openclaw config set tools.alsoAllow '[\"exec\"]'");
  EXPECT_TRUE(available(config, "sessions_send"));
  EXPECT_TRUE(available(R"({"tools":{"profile":"messaging","alsoAllow":["exec"]}})", "exec"));
  EXPECT_FALSE(available(R"({"tools":{"profile":"messaging","alsoAllow":["exec"],"deny":["exec"]}})", "exec"));
  EXPECT_TRUE(available(R"({"tools":{"profile":"coding"}})", "exec"));
  EXPECT_FALSE(available(R"({"tools":{"profile":"minimal"}})", "read"));
  EXPECT_TRUE(available(R"({"tools":{"profile":"full"}})", "read"));
}

TEST(ToolPolicy, AnAgentCanOnlyHaveLess) {
  const auto config = R"({"tools":{"profile":"coding"},"agents":{"list":[{"id":"main"},
    {"id":"reader","tools":{"allow":["read"]}},{"id":"wide","tools":{"profile":"full","allow":["*"],"alsoAllow":["message"]}}]}})";
  ToolCaller caller;
  EXPECT_TRUE(available(config, "exec", caller));
  caller.agent_id = "reader";
  const auto verdict = judge(config, {"exec"}, caller);
  EXPECT_FALSE(verdict.available);
  EXPECT_EQ(verdict.rule, "agents.list[1].tools.allow");
  EXPECT_EQ(verdict.command, "openclaw config set 'agents.list[1].tools.allow' '[\"read\",\"exec\"]'");
  EXPECT_TRUE(available(config, "read", caller));
  caller.agent_id = "wide";
  EXPECT_FALSE(available(config, "message", caller));
}

TEST(ToolPolicy, AProviderOrOneOfItsModelsHasRulesOfItsOwn) {
  const auto config = R"({"tools":{"byProvider":{"weak":{"profile":"minimal"},"weak/good":{"deny":["exec"]}}}})";
  ToolCaller caller;
  EXPECT_TRUE(available(config, "exec", caller));
  caller.provider = "Weak";
  caller.model = "small";
  EXPECT_FALSE(available(config, "read", caller));
  caller.model = "good";
  EXPECT_TRUE(available(config, "read", caller));
  EXPECT_EQ(judge(config, {"exec"}, caller).rule, "tools.byProvider[\"weak/good\"].deny");
}

TEST(ToolPolicy, AGroupAndASenderHaveTheMostExactRule) {
  const auto config = R"({"channels":{"telegram":{"groups":{"-1":{"tools":{"deny":["exec"]},
    "toolsBySender":{"ann":{"deny":["write"]},"*":{"allow":["read"]}}},"*":{"tools":{"deny":["group:fs"]}}}}}})";
  ToolCaller caller;
  EXPECT_TRUE(available(config, "exec", caller));
  caller.channel = "telegram";
  caller.group = "-1";
  EXPECT_FALSE(available(config, "exec", caller));
  EXPECT_TRUE(available(config, "write", caller));
  caller.sender = "ann";
  EXPECT_TRUE(available(config, "exec", caller));
  EXPECT_FALSE(available(config, "write", caller));
  caller.sender = "bob";
  EXPECT_EQ(judge(config, {"exec"}, caller).rule, "channels.telegram.groups.-1.toolsBySender[\"*\"].allow");
  caller.group = "-2";
  EXPECT_FALSE(available(config, "read", caller));
}

// parity: 1.7-policy
TEST(ToolPolicy, SandboxAndSubagentRulesAreTheLastStages) {
  const auto config = R"({"tools":{"sandbox":{"tools":{"deny":["browser"]}},"subagents":{"tools":{"deny":["exec"]}}}})";
  ToolCaller caller;
  EXPECT_FALSE(available(config, "browser", caller));
  EXPECT_TRUE(available(config, "exec", caller));
  caller.subagent = true;
  EXPECT_EQ(judge(config, {"exec"}, caller).rule, "tools.subagents.tools.deny");
}

TEST(ToolPolicy, WhatHoldsForWriteHoldsForPatches) {
  const std::string on = R"("exec":{"applyPatch":{"enabled":true,"allowModels":["gpt-5"]}})";
  EXPECT_FALSE(available("{\"tools\":{" + on + ",\"deny\":[\"write\"]}}", "apply_patch"));
  EXPECT_TRUE(available("{\"tools\":{" + on + ",\"allow\":[\"write\"]}}", "apply_patch"));
  ToolCaller caller;
  caller.provider = "openai";
  caller.model = "GPT-5";
  EXPECT_TRUE(available("{\"tools\":{" + on + "}}", "apply_patch", caller));
  caller.model = "other";
  EXPECT_EQ(judge("{\"tools\":{" + on + "}}", {"apply_patch"}, caller).command,
            "openclaw config set tools.exec.applyPatch.allowModels '[\"gpt-5\",\"openai/other\"]'");
}

TEST(ToolPolicy, NamesThatNoToolHasAreToldWithTheNearestOne) {
  const auto config =
      parse_json(R"({"tools":{"deny":["exce","group:rumtime","cron","mem*"],"byProvider":{"x":{"allow":["raed"]}}},
    "agents":{"list":[{"tools":{"allow":["zzzzzzzz"]}}]}})",
                 "config");
  const std::vector<std::string> known{"exec", "read"};
  const auto warnings = unknown_tool_names(*config, known);
  ASSERT_EQ(warnings.size(), 4U);
  EXPECT_EQ(warnings[0], "tools.deny names \"exce\", and there is no such tool; did you mean \"exec\"?");
  EXPECT_NE(warnings[1].find("group:runtime"), std::string::npos);
  EXPECT_NE(warnings[2].find("tools.byProvider.x.allow names \"raed\""), std::string::npos);
  EXPECT_EQ(warnings[3], "agents.list[0].tools.allow names \"zzzzzzzz\", and there is no such tool.");
  // An allow list of nothing but mistakes allows nothing: a typing error must not give more.
  EXPECT_FALSE(available(R"({"tools":{"allow":["exce"]}})", "exec"));
}

} // namespace
} // namespace openclaw::policy
