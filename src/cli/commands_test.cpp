// Commands against a small gateway in this process and against files of a state folder of their own.
#include "cli/gateway_client.hpp"
#include "cli/run.hpp"
#include "config/files.hpp"
#include "net/http_server.hpp"
#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

namespace openclaw::cli {
namespace {

constexpr std::string_view kToken = "a-token-of-the-test";

// Answers with `answers[method]`; chat.send plays a whole turn. Runs on a thread of its own, as a gateway runs beside
// its clients.
class SmallGateway {
public:
  std::map<std::string, json::value> answers;
  std::vector<std::string> seen; // read it after stop()

  SmallGateway() {
    auto made = net::HttpServer::listen(
        loop_.get_executor(), {{"127.0.0.1", 0}}, {},
        [this](std::shared_ptr<net::Exchange> exchange) { return serve(this, std::move(exchange)); });
    EXPECT_TRUE(made);
    server_ = std::move(*made);
    server_->start(scope_);
  }
  ~SmallGateway() { stop(); }
  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    async::asio::post(loop_, [this] {
      server_->stop();
      scope_.cancel();
    });
    thread_.join();
  }
  int port() const { return server_->port(); }

private:
  static void send(net::WebSocket& socket, const json::value& frame) {
    socket.send(std::make_shared<const std::string>(to_text(frame)));
  }

  static void play_turn(net::WebSocket& socket, const json::value& params) {
    const auto run = string_or(params, "idempotencyKey");
    const auto chat = [&](std::string_view state, std::string_view text) {
      json::array content;
      content.push_back(json::object{{"type", "text"}, {"text", text}});
      send(socket, json::object{{"type", "event"},
                                {"event", "chat"},
                                {"payload",
                                 {{"runId", run},
                                  {"sessionKey", "agent:main:main"},
                                  {"state", state},
                                  {"message", {{"role", "assistant"}, {"content", content}}}}}});
    };
    send(socket,
         json::object{{"type", "event"},
                      {"event", "agent"},
                      {"payload",
                       {{"runId", run},
                        {"stream", "tool"},
                        {"data", {{"phase", "start"}, {"name", "exec"}, {"args", {{"command", "ls\x1b[2J"}}}}}}}});
    chat("delta", "Hel");
    if (string_or(params, "message") == "fail") {
      send(socket, json::object{{"type", "event"},
                                {"event", "chat"},
                                {"payload",
                                 {{"runId", run},
                                  {"state", "error"},
                                  {"errorMessage", "The model is gone."},
                                  {"errorHint", "Start it."}}}});
    } else {
      chat("final", "Hello\x1b[31m there");
    }
  }

  static Task<> serve(SmallGateway* self, std::shared_ptr<net::Exchange> exchange) {
    CO_TRY(const auto socket, co_await exchange->upgrade(1 << 20));
    send(*socket,
         json::object{{"type", "event"}, {"event", "connect.challenge"}, {"payload", {{"nonce", "n"}, {"ts", 1}}}});
    while (true) {
      auto text = co_await socket->read();
      if (!text) co_return Result<>{};
      const auto frame = json::parse(*text);
      const auto method = string_or(frame, "method");
      const auto& params = frame.at("params");
      self->seen.push_back(method + " " + to_text(params));
      json::object answer{{"type", "res"}, {"id", frame.at("id")}, {"ok", true}};
      if (method == "connect" && string_or(params.at("auth"), "token") != kToken) {
        answer["ok"] = false;
        answer["error"] =
            json::object{{"code", "INVALID_REQUEST"}, {"message", "unauthorized: gateway token mismatch"}};
      } else if (method == "connect") {
        answer["payload"] =
            json::parse(R"({"type":"hello-ok","protocol":4,"server":{"version":"9"},"snapshot":{"uptimeMs":65000}})");
      } else if (method == "chat.send") {
        answer["payload"] = json::object{{"runId", params.at("idempotencyKey")}, {"status", "started"}};
      } else if (method == "silence") {
        continue;
      } else if (self->answers.contains(method)) {
        answer["payload"] = self->answers[method];
      } else {
        answer["ok"] = false;
        answer["error"] = json::object{{"code", "INVALID_REQUEST"},
                                       {"message", "unknown method: " + method},
                                       {"details", {{"hint", "Ask for another."}}}};
      }
      send(*socket, json::object{{"type", "event"}, {"event", "health"}, {"payload", json::object()}});
      send(*socket, answer);
      if (method == "chat.send") play_turn(*socket, params);
    }
  }

  async::asio::io_context loop_{1};
  async::Scope scope_{loop_.get_executor()};
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

struct Ran {
  int status = 0;
  std::string out, error;
};

class CommandsTest : public ::testing::Test {
protected:
  CommandsTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "openclaw-cli-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    ::setenv("OPENCLAW_STATE_DIR", folder_.c_str(), 1);
    ::unsetenv("OPENCLAW_GATEWAY_TOKEN");
    ::unsetenv("OPENCLAW_CONFIG_PATH");
  }
  ~CommandsTest() override {
    lock_.reset();
    ::unsetenv("OPENCLAW_STATE_DIR");
    std::filesystem::remove_all(folder_);
  }
  Ran run_words(std::vector<std::string> words, std::size_t width = 0) {
    Ran ran;
    Output output([&](std::string_view text) { ran.out += text; }, [&](std::string_view text) { ran.error += text; },
                  width, false);
    ran.status = run(words, Services{}, output);
    return ran;
  }
  std::string file(std::string_view name) {
    return config::read_small_file(folder_ + "/" + std::string(name), 1 << 20)->value_or("");
  }
  void put(std::string_view name, std::string_view text) {
    ASSERT_TRUE(config::replace_file(folder_ + "/" + std::string(name), text));
  }
  // As a gateway does: takes the state folder and tells its port.
  void begin(SmallGateway& gateway) {
    put("gateway.token", kToken);
    const auto folder = config::StateFolder::locate(config::Environment::of_process());
    auto lock = config::StateLock::acquire(*folder);
    ASSERT_TRUE(lock);
    ASSERT_TRUE(lock->announce(gateway.port()));
    lock_ = std::move(*lock);
    gateway.start();
  }
  std::string folder_;
  std::optional<config::StateLock> lock_;
};

TEST_F(CommandsTest, WithoutAGatewayItSaysSoAndHowToStartOne) {
  const auto ran = run_words({"status"});
  EXPECT_EQ(ran.status, exit_status(Kind::missing));
  EXPECT_EQ(ran.error,
            fmt::format("openclaw: No gateway is running for the state folder {}.\nStart it with: openclaw gateway\n",
                        folder_));
}

TEST_F(CommandsTest, FindsTheGatewayByItsLockAndLogsInWithTheTokenFile) {
  SmallGateway gateway;
  gateway.answers["status"] =
      json::parse(R"({"sessions":{"count":1,"recent":[{"key":"agent:main:main","model":"m","totalTokens":5}]}})");
  gateway.answers["health"] = json::parse(R"({"ok":true,"durationMs":3})");
  begin(gateway);
  EXPECT_EQ(run_words({"health"}).out, "ok (3 ms)\n");
  const auto ran = run_words({"status"});
  EXPECT_EQ(ran.status, 0) << ran.error;
  EXPECT_NE(ran.out.find("running (9, up 1 min)"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("agent:main:main"), std::string::npos);
  EXPECT_EQ(string_or(json::parse(run_words({"status", "--json"}).out), "version"), "9");
  gateway.stop();
  const auto connect = json::parse(gateway.seen.at(0).substr(8));
  EXPECT_EQ(connect.at("minProtocol").as_int64(), 3);
  EXPECT_EQ(connect.at("maxProtocol").as_int64(), 4);
  EXPECT_EQ(connect.at("client").at("id").as_string(), "cli");
  EXPECT_EQ(connect.at("caps"), json::parse(R"(["tool-events"])"));
}

TEST_F(CommandsTest, AWrongTokenIsDeniedWithAHint) {
  SmallGateway gateway;
  begin(gateway);
  const auto ran = run_words({"health", "--token", "wrong"});
  EXPECT_EQ(ran.status, exit_status(Kind::denied));
  EXPECT_NE(ran.error.find("gateway token mismatch"), std::string::npos) << ran.error;
  EXPECT_NE(ran.error.find("gateway.auth.token"), std::string::npos);
  EXPECT_EQ(ran.error.find(kToken), std::string::npos);
}

TEST_F(CommandsTest, ARefusalOfTheGatewayKeepsItsHint) {
  SmallGateway gateway;
  begin(gateway);
  const auto ran = run_words({"gateway", "call", "no.such", "{a: 1}"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.error, "openclaw: unknown method: no.such\nAsk for another.\n");
}

TEST_F(CommandsTest, AnAnswerThatDoesNotComeIsATimeout) {
  SmallGateway gateway;
  begin(gateway);
  const auto ran = run_words({"gateway", "call", "silence", "--timeout", "1"});
  EXPECT_EQ(ran.status, exit_status(Kind::timeout));
  EXPECT_NE(ran.error.find("within 1 seconds"), std::string::npos) << ran.error;
}

TEST_F(CommandsTest, AgentPrintsTheAnswerAndNotesItsTools) {
  SmallGateway gateway;
  begin(gateway);
  const auto piped = run_words({"agent", "-m", "hi"});
  EXPECT_EQ(piped.status, 0) << piped.error;
  EXPECT_EQ(piped.out, "Hello[31m there\n");
  EXPECT_EQ(piped.error, "· exec ls\\u{1b}[2J\n");
  EXPECT_EQ(run_words({"agent", "hi"}, 80).out, "Hello[31m there\n");
  EXPECT_EQ(string_or(json::parse(run_words({"agent", "hi", "--json"}).out), "state"), "final");
  const auto failed = run_words({"agent", "fail"});
  EXPECT_EQ(failed.status, exit_status(Kind::remote));
  EXPECT_EQ(failed.error, "· exec ls\\u{1b}[2J\nopenclaw: The model is gone.\nStart it.\n");
}

TEST_F(CommandsTest, ListsAndAnswersApprovals) {
  SmallGateway gateway;
  gateway.answers["exec.approval.list"] = json::parse(
      R"({"approvals":[{"id":"a1","request":{"command":"rm x","tool":"exec","sessionKey":"s"},"expiresAtMs":1}]})");
  gateway.answers["exec.approval.resolve"] = json::parse(R"({"ok":true})");
  begin(gateway);
  EXPECT_NE(run_words({"approvals"}).out.find("rm x"), std::string::npos);
  EXPECT_EQ(run_words({"approvals", "always", "a1"}).out, "Allowed from now on: a1.\n");
  gateway.stop();
  EXPECT_EQ(gateway.seen.back(), R"(exec.approval.resolve {"id":"a1","decision":"allow-always"})");
}

TEST_F(CommandsTest, ListsDevicesAndFindsThemByTheBeginningOfTheirId) {
  SmallGateway gateway;
  gateway.answers["device.pair.list"] = json::parse(R"({
    "pending":[{"requestId":"0192-request-one","deviceId":"aaaabbbbccccdddd","clientId":"tui","remoteIp":"10.0.0.9","scopes":["operator.read"],"ts":1}],
    "paired":[{"deviceId":"1111222233334444","clientId":"cli","platform":"linux","scopes":["operator.admin"],"tokens":[{"role":"operator"}]},
              {"deviceId":"1111999933334444","displayName":"Kit\u001bchen","scopes":[],"tokens":[{"role":"operator","revokedAtMs":5}]}]})");
  gateway.answers["device.pair.approve"] = json::parse(R"({"requestId":"x","device":{"deviceId":"aaaabbbbccccdddd"}})");
  gateway.answers["device.token.rotate"] = json::parse(R"({"deviceId":"1111222233334444","token":"new-token"})");
  begin(gateway);
  const auto listed = run_words({"devices"});
  EXPECT_EQ(listed.status, 0) << listed.error;
  for (const auto* text : {"0192-request-one", "aaaabbbbcccc", "10.0.0.9", "operator.admin", "revoked", "Kitchen"})
    EXPECT_NE(listed.out.find(text), std::string::npos) << text << "\n" << listed.out;
  EXPECT_EQ(run_words({"devices", "approve", "0192-req"}).out, "Paired with device aaaabbbbccccdddd.\n");
  EXPECT_EQ(run_words({"devices", "rotate", "11112222", "--scopes", "operator.read, operator.write"}).out,
            "This is the new token of device 1111222233334444.\nnew-token\n");
  EXPECT_NE(run_words({"devices", "remove", "1111"}).error.find("the beginning of 2 ids"), std::string::npos);
  EXPECT_EQ(run_words({"devices", "revoke", "ffff"}).status, exit_status(Kind::missing));
  gateway.stop();
  EXPECT_NE(
      std::find(
          gateway.seen.begin(), gateway.seen.end(),
          R"(device.token.rotate {"role":"operator","scopes":["operator.read","operator.write"],"deviceId":"1111222233334444"})"),
      gateway.seen.end());
}

TEST_F(CommandsTest, TheDashboardLinkAloneIsOnStandardOutput) {
  SmallGateway gateway;
  gateway.answers["gateway.login.create"] = json::parse(R"({"url":"http://127.0.0.1:1/#login=c","expiresAtMs":1})");
  begin(gateway);
  EXPECT_EQ(run_words({"dashboard"}).out, "http://127.0.0.1:1/#login=c\n");
}

TEST_F(CommandsTest, ToolsExplainNamesTheRuleAndTheCommandThatChangesIt) {
  SmallGateway gateway;
  gateway.answers["tools.explain"] = json::parse(
      R"({"name":"exec","description":"Runs a command.","risk":"execute","allowed":false,"rule":"tools.deny",
      "reason":"tools.deny names \"exec\".","command":"openclaw config unset tools.deny","warnings":["Look here."],
      "rules":[{"path":"tools.deny","passes":false,"says":"No."}]})");
  begin(gateway);
  const auto shown = run_words({"tools", "explain", "exec"});
  EXPECT_NE(shown.out.find("Not allowed. tools.deny names \"exec\"."), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("To allow it: openclaw config unset tools.deny"), std::string::npos) << shown.out;
  EXPECT_NE(shown.error.find("warning: Look here."), std::string::npos) << shown.error;
}

// parity: 1.8-sandbox-cli
TEST_F(CommandsTest, SandboxExplainSaysWhatASettingDoesNotDo) {
  put("openclaw.json", "{ tools: { exec: { host: 'gateway', security: 'full' } } }");
  const auto shown = run_words({"sandbox", "explain", "--json"});
  ASSERT_EQ(shown.status, 0) << shown.error;
  const auto answer = json::parse(shown.out);
  EXPECT_EQ(string_or(answer.at("rules").at(0), "path"), "tools.exec.host");
  EXPECT_TRUE(bool_or(answer.at("rules").at(0), "withoutEffect", false));
  EXPECT_EQ(run_words({"sandbox", "explain", "--agent", "nobody"}).status, exit_status(Kind::missing));
}

TEST_F(CommandsTest, ConfigWorksWithoutAGatewayAndShowsNoSecret) {
  EXPECT_EQ(run_words({"config", "set", "gateway.port", "19000"}).status, 0);
  EXPECT_EQ(run_words({"config", "set", "gateway.auth.token", "12345"}).status, 0);
  EXPECT_EQ(run_words({"config", "get", "gateway.port"}).out, "19000\n");
  EXPECT_EQ(run_words({"config", "get", "gateway.auth.token"}).out, "***\n");
  EXPECT_EQ(run_words({"config", "get"}).out.find("12345"), std::string::npos);
  EXPECT_NE(file("openclaw.json").find("\"token\": \"12345\""), std::string::npos);
  EXPECT_EQ(run_words({"config", "set", "gateway.port", "soon"}).status, 2);
  EXPECT_EQ(run_words({"config", "unset", "gateway.port"}).status, 0);
  EXPECT_EQ(run_words({"config", "get", "gateway.port"}).status, exit_status(Kind::missing));
  EXPECT_EQ(run_words({"config", "file"}).out, folder_ + "/openclaw.json\n");
  put("openclaw.json", "{ gateway: { port: 'x', prot: 1 } }");
  const auto ran = run_words({"config", "validate"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.error.find("did you mean \"port\"?"), std::string::npos);
  EXPECT_TRUE(json::parse(run_words({"config", "schema"}).out).at("properties").as_object().contains("models"));
}

TEST_F(CommandsTest, AFailedMatchOfASecretPathStaysHidden) {
  put("openclaw.json", "{ models: { providers: { a: { baseUrl: 'x', headers: { 'X-Own': 'hidden-value' } } } } }");
  EXPECT_EQ(run_words({"config", "get", "models.providers.a.headers.X-Own"}).out, "***\n");
}

// parity: 1.6-model-selection
TEST_F(CommandsTest, ModelsSetWritesTheConfiguration) {
  put("openclaw.json", "{\n  agents: { defaults: { model: 'a/b' } }, // mine\n}\n");
  EXPECT_EQ(run_words({"models", "set", "openai/gpt"}).status, 0);
  EXPECT_EQ(file("openclaw.json"), "{\n  agents: { defaults: { model: \"openai/gpt\" } }, // mine\n}\n");
  EXPECT_EQ(run_words({"models", "set", "gpt"}).status, 2);
}

TEST_F(CommandsTest, LogsShowsTheLastLines) {
  EXPECT_EQ(run_words({"logs"}).status, exit_status(Kind::missing));
  std::filesystem::create_directory(folder_ + "/logs");
  put("logs/openclaw.log", R"({"time":"T","level":"info","area":"a","message":"one"}
{"time":"T","level":"warn","area":"a","message":"two","n":"3"}
{"torn)");
  EXPECT_EQ(run_words({"logs", "--limit", "1"}).out, "T warn  a: two n=3\n");
  EXPECT_EQ(run_words({"logs", "--json", "-n1"}).out,
            "{\"time\":\"T\",\"level\":\"warn\",\"area\":\"a\",\"message\":\"two\",\"n\":\"3\"}\n");
}

// parity: 1.12-doctor
TEST_F(CommandsTest, DoctorNamesWhatIsWrongAndHowToMendIt) {
  ::chmod(folder_.c_str(), 0755);
  put("openclaw.json", "{ gateway: { port: 'x' } }");
  const auto ran = run_words({"doctor"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.out.find("chmod 700 " + folder_), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("fail configuration"), std::string::npos);
  EXPECT_FALSE(json::parse(run_words({"doctor", "--json"}).out).at("ok").as_bool());
}

} // namespace
} // namespace openclaw::cli
