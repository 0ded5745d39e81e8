#include "config/config.hpp"

#include "base/log.hpp"
#include "config/files.hpp"
#include "config/redact.hpp"
#include "config/sections.hpp"
#include "config/state_folder.hpp"
#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

class ConfigTest : public ::testing::Test {
protected:
  ConfigTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "openclaw-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }
  std::string path(std::string_view name = "openclaw.json") const { return folder_ + "/" + std::string(name); }
  void put(std::string_view text, std::string_view name = "openclaw.json") {
    ASSERT_TRUE(replace_file(path(name), text));
  }
  std::string text(std::string_view name = "openclaw.json") {
    return read_small_file(path(name), kTextSize)->value_or("(missing)");
  }
  Config config(std::map<std::string, std::string> environment = {}) {
    return {path(), compose_schema(linked_sections().value()), Environment(std::move(environment))};
  }
  std::vector<std::string> problems(std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> out;
    for (const auto& problem : config(std::move(environment)).load()->problems)
      out.push_back((problem.severity == Problem::Severity::warning ? "warning " : "error ") +
                    problem.text().substr(problem.file.empty() ? 0 : problem.file.rfind('/') + 1));
    return out;
  }
  static constexpr std::size_t kTextSize = 1 << 20;
  std::string folder_;
};
using Texts = std::vector<std::string>;

TEST_F(ConfigTest, AMissingFileIsAnEmptyConfiguration) {
  const auto snapshot = config().load();
  ASSERT_TRUE(snapshot);
  EXPECT_FALSE(snapshot->exists);
  EXPECT_TRUE(snapshot->valid());
  EXPECT_EQ(snapshot->value, json::value(json::object()));
}

TEST_F(ConfigTest, ASyntaxErrorNamesFileLineAndReason) {
  put("{\n  gateway: {\n    port: }\n}");
  const auto checked = config().load()->check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, path() + ", line 3, column 11: expected a value, and found }.");
}

// parity: 1.1-config
TEST_F(ConfigTest, UnknownKeysWarnWithASuggestionAndAreKept) {
  put("{\n  gateway: { prot: 1 },\n  telegrm: {} }");
  EXPECT_EQ(problems(), (Texts{"warning openclaw.json:2:14: gateway.prot is not a known key; did you mean \"port\"?",
                               "warning openclaw.json:3:3: telegrm is not a known key."}));
  EXPECT_TRUE(config().load()->valid());
  EXPECT_EQ(find_path(config().load()->value, "gateway.prot")->as_int64(), 1);
}

TEST_F(ConfigTest, ATypeErrorNamesPathLineAndExpectation) {
  put("{\n  gateway: {\n    port: '80' } }");
  EXPECT_EQ(problems(), Texts{"error openclaw.json:3:5: gateway.port must be a whole number, and is a string."});
}

TEST_F(ConfigTest, ADuplicateKeyIsSaid) {
  put("{\n  update: {},\n  update: {} }");
  EXPECT_EQ(problems(),
            Texts{"warning openclaw.json:3:3: update stands twice (first on line 2); this last one counts."});
}

// parity: 1.1-config
TEST_F(ConfigTest, PutsInUpperCaseVariablesOnly) {
  put("{ env: { vars: { B_2: 'from the file' } }, agents: { defaults: { workspace: '${A}/$${A}/${lower}/${B_2}/$A/${' "
      "} } }");
  const auto snapshot = config({{"A", "one"}}).load();
  EXPECT_EQ(find_path(snapshot->value, "agents.defaults.workspace")->as_string(),
            "one/${A}/${lower}/from the file/$A/${");
  EXPECT_EQ(find_path(snapshot->written, "agents.defaults.workspace")->as_string(), "${A}/$${A}/${lower}/${B_2}/$A/${");
}

// parity: 1.1-config
TEST_F(ConfigTest, AMissingVariableIsAnErrorThatNamesTheKey) {
  put("{ gateway: { auth: {\n token: '${NO_SUCH}' } } }");
  EXPECT_EQ(problems(), Texts{"error openclaw.json:2:2: gateway.auth.token uses ${NO_SUCH}, and the environment "
                              "variable NO_SUCH is not set."});
}

// parity: 1.1-config
TEST_F(ConfigTest, IncludesAreMergedUnderWhatStandsBesideThem) {
  put("{ gateway: { $include: ['a.json', 'b.json'], port: 3 } }");
  put("{ port: 1, bind: 'lan' }", "a.json");
  put("{ port: 2,\n mode: 7 }", "b.json");
  EXPECT_EQ(problems(), Texts{"error b.json:2:2: gateway.mode must be one of \"local\", \"remote\"."});
  EXPECT_EQ(*find(config().load()->value, "gateway"), json::parse(R"({"port":3,"bind":"lan","mode":7})"));
}

// parity: 1.1-config
TEST_F(ConfigTest, AnIncludeCycleEndsWithASentence) {
  put("{ gateway: { $include: 'a.json' } }");
  put("{ $include: 'openclaw.json' }", "a.json");
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_NE(problems()[0].find("which includes this file again"), std::string::npos);
  put("{ $include: 'nowhere.json' }");
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_NE(problems()[0].find("does not exist"), std::string::npos);
}

// parity: 1.1-config
TEST_F(ConfigTest, IncludesGoTenDeepAndNoDeeper) {
  put("{ $include: '1.json' }");
  for (int number = 1; number < 10; ++number)
    put(fmt::format("{{ $include: '{}.json' }}", number + 1), fmt::format("{}.json", number));
  put("{ gateway: { port: 3 } }", "10.json");
  EXPECT_EQ(problems(), Texts{});
  EXPECT_EQ(*find(config().load()->value, "gateway"), json::parse(R"({"port":3})"));
  put("{ $include: '11.json' }", "10.json");
  put("{ gateway: { port: 3 } }", "11.json");
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_NE(problems()[0].find("goes deeper than 10 includes"), std::string::npos) << problems()[0];
}

TEST_F(ConfigTest, ARealConfigurationOf2026130HasNoProblems) {
  put(R"({ gateway: { mode: "local", port: 18789, bind: "loopback", auth: { mode: "token", token: "tok-test-1" },
    http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
  update: { checkOnStart: false }, discovery: { mdns: { mode: "off" } }, hooks: { enabled: true, token: "hook-tok-1" },
  models: { mode: "replace", providers: { fake: { baseUrl: "http://127.0.0.1:18999/v1", apiKey: "sk-fake", api: "openai-completions",
      models: [ { id: "fake-1", name: "Fake One", reasoning: false, input: ["text"], cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
        contextWindow: 200000, maxTokens: 8192 } ] } } },
  agents: { defaults: { model: { primary: "fake/fake-1", fallbacks: [] }, workspace: "~/ws", heartbeat: { every: "30m" }, maxConcurrent: 4,
      subagents: { maxConcurrent: 8 } }, list: [ { id: "main", default: true } ] },
  tools: { exec: { host: "sandbox", security: "full", ask: "off", network: "none", timeoutSec: 60 } },
  budget: { perDayUsd: "2.50", perRunUsd: 0.1 }, channels: { telegram: { botToken: "1:x" } } })");
  EXPECT_EQ(problems(), Texts{});
}

TEST_F(ConfigTest, SettingOneKeyChangesOneLineAndKeepsTheFormerText) {
  put("{\n  // mine\n  gateway: {\n    port: 1,\n  },\n}\n");
  const auto after = config().set({"gateway", "port"}, 2, {});
  ASSERT_TRUE(after) << after.error().text();
  EXPECT_EQ(text(), "{\n  // mine\n  gateway: {\n    port: 2,\n  },\n}\n");
  EXPECT_EQ(text("revisions/openclaw.json.1"), "{\n  // mine\n  gateway: {\n    port: 1,\n  },\n}\n");
  ASSERT_TRUE(config().set({"gateway", "port"}, 3, {}));
  EXPECT_NE(text("revisions/openclaw.json.2"), "(missing)");
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ConfigTest, KeepsTwentyRevisions) {
  for (int i = 0; i < 25; ++i)
    ASSERT_TRUE(config().set({"gateway", "port"}, i, {}));
  EXPECT_NE(text("revisions/openclaw.json.20"), "(missing)");
  EXPECT_EQ(text("revisions/openclaw.json.21"), "(missing)");
}

TEST_F(ConfigTest, AWriterWhoSawAnOlderVersionIsRefused) {
  put("{ gateway: { port: 1 } }");
  const auto seen = config().load()->hash;
  put("{ gateway: { port: 2 } }");
  const auto refused = config().write("{ gateway: { port: 3 } }", {seen});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::conflict);
  EXPECT_EQ(text(), "{ gateway: { port: 2 } }");
}

TEST_F(ConfigTest, AChangeThatAddsAnErrorIsRefusedAndOneThatRemovesItIsNot) {
  put("{ gateway: { port: 'x' } }");
  EXPECT_FALSE(config().set({"gateway", "bind"}, "nowhere", {}));
  EXPECT_TRUE(config().set({"gateway", "bind"}, "lan", {}));
  EXPECT_TRUE(config().set({"gateway", "port"}, 1, {}));
  EXPECT_TRUE(config().load()->valid());
  EXPECT_FALSE(config().write("{ gateway: ", {}));
}

TEST_F(ConfigTest, LosingHalfOfTheTextNeedsForce) {
  put("{ update: {} // " + std::string(400, 'x') + "\n}");
  const auto refused = config().write("{}", {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("--force"), std::string::npos);
  EXPECT_TRUE(config().write("{}", {.force = true}));
}

TEST_F(ConfigTest, HiddenValuesSurviveAGetAndSet) {
  put("{ gateway: { auth: { token: 'very-secret', mode: 'token' }, port: 1 } }");
  auto shown = redact_text_for_display(text());
  EXPECT_EQ(shown, "{ gateway: { auth: { token: \"***\", mode: 'token' }, port: 1 } }");
  shown.replace(shown.find("port: 1"), 7, "port: 2");
  ASSERT_TRUE(config().write(shown, {}));
  EXPECT_EQ(text(), "{ gateway: { auth: { token: \"very-secret\", mode: 'token' }, port: 2 } }");
  EXPECT_FALSE(config().write("{ gateway: { auth: { password: '***' } } }", {}));
}

TEST(Redact, HidesSecretKeysAndKeepsReferences) {
  const auto shown = redact_for_display(
      json::parse(R"({"token":"a","botToken":"b","apiKey":"${KEY}","OPENAI_API_KEY":"c","maxTokens":5,
    "headers":{"X-Any":"d"},"list":[{"password":"e","name":"f"}],"clientSecret":["g"],"mainKey":"main","secret":""})"));
  EXPECT_EQ(shown,
            json::parse(R"({"token":"***","botToken":"***","apiKey":"${KEY}","OPENAI_API_KEY":"***","maxTokens":5,
    "headers":{"X-Any":"***"},"list":[{"password":"***","name":"f"}],"clientSecret":["***"],"mainKey":"main","secret":""})"));
}

TEST(Sections, ASectionIsDescribedOnce) {
  SectionTable table;
  EXPECT_TRUE(table.add({"a.b", R"({"type":"string"})", "Help."}));
  EXPECT_FALSE(table.add({"a.b", "{}", ""}));
  EXPECT_FALSE(table.add({"c", "{", ""}));
  EXPECT_EQ(*find_path(compose_schema(table), "properties.a.properties.b.type"), json::value("string"));
}

TEST(Sections, EveryLinkedSectionHasHelp) {
  for (const auto& section : linked_sections().value().sections())
    EXPECT_FALSE(section.help.empty()) << section.path;
}

// parity: 1.1-config
TEST_F(ConfigTest, TheEnvironmentFileNeverOverrides) {
  put("# comment\nexport A=\"x y\"\nB=2 # two\nC='3'\nbroken\n", ".env");
  Environment environment(std::map<std::string, std::string>{{"B", "kept"}});
  environment.add_file(path(".env"));
  EXPECT_EQ(environment.find("A"), "x y");
  EXPECT_EQ(environment.find("B"), "kept");
  EXPECT_EQ(environment.find("C"), "3");
  EXPECT_EQ(environment.find("broken"), std::nullopt);
}

StateFolder folder_at(const std::string& path) {
  return StateFolder::locate(
             Environment(std::map<std::string, std::string>{{"OPENCLAW_STATE_DIR", path}, {"HOME", "/nowhere"}}))
      .value();
}

TEST_F(ConfigTest, TheStateFolderIsClosedToOthers) {
  log::show_on_console(log::Level::error);
  const auto folder = folder_at(path("state"));
  ASSERT_TRUE(folder.prepare());
  ::chmod(folder.path().c_str(), 0755);
  put("{}", "state/openclaw.json");
  ::chmod(folder.file("openclaw.json").c_str(), 0644);
  ASSERT_TRUE(folder.prepare());
  for (const auto* name : {"", "/openclaw.json"}) {
    struct stat info{};
    ASSERT_EQ(::stat((folder.path() + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077, 0U) << name;
  }
  EXPECT_EQ(folder.sub("agents/main").value(), folder.path() + "/agents/main");
  EXPECT_FALSE(folder.sub("../x"));
  log::show_on_console(log::Level::warn);
}

TEST_F(ConfigTest, AStateFolderOfAnotherUserIsRefused) {
  if (::geteuid() == 0) {
    ASSERT_TRUE(folder_at(path("state")).prepare());
    ASSERT_EQ(::chown(path("state").c_str(), 12345, 12345), 0);
    EXPECT_EQ(folder_at(path("state")).prepare().error().kind, Kind::denied);
  } else {
    EXPECT_EQ(folder_at("/").prepare().error().kind, Kind::denied);
  }
}

// parity: 1.1-multi-instance
TEST_F(ConfigTest, ProfilesHaveFoldersOfTheirOwn) {
  const Environment environment(std::map<std::string, std::string>{{"HOME", "/home/a"}});
  EXPECT_EQ(StateFolder::locate(environment)->path(), "/home/a/.openclaw");
  EXPECT_EQ(StateFolder::locate(environment, "work")->path(), "/home/a/.openclaw-work");
  EXPECT_FALSE(StateFolder::locate(environment, "../x"));
}

// parity: 1.1-gateway-lock
TEST_F(ConfigTest, TheSecondGatewayIsToldWhoHasTheState) {
  const auto folder = folder_at(path("state"));
  ASSERT_TRUE(folder.prepare());
  EXPECT_FALSE(find_running_gateway(folder)->has_value());
  {
    auto lock = StateLock::acquire(folder);
    ASSERT_TRUE(lock);
    ASSERT_TRUE(lock->announce(4711));
    const auto running = find_running_gateway(folder);
    ASSERT_TRUE(running->has_value());
    EXPECT_EQ((*running)->port, 4711);
    EXPECT_EQ((*running)->pid, ::getpid());
    const auto second = StateLock::acquire(folder);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Kind::conflict);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
    EXPECT_NE(second.error().message.find(folder.path()), std::string::npos);
  }
  EXPECT_FALSE(find_running_gateway(folder)->has_value());
  EXPECT_TRUE(StateLock::acquire(folder));
}

// parity: 1.1-shared-auth
TEST_F(ConfigTest, TheGatewayTokenIsMadeOnceAndPrecedenceIsConfigEnvironmentFile) {
  const auto folder = folder_at(path("state"));
  ASSERT_TRUE(folder.prepare());
  const Environment none, set(std::map<std::string, std::string>{{"OPENCLAW_GATEWAY_TOKEN", "from-environment"}});
  EXPECT_EQ(gateway_token(folder, json::object(), none, CreateToken::no).error().kind, Kind::missing);
  const auto made = gateway_token(folder, json::object(), none, CreateToken::yes);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->reveal().size(), 64U);
  EXPECT_TRUE(gateway_token(folder, json::object(), none, CreateToken::no)->matches(made->reveal()));
  EXPECT_EQ(gateway_token(folder, json::object(), set, CreateToken::no)->reveal(), "from-environment");
  EXPECT_EQ(gateway_token(folder, json::parse(R"({"gateway":{"auth":{"token":"t"}}})"), set, CreateToken::no)->reveal(),
            "t");
  struct stat info{};
  ASSERT_EQ(::stat(folder.file("gateway.token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

// parity: 1.1-shared-auth
TEST_F(ConfigTest, ThePasswordIsWhatClientsShowWhenTheModeOrTheConfigurationSaysSo) {
  const auto folder = folder_at(path("state"));
  ASSERT_TRUE(folder.prepare());
  const auto auth = [&](const char* config, const Environment& environment = {}) {
    return gateway_auth(folder, json::parse(config), environment, CreateToken::yes);
  };
  const Environment set(std::map<std::string, std::string>{{"OPENCLAW_GATEWAY_PASSWORD", "p-of-environment"}});
  EXPECT_FALSE(auth("{}")->password);
  EXPECT_TRUE(auth("{}", set)->secret.matches("p-of-environment"));
  EXPECT_TRUE(auth(R"({"gateway":{"auth":{"password":"p"}}})")->secret.matches("p"));
  EXPECT_TRUE(auth(R"({"gateway":{"auth":{"password":"p","token":"t"}}})")->secret.matches("t"));
  EXPECT_TRUE(auth(R"({"gateway":{"auth":{"mode":"token","password":"p","token":"t"}}})")->secret.matches("t"));
  EXPECT_TRUE(auth(R"({"gateway":{"auth":{"mode":"password","password":"p","token":"t"}}})")->password);
  EXPECT_EQ(auth(R"({"gateway":{"auth":{"mode":"password","token":"t"}}})").error().kind, Kind::missing);
}

} // namespace
} // namespace openclaw::config
