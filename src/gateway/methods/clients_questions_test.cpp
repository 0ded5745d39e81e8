// What OpenClaw's own clients ask at their start, besides what methods_test.cpp has.
#include "gateway/gateway_fixture.hpp"
#include <fstream>

namespace openclaw::gateway {
namespace {

class ClientsQuestionsTest : public testing::GatewayTest {};

TEST_F(ClientsQuestionsTest, TheSkillsOfTheWorkspaceAreListedAsNotInUse) {
  const auto& workspace = runtime->settings().agents.front().workspace;
  std::filesystem::create_directories(workspace + "/skills/weather");
  std::filesystem::create_directories(workspace + "/skills/empty");
  std::ofstream(workspace + "/skills/weather/SKILL.md")
      << "---\nname: \"weather\"\ndescription: Looks out: of the window\n---\nname: no\n";
  const auto answer = payload(connect(), "skills.status");
  const auto& skills = answer.at("skills").get_array();
  ASSERT_EQ(skills.size(), 1u);
  EXPECT_EQ(string_or(skills[0], "name"), "weather");
  EXPECT_EQ(string_or(skills[0], "description"), "Looks out: of the window");
  EXPECT_TRUE(bool_or(skills[0], "disabled", false));
  EXPECT_FALSE(bool_or(skills[0], "eligible", true));
}

// parity: 1.5-compaction
TEST_F(ClientsQuestionsTest, ACompactedSessionKeepsItsNewestEntries) {
  const auto socket = connect();
  for (const auto* word : {"one", "two"}) {
    payload(socket, "chat.send", {{"sessionKey", "main"}, {"message", word}, {"idempotencyKey", word}});
    EXPECT_EQ(string_or(ending(socket, word), "state"), "final");
  }
  const auto kept = payload(socket, "sessions.compact", {{"key", "main"}});
  EXPECT_FALSE(bool_or(kept, "compacted", true));
  const auto cut = payload(socket, "sessions.compact", {{"key", "main"}, {"maxLines", 2}});
  EXPECT_TRUE(bool_or(cut, "compacted", false));
  const auto messages = payload(socket, "chat.history", {{"sessionKey", "main"}}).at("messages").get_array();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(string_or(messages[0].at("content").at(0), "text"), "two");
  payload(socket, "chat.send", {{"sessionKey", "main"}, {"message", "three"}, {"idempotencyKey", "three"}});
  EXPECT_EQ(string_or(ending(socket, "three"), "state"), "final");
  EXPECT_FALSE(bool_or(payload(socket, "sessions.compact", {{"key", "agent:main:none"}}), "compacted", true));
}

TEST_F(ClientsQuestionsTest, WhatIsNotThereIsEmptyAndNotUnknown) {
  const auto socket = connect();
  EXPECT_TRUE(payload(socket, "channels.status").at("channelAccounts").get_object().empty());
  EXPECT_TRUE(payload(socket, "node.list").at("nodes").get_array().empty());
  EXPECT_TRUE(payload(socket, "node.pair.list").at("paired").get_array().empty());
  EXPECT_TRUE(ask(socket, "last-heartbeat").at("payload").is_null());
  const auto commands = payload(socket, "commands.list", {{"scope", "text"}}).at("commands").get_array();
  EXPECT_TRUE(std::any_of(commands.begin(), commands.end(), [](const auto& command) {
    return string_or(command, "name") == "status" && command.at("textAliases").at(0) == "/status";
  }));
}

} // namespace
} // namespace openclaw::gateway
