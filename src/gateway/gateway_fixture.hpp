// For tests: a whole gateway over a scripted model and a state database of its own, with clients on fake sockets.
#pragma once
#include "agent/run_events_fan.hpp"
#include "async/offload.hpp"
#include "gateway/fake_socket.hpp"
#include "gateway/services.hpp"
#include "gateway/session_feed.hpp"
#include <barrier>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::gateway::testing {

inline constexpr const char* kToken = "a-gateway-token-for-tests";

// Says the deltas that were put in; "wait" holds until the run is stopped.
class ScriptedDialect final : public ports::Dialect {
public:
  explicit ScriptedDialect(async::Executor executor) : changed(executor) {}
  std::string_view name() const override { return "openai-completions"; }
  ports::DialectRules rules() const override { return {}; }
  Task<ports::ModelReply> stream(net::HttpClient&, ports::ModelEndpoint, ports::ModelRequest,
                                 ports::ModelSink& sink) override {
    if (failure) co_return std::unexpected(*failure);
    while (hold)
      CO_TRY_VOID(co_await changed.wait());
    ports::ModelReply reply;
    sink.text("echo: ");
    sink.text("hello");
    reply.content.emplace_back(ports::TextBlock{"echo: hello"});
    reply.stop_reason = ports::StopReason::stop;
    reply.usage.input = 10;
    reply.usage.output = 2;
    co_return reply;
  }
  Task<std::vector<std::string>> list_models(net::HttpClient&, ports::ModelEndpoint) override {
    co_return std::vector<std::string>{"m"};
  }
  bool hold = false;
  std::optional<Error> failure;
  async::Event changed;
};

class NoNetwork final : public net::HttpClient {
public:
  Task<std::shared_ptr<net::StreamedResponse>> open(net::Outbound) override {
    co_return fail(Kind::transient, "No network in this test.");
  }
  Task<net::Response> fetch(net::Outbound) override { co_return fail(Kind::transient, "No network in this test."); }
  Task<std::shared_ptr<net::WebSocket>> connect_websocket(net::Outbound) override {
    co_return fail(Kind::transient, "No network in this test.");
  }
};

// A database in a folder of its own, on a loop that tests turn by hand.
class LoopTest : public ::testing::Test {
public:
  void open_database() {
    static int number = 0;
    folder =
        (std::filesystem::temp_directory_path() / fmt::format("openclaw-gateway-{}-{}", ::getpid(), ++number)).string();
    std::filesystem::create_directories(folder);
    auto opened = store::Database::open(folder + "/state.db");
    ASSERT_TRUE(opened) << opened.error().text();
    database = std::move(*opened);
  }
  ~LoopTest() override {
    database.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  // What can happen now, happens.
  void settle() {
    loop.restart();
    loop.poll();
  }
  // Turns the loop until the condition holds; the state database works on a thread of its own.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  // Returns once both threads of the pool are done with what they had: transcripts are written behind the runs' backs.
  static void drain_pool() {
    const auto both = std::make_shared<std::barrier<>>(3);
    for (int i = 0; i < 2; ++i)
      async::post_to_pool([both] { both->arrive_and_wait(); });
    both->arrive_and_wait();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return async::run(loop, std::move(task));
  }

  boost::asio::io_context loop;
  async::FakeTime time{loop.get_executor()};
  SeededRandom random{7};
  std::string folder;
  std::unique_ptr<store::Database> database;
};

class GatewayTest : public LoopTest {
public:
  void SetUp() override {
    open_database();
    auto made = std::make_unique<ScriptedDialect>(loop.get_executor());
    dialect = made.get();
    registry.add_dialect(std::move(made));
    scope = std::make_unique<async::Scope>(loop.get_executor());
    broadcaster = std::make_unique<Broadcaster>(loop.get_executor(), time);
    feed = std::make_unique<SessionFeed>(time, *database, broadcaster->clients());
    events.add(*broadcaster);
    events.add(*feed);
    models = std::make_unique<agent::Models>(registry,
                                             ports::ServerServices{loop.get_executor(), *scope, time, http, folder, {}},
                                             std::map<std::string, std::string>{}, events);
    const auto config =
        parse_json(R"({"models":{"providers":{"scripted":{"baseUrl":"http://127.0.0.1:9/v1","api":"openai-completions",
      "models":[{"id":"m","contextWindow":100000,"maxTokens":1000,"cost":{"input":1,"output":1,"cacheRead":0,"cacheWrite":0}}]}}},
      "agents":{"defaults":{"model":{"primary":"scripted/m"}}}})",
                   "test config");
    ASSERT_TRUE(config);
    ASSERT_TRUE(models->configure(*config));
    runtime = std::make_unique<agent::Runtime>(
        agent::RuntimeServices{loop.get_executor(), time, random, *database, registry, http, events, *models, folder});
    auto settings = agent::read_settings(*config, folder, folder);
    ASSERT_TRUE(settings);
    runtime->configure(std::move(*settings), *config);
    messaging = std::make_unique<messaging::Messaging>(*runtime);
    gateway = std::make_unique<Gateway>(
        GatewayOptions{{{"127.0.0.1", 0}}, Secret(kToken), {"claw.example"}, {"https://claw.example"}},
        loop.get_executor(), time, random, *database, *broadcaster);
    file = std::make_unique<config::Config>(folder + "/openclaw.json", json::object{{"type", "object"}},
                                            config::Environment{});
    services.reset(new Services{time, random, *database, *runtime, *models, *messaging, *gateway, folder,
                                folder + "/openclaw.json", "9.9.9", *file,
                                [] { return json::object{{"path", "openclaw.json"}, {"valid", true}}; }});
    services->config_revision = [] { return "hmac-sha256:v1:of-the-configuration"; };
    gateway->attach(*services);
  }
  void TearDown() override {
    for (const auto& socket : sockets)
      socket->hang_up();
    (void)run(gateway->stop("test"));
    (void)run(runtime->shut_down());
    (void)run(broadcaster->shut_down("test"));
    scope->cancel();
    (void)run(scope->join());
    drain_pool();
    services.reset();
    gateway.reset();
    messaging.reset();
    runtime.reset();
    models.reset();
    settle();
  }

  static Remote here() { return {"127.0.0.1", true, true}; }
  static Remote elsewhere() { return {"192.0.2.7", false, false}; }
  std::shared_ptr<FakeSocket> open(Remote remote = here()) {
    auto socket = std::make_shared<FakeSocket>(loop.get_executor());
    sockets.push_back(socket);
    scope->spawn("connection", gateway->serve_websocket(socket, std::move(remote)));
    settle();
    return socket;
  }
  static json::object connect_params(json::object more = {}) {
    json::object params{{"minProtocol", 3},
                        {"maxProtocol", 4},
                        {"client", {{"id", "test"}, {"mode", "test"}, {"version", "1"}, {"platform", "linux"}}},
                        {"auth", {{"token", kToken}}}};
    for (auto& field : more)
      params[field.key()] = field.value();
    return params;
  }
  static json::object request_frame(std::string_view id, std::string_view method, json::object params = {}) {
    return {{"type", "req"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  }
  // A client that is in.
  std::shared_ptr<FakeSocket> connect(json::object more = {}) {
    auto socket = open();
    socket->receive(request_frame("hello", "connect", connect_params(std::move(more))));
    EXPECT_TRUE(until([&] { return !socket->answers("hello").empty(); }));
    EXPECT_TRUE(bool_or(socket->answers("hello").front(), "ok", false)) << to_text(socket->answers("hello").front());
    return socket;
  }
  // Asks and waits for the `count`th answer.
  json::value ask(const std::shared_ptr<FakeSocket>& socket, std::string method, json::object params = {},
                  std::size_t count = 1) {
    const auto id = fmt::format("r{}", ++last_request_);
    socket->receive(request_frame(id, method, std::move(params)));
    if (!until([&] { return socket->answers(id).size() >= count; })) {
      ADD_FAILURE() << "no answer to " << method;
      return nullptr;
    }
    return socket->answers(id).back();
  }
  json::object payload(const std::shared_ptr<FakeSocket>& socket, std::string method, json::object params = {}) {
    const auto answer = ask(socket, method, std::move(params));
    const auto* found = find(answer, "payload");
    EXPECT_TRUE(bool_or(answer, "ok", false) && found && found->is_object()) << method << ": " << to_text(answer);
    return found && found->is_object() ? found->get_object() : json::object();
  }
  // The `chat` event that ends a run.
  json::value ending(const std::shared_ptr<FakeSocket>& socket, std::string_view run_id) {
    json::value end;
    EXPECT_TRUE(until([&] {
      for (const auto& event : socket->events("chat"))
        if (string_or(event.at("payload"), "runId") == run_id && string_or(event.at("payload"), "state") != "delta")
          end = event.at("payload");
      return !end.is_null();
    }));
    return end;
  }

  NoNetwork http;
  ports::Registry registry;
  ScriptedDialect* dialect = nullptr;
  std::unique_ptr<async::Scope> scope;
  agent::RunEventsFan events;
  std::unique_ptr<Broadcaster> broadcaster;
  std::unique_ptr<SessionFeed> feed;
  std::unique_ptr<agent::Models> models;
  std::unique_ptr<agent::Runtime> runtime;
  std::unique_ptr<messaging::Messaging> messaging;
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<config::Config> file; // folder/openclaw.json
  std::unique_ptr<Services> services;
  std::vector<std::shared_ptr<FakeSocket>> sockets;

private:
  int last_request_ = 0;
};

} // namespace openclaw::gateway::testing
