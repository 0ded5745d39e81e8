#include "config/files.hpp"
#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

class ConfigWriteTest : public testing::GatewayTest {
public:
  void SetUp() override {
    GatewayTest::SetUp();
    ASSERT_TRUE(config::replace_file(path(), R"(// mine
{
  "gateway": { "port": 18789, "auth": { "token": "a-long-secret" } }, // the door
  "agents": { "defaults": { "workspace": "${HOME_OF_TEST}" } },
  "logging": { "level": "info" }
}
)"));
  }
  std::string path() const { return folder + "/openclaw.json"; }
  std::string text() const { return config::read_small_file(path(), 100'000).value().value(); }
  std::string hash() const { return file->load()->hash; }
};

TEST_F(ConfigWriteTest, AFilledInFormChangesOnlyWhatWasChanged) {
  const auto socket = connect();
  const auto answer = payload(
      socket, "config.set",
      {{"baseHash", hash()},
       {"raw",
        R"({"gateway":{"port":18790,"auth":{"token":"***"}},"agents":{"defaults":{"workspace":"${HOME_OF_TEST}"}}})"}});
  EXPECT_EQ(text(), R"(// mine
{
  "gateway": { "port": 18790, "auth": { "token": "a-long-secret" } }, // the door
  "agents": { "defaults": { "workspace": "${HOME_OF_TEST}" } }
}
)");
  EXPECT_EQ(string_or(answer.at("config").at("gateway").at("auth"), "token"), "***");
  EXPECT_EQ(string_or(answer, "hash"), hash());
}

TEST_F(ConfigWriteTest, ATextWithCommentsIsWrittenAsItIs) {
  const auto socket = connect();
  payload(socket, "config.apply",
          {{"baseHash", hash()}, {"raw", "{ // new words\n  gateway: { auth: { token: '***' } } }\n"}});
  EXPECT_EQ(text(), "{ // new words\n  gateway: { auth: { token: \"a-long-secret\" } } }\n");
}

// parity: 1.1-config-rpc
TEST_F(ConfigWriteTest, APatchMergesAndNullRemoves) {
  const auto socket = connect();
  payload(socket, "config.patch",
          {{"baseHash", hash()}, {"raw", R"({"gateway":{"port":null},"logging":null,"budget":{"perDayUsd":2}})"}});
  const auto after = file->load();
  ASSERT_TRUE(after);
  EXPECT_EQ(to_text(after->written),
            R"({"gateway":{"auth":{"token":"a-long-secret"}},"agents":{"defaults":{"workspace":"${HOME_OF_TEST}"}},)"
            R"("budget":{"perDayUsd":2}})");
  EXPECT_TRUE(text().starts_with("// mine"));
}

// parity: 1.1-config-rpc
TEST_F(ConfigWriteTest, WhoDidNotSeeTheLatestVersionChangesNothing) {
  const auto socket = connect();
  const auto before = text();
  const json::object change{{"raw", R"({"logging":{"level":"debug"}})"}};
  EXPECT_NE(to_text(ask(socket, "config.patch", change)).find("config base hash required"), std::string::npos);
  auto stale = change;
  stale["baseHash"] = "0000";
  EXPECT_FALSE(bool_or(ask(socket, "config.patch", stale), "ok", true));
  auto unknown = change;
  unknown["baseHash"] = hash();
  unknown["onlyThisKey"] = true;
  EXPECT_FALSE(bool_or(ask(socket, "config.patch", unknown), "ok", true));
  auto list = change;
  list["baseHash"] = hash();
  list["raw"] = "[1]";
  EXPECT_FALSE(bool_or(ask(socket, "config.set", list), "ok", true));
  EXPECT_EQ(text(), before);
}

TEST_F(ConfigWriteTest, TheSchemaSaysWhichKeysAreSecret) {
  const json::value schema = json::object{
      {"type", "object"},
      {"properties",
       {{"models",
         {{"type", "object"},
          {"description", "Models."},
          {"properties",
           {{"providers", {{"additionalProperties", {{"properties", {{"apiKey", {{"type", "string"}}}}}}}}}}}}}}}};
  file = std::make_unique<config::Config>(path(), schema, config::Environment{});
  services.reset(new Services{time, random, *database, *runtime, *models, *messaging, *gateway, folder, path(), "9.9.9",
                              *file, [] { return json::object(); }});
  gateway->attach(*services);
  const auto answer = payload(connect(), "config.schema");
  EXPECT_EQ(string_or(answer.at("uiHints").at("models"), "help"), "Models.");
  EXPECT_TRUE(bool_or(answer.at("uiHints").at("models.providers.*.apiKey"), "sensitive", false));
}

} // namespace
} // namespace openclaw::gateway
