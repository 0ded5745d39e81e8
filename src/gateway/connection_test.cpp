// A connection from its first byte to its last, over a fake socket and the real methods.
#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

using testing::FakeSocket;

class ConnectionTest : public testing::GatewayTest {};

// parity: 1.1-handshake
TEST_F(ConnectionTest, TheServerSpeaksFirst) {
  const auto socket = open();
  ASSERT_EQ(socket->sent.size(), 1u);
  EXPECT_EQ(string_or(socket->sent[0], "event"), "connect.challenge");
  EXPECT_FALSE(string_or(socket->sent[0].at("payload"), "nonce").empty());
  EXPECT_EQ(integer_or(socket->sent[0].at("payload"), "ts", 0), time.now_ms());
  EXPECT_FALSE(socket->sent[0].get_object().contains("seq"));
  EXPECT_NE(string_or(open()->sent[0].at("payload"), "nonce"), string_or(socket->sent[0].at("payload"), "nonce"));
}

// parity: 1.1-handshake
TEST_F(ConnectionTest, AHandshakeThatTakesTooLongEndsTheConnection) {
  const auto socket = open();
  time.advance(kHandshakeMs - 1);
  settle();
  EXPECT_EQ(socket->close_code, 0);
  time.advance(1);
  settle();
  EXPECT_EQ(socket->close_code, 1000);
  EXPECT_EQ(socket->close_reason, "");
  const auto other = connect();
  time.advance(kHandshakeMs + 1);
  settle();
  EXPECT_EQ(other->close_code, 0);
}

// parity: 1.1-handshake
TEST_F(ConnectionTest, AFirstFrameThatIsNotConnectEndsTheConnection) {
  struct Row {
    std::string first;
    int code;
    std::string reason;
  };
  const Row rows[] = {
      {"hello", 1000, ""},
      {R"({"type":"req","id":"7","method":"health"})", 1008, "invalid handshake: first request must be connect"},
      {R"({"type":"event"})", 1008, "invalid request frame"},
      {"[]", 1008, "invalid request frame"}};
  for (const auto& row : rows) {
    const auto socket = open();
    socket->receive(row.first);
    settle();
    EXPECT_EQ(socket->close_code, row.code) << row.first;
    EXPECT_EQ(socket->close_reason, row.reason) << row.first;
  }
  const auto socket = open();
  socket->receive(rows[1].first);
  settle();
  ASSERT_EQ(socket->answers("7").size(), 1u);
  EXPECT_EQ(string_or(socket->answers("7")[0].at("error"), "code"), "INVALID_REQUEST");
}

TEST_F(ConnectionTest, ARefusalIsAnsweredAndTheReasonFitsACloseFrame) {
  const auto socket = open();
  socket->receive(request_frame("1", "connect", connect_params({{"auth", {{"token", "wrong"}}}})));
  settle();
  ASSERT_EQ(socket->answers("1").size(), 1u);
  EXPECT_FALSE(bool_or(socket->answers("1")[0], "ok", true));
  EXPECT_EQ(socket->close_code, 1008);
  EXPECT_EQ(socket->close_reason, "unauthorized: gateway token mismatch (provide gateway auth token)");
  const auto longer = open();
  longer->receive(request_frame(
      "1", "connect", connect_params({{"client", 7}, {"caps", 7}, {"scopes", 7}, {"auth", 7}, {"device", 7}})));
  settle();
  EXPECT_EQ(longer->close_code, 1008);
  EXPECT_LE(longer->close_reason.size(), 123u);
}

TEST_F(ConnectionTest, FramesAreSmallBeforeAuthenticationAndLargeAfterwards) {
  const auto socket = open();
  EXPECT_EQ(socket->read_limit, kMaxFirstFrame);
  socket->receive(std::string(70 * 1024, 'x'));
  settle();
  EXPECT_EQ(socket->close_code, 1009);
  EXPECT_EQ(connect()->read_limit, kMaxPayload);
}

TEST_F(ConnectionTest, HelloIsShapedForTheNegotiatedVersion) {
  const auto hello = [&](int version) {
    const auto socket = connect({{"minProtocol", version}, {"maxProtocol", version}, {"scopes", {"operator.read"}}});
    return socket->answers("hello")[0].at("payload").get_object();
  };
  auto third = hello(3);
  EXPECT_EQ(string_or(third, "type"), "hello-ok");
  EXPECT_EQ(integer_or(third, "protocol", 0), 3);
  EXPECT_FALSE(string_or(third.at("server"), "host").empty());
  auto fourth = hello(4);
  EXPECT_EQ(integer_or(fourth, "protocol", 0), 4);
  EXPECT_FALSE(fourth.at("server").get_object().contains("host"));
  EXPECT_EQ(string_or(fourth.at("server"), "bootId"), gateway->boot_id());
  EXPECT_EQ(string_or(fourth.at("snapshot"), "appliedConfigHash"), "hmac-sha256:v1:of-the-configuration");
  EXPECT_TRUE(bool_or(fourth.at("snapshot").at("sessionDefaults"), "modelConfigured", false));
  EXPECT_FALSE(third.at("snapshot").get_object().contains("appliedConfigHash"));
  for (const auto* each : {&third, &fourth}) {
    EXPECT_EQ(string_or(each->at("server"), "version"), "9.9.9");
    EXPECT_EQ(to_text(each->at("auth").at("scopes")), R"(["operator.read"])");
    EXPECT_EQ(string_or(each->at("auth"), "role"), "operator");
    const auto& policy = each->at("policy").get_object();
    EXPECT_EQ(integer_or(policy, "maxPayload", 0), 26214400);
    EXPECT_EQ(integer_or(policy, "maxBufferedBytes", 0), 52428800);
    EXPECT_EQ(integer_or(policy, "tickIntervalMs", 0), 30000);
    EXPECT_EQ(policy.contains("attachments"), integer_or(*each, "protocol", 0) >= 4);
    const auto* capabilities = each->at("features").as_object().if_contains("capabilities");
    EXPECT_EQ(capabilities != nullptr, integer_or(*each, "protocol", 0) >= 4);
    if (capabilities) EXPECT_EQ(to_text(*capabilities), R"(["published-model-catalog"])");
    const auto& snapshot = each->at("snapshot").get_object();
    EXPECT_EQ(string_or(snapshot.at("sessionDefaults"), "mainSessionKey"), "agent:main:main");
    EXPECT_TRUE(snapshot.at("presence").is_array() && snapshot.at("health").is_object());
    EXPECT_EQ(each->at("features").at("methods").get_array().size(), methods().names().size());
  }
}

// parity: 1.1-ws-framing
TEST_F(ConnectionTest, MalformedFramesAreAnsweredAndTheConnectionStays) {
  const auto socket = connect();
  for (const auto* text : {"", "not JSON", "{", "\x01"})
    socket->receive(text);
  settle();
  EXPECT_TRUE(socket->answers("invalid").empty()); // what is no JSON is only logged
  const std::pair<const char*, const char*> broken[] = {
      {"[]", "invalid"},
      {"7", "invalid"},
      {R"({"type":"req"})", "invalid"},
      {R"({"type":"req","id":1,"method":[]})", "invalid"},
      {R"({"type":"req","id":"x1"})", "x1"},
      {R"({"type":"res","id":"x2","method":"health"})", "x2"},
      {R"({"type":"req","id":"x3","method":"health","params":[1]})", "x3"}};
  std::map<std::string, std::size_t> count;
  for (const auto& [text, id] : broken) {
    socket->receive(text);
    settle();
    ASSERT_EQ(socket->answers(id).size(), ++count[id]) << text;
    EXPECT_TRUE(string_or(socket->answers(id).back().at("error"), "message").starts_with("invalid request frame: "))
        << text;
  }
  EXPECT_TRUE(bool_or(ask(socket, "health"), "ok", false));
  socket->receive(R"({"type":"req","id":"n","method":"health","params":null,"traceparent":"x"})");
  EXPECT_TRUE(until([&] { return !socket->answers("n").empty(); }));
  EXPECT_EQ(socket->close_code, 0);
}

TEST_F(ConnectionTest, UnknownMethodsAndParametersAreNamedInTheProtocolsWords) {
  const auto socket = connect();
  EXPECT_EQ(string_or(ask(socket, "nosuch.method").at("error"), "message"), "unknown method: nosuch.method");
  EXPECT_EQ(string_or(ask(socket, "connect").at("error"), "message"), "connect is only valid as the first request");
  const auto answer = ask(socket, "chat.send", {{"sessionKey", "main"}});
  EXPECT_EQ(
      string_or(answer.at("error"), "message"),
      "invalid chat.send params: must have required property 'message'; must have required property 'idempotencyKey'");
  EXPECT_TRUE(string_or(ask(socket, "chat.history", {{"sessionKey", "main"}, {"limit", 5000}}).at("error"), "message")
                  .starts_with("invalid chat.history params: at /limit: "));
  EXPECT_TRUE(bool_or(ask(socket, "chat.history", {{"sessionKey", "main"}, {"unheardOf", 1}}), "ok", false));
  EXPECT_NE(
      string_or(
          ask(socket, "exec.approval.resolve", {{"id", "a"}, {"decision", "deny"}, {"approved", true}}).at("error"),
          "message")
          .find("unexpected property 'approved'"),
      std::string::npos);
}

// parity: 1.1-ws-framing
TEST_F(ConnectionTest, AMissingScopeHasTheCodeOfTheVersion) {
  for (const int version : {3, 4}) {
    const auto socket = connect({{"minProtocol", version}, {"maxProtocol", version}, {"scopes", {"operator.read"}}});
    const auto answer = ask(socket, "chat.send", {{"sessionKey", "main"}, {"message", "hi"}, {"idempotencyKey", "k"}});
    const auto& error = answer.at("error");
    EXPECT_EQ(string_or(error, "message"), "missing scope: operator.write");
    EXPECT_EQ(string_or(error, "code"), version == 3 ? "INVALID_REQUEST" : "FORBIDDEN");
    EXPECT_EQ(string_or(error.at("details"), "missingScope"), "operator.write");
    EXPECT_EQ(string_or(error.at("details"), "code"), "MISSING_SCOPE");
  }
}

// parity: 1.1-methods
TEST_F(ConnectionTest, EveryMethodParsesItsSchemaAndRefusesCallersWithoutItsScope) {
  const auto nobody = connect({{"scopes", {"operator.nothing"}}});
  for (const auto& name : methods().names()) {
    const auto* method = methods().find(name);
    ASSERT_TRUE(method && method->handle) << name;
    ASSERT_NE(method->scope, Scope::none) << name;
    ASSERT_TRUE(parse_json(method->params_schema, name)) << name;
    EXPECT_EQ(string_or(ask(nobody, name).at("error"), "message"),
              fmt::format("missing scope: {}", scope_name(method->scope)))
        << name;
  }
  // Reading never changes anything, so nothing that changes may be had with it.
  for (const auto* name : {"chat.send", "chat.abort", "sessions.patch", "sessions.delete", "models.fetch",
                           "exec.approval.resolve", "gateway.login.create", "chat.inject"})
    EXPECT_FALSE(allows({"operator.read"}, methods().find(name)->scope)) << name;
}

TEST_F(ConnectionTest, AtMost64RequestsAreInFlight) {
  dialect->hold = true;
  const auto socket = connect();
  for (std::size_t i = 0; i < kMaxInFlight; ++i)
    socket->receive(request_frame(fmt::format("w{}", i), "agent.wait", {{"runId", "held"}, {"timeoutMs", 3'600'000}}));
  // The run exists, so that waiting for it takes long.
  EXPECT_EQ(
      string_or(ask(connect(), "chat.send", {{"sessionKey", "main"}, {"message", "hi"}, {"idempotencyKey", "held"}})
                    .at("payload"),
                "status"),
      "started");
  for (std::size_t i = 0; i < kMaxInFlight; ++i)
    socket->receive(request_frame(fmt::format("v{}", i), "agent.wait", {{"runId", "held"}, {"timeoutMs", 3'600'000}}));
  socket->receive(request_frame("over", "health"));
  ASSERT_TRUE(until([&] { return !socket->answers("over").empty(); }));
  const auto error = socket->answers("over")[0].at("error");
  EXPECT_EQ(string_or(error, "code"), "UNAVAILABLE");
  EXPECT_TRUE(bool_or(error, "retryable", false));
  dialect->hold = false;
  dialect->changed.notify();
  EXPECT_TRUE(until([&] { return !socket->answers("v0").empty(); }));
  EXPECT_TRUE(bool_or(ask(socket, "health"), "ok", false));
}

TEST_F(ConnectionTest, RequestsOfAConnectionThatIsGoneAreCancelledAndItsRunsGoOn) {
  dialect->hold = true;
  const auto watcher = connect();
  const auto socket = connect();
  socket->receive(request_frame("a", "agent", {{"message", "hi"}, {"idempotencyKey", "run-a"}}));
  ASSERT_TRUE(until([&] { return !socket->answers("a").empty(); }));
  const auto clients = gateway->clients().size();
  socket->hang_up();
  EXPECT_TRUE(until([&] { return gateway->clients().size() == clients - 1; }));
  dialect->hold = false;
  dialect->changed.notify();
  EXPECT_EQ(string_or(ending(watcher, "run-a"), "state"), "final");
}

TEST_F(ConnectionTest, ALargeFrameIsParsedAsideAndInItsTurn) {
  const auto socket = connect();
  socket->receive(
      request_frame("large", "chat.history", {{"sessionKey", "main"}, {"padding", std::string(200'000, 'x')}}));
  socket->receive(request_frame("small", "health"));
  ASSERT_TRUE(until([&] { return !socket->answers("large").empty() && !socket->answers("small").empty(); }));
  EXPECT_TRUE(bool_or(socket->answers("large")[0], "ok", false));
}

} // namespace
} // namespace openclaw::gateway
