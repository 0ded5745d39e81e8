#include "agent/auth_profiles.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kNow = 1'795'230'419'000;
const std::map<std::string, std::string> kEnvironment = {{"WORK_KEY", "from-variable"}};

constexpr std::string_view kFile = R"({"version":1,"profiles":{
  "anthropic:default":{"type":"api_key","provider":"anthropic","key":"sk-default"},
  "anthropic:work":{"type":"api_key","provider":"anthropic","key":"WORK_KEY"},
  "anthropic:claude":{"type":"oauth","provider":"anthropic","access":"token-1","refresh":"never-sent","expires":1795230419001},
  "openai-codex:default":{"type":"oauth","provider":"OpenAI-Codex","access":"old","refresh":"r","expires":1795230418999},
  "copilot:x":{"type":"token","provider":"github-copilot","token":"t"},
  "ref:env":{"type":"api_key","provider":"groq","keyRef":{"source":"env","provider":"default","id":"WORK_KEY"}},
  "ref:vault":{"type":"api_key","provider":"mistral","keyRef":{"source":"exec","provider":"default","id":"x"}},
  "odd":{"type":"passkey","provider":"z"},"none":3},
  "order":{"anthropic":["anthropic:work","nobody"]},
  "lastGood":{"anthropic":"anthropic:default"},"usageStats":{}})";

StoredCredentials stored(std::string_view text = kFile,
                         const std::map<std::string, std::vector<std::string>, std::less<>>& order = {}) {
  auto parsed = parse_auth_profiles(text, kEnvironment);
  EXPECT_TRUE(parsed);
  return stored_credentials({std::move(*parsed)}, order, kNow);
}

// parity: 1.6-auth-profiles
TEST(AuthProfiles, TheFilesOrderNamesWhoIsAskedAndTheConfigurationsComesBeforeIt) {
  auto keys = stored();
  ASSERT_EQ(keys["anthropic"].size(), 1U);
  EXPECT_EQ(keys["anthropic"][0].key.reveal(), "from-variable");
  keys = stored(kFile, {{"anthropic", {"anthropic:default", "anthropic:claude"}}});
  ASSERT_EQ(keys["anthropic"].size(), 2U);
  EXPECT_EQ(keys["anthropic"][0].name, "the profile anthropic:default");
  EXPECT_EQ(stored(kFile, {{"anthropic", {"somebody:else"}}})["anthropic"].size(), 3U);
}

TEST(AuthProfiles, WithoutAnOrderLoginsComeBeforeKeysAndGoTheirOwnWay) {
  auto without = std::string(kFile);
  without.replace(without.find("\"order\""), 7, "\"later\"");
  const auto keys = stored(without).at("anthropic");
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys[0].key.reveal(), "token-1");
  EXPECT_TRUE(keys[0].flags.contains("bearer"));
  EXPECT_EQ(keys[1].key.reveal(), "sk-default");
  EXPECT_TRUE(keys[1].flags.empty());
}

TEST(AuthProfiles, AnExpiredLoginSaysWhenAndWhatToDo) {
  const auto key = stored().at("openai-codex").front();
  ASSERT_TRUE(key.problem);
  EXPECT_TRUE(key.key.empty());
  EXPECT_NE(key.problem->message.find("openai-codex:default expired at 2026-11-21T"), std::string::npos);
  EXPECT_NE(key.problem->hint.find("openclaw models auth add openai-codex"), std::string::npos);
}

TEST(AuthProfiles, AReferenceIsFollowedAndOneThatCannotBeHasItsReason) {
  EXPECT_EQ(stored().at("groq").front().key.reveal(), "from-variable");
  ASSERT_TRUE(stored().at("mistral").front().problem);
  EXPECT_NE(stored().at("mistral").front().problem->message.find("exec"), std::string::npos);
  EXPECT_FALSE(stored().contains("z"));
}

TEST(AuthProfiles, TheConfigurationsListIsAnOrderUnlessThereIsOne) {
  const auto order = configured_auth_order(*parse_json(
      R"({"auth":{"profiles":{"a:2":{"provider":"A","mode":"api_key"},"a:1":{"provider":"a","mode":"oauth"}},"order":{"B":["b:1"]}}})",
      "config"));
  EXPECT_EQ(order.at("a"), (std::vector<std::string>{"a:2", "a:1"}));
  EXPECT_EQ(order.at("b"), (std::vector<std::string>{"b:1"}));
  EXPECT_TRUE(configured_auth_order(*parse_json(R"({"auth":[1]})", "config")).empty());
}

TEST(AuthProfiles, NonsenseIsNoCrash) {
  EXPECT_FALSE(parse_auth_profiles("[1]", {}));
  EXPECT_FALSE(parse_auth_profiles("{", {}));
  for (const auto* text :
       {"{}", R"({"profiles":[]})", R"({"profiles":{"a":{"type":"api_key","provider":"p","key":7}}})",
        R"({"order":{"a":7,"b":[1]}})"})
    EXPECT_TRUE(parse_auth_profiles(text, {})) << text;
}

TEST(AuthProfiles, TheAgentsOwnFileComesBeforeTheSeedsPlaceAndTheDefaultAgents) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("openclaw-profiles-{}", static_cast<int>(::getpid()));
  std::filesystem::remove_all(folder);
  const auto write = [&](const std::string& name, std::string_view provider, std::string_view key) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << fmt::format(
        R"({{"profiles":{{"{0}:x":{{"type":"api_key","provider":"{0}","key":"{1}"}}}}}})", provider, key);
  };
  write("main/auth-profiles.json", "openai", "seed-key");
  write("main/agent/auth-profiles.json", "groq", "main-key");
  write("coder/agent/auth-profiles.json", "groq", "coder-key");
  AuthProfileFiles files(folder.string(), {});
  auto keys = stored_credentials(files.of("coder", "main"), {}, kNow);
  EXPECT_EQ(keys.at("groq").front().key.reveal(), "coder-key");
  EXPECT_EQ(keys.at("openai").front().key.reveal(), "seed-key");
  EXPECT_EQ(stored_credentials(files.of("main", "main"), {}, kNow).at("groq").front().key.reveal(), "main-key");
  write("coder/agent/auth-profiles.json", "groq", "a-longer-new-key");
  keys = stored_credentials(files.of("coder", "main"), {}, kNow);
  EXPECT_EQ(keys.at("groq").front().key.reveal(), "a-longer-new-key");
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace openclaw::agent
