// The methods' payloads, in the shapes that real clients read.
#include "agent/approvals.hpp"
#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

class MethodsTest : public testing::GatewayTest {
public:
  std::string send(const std::shared_ptr<testing::FakeSocket>& socket, std::string message, std::string key,
                   std::string session = "main") {
    return string_or(
        payload(socket, "chat.send", {{"sessionKey", session}, {"message", message}, {"idempotencyKey", key}}),
        "status");
  }
  json::array history(const std::shared_ptr<testing::FakeSocket>& socket, std::string session = "main") {
    return payload(socket, "chat.history", {{"sessionKey", session}}).at("messages").get_array();
  }
};

TEST_F(MethodsTest, AMessageIsAnsweredStreamedAndRemembered) {
  const auto socket = connect();
  EXPECT_EQ(send(socket, "hello", "run-1"), "started");
  const auto end = ending(socket, "run-1");
  EXPECT_EQ(string_or(end, "state"), "final");
  EXPECT_EQ(string_or(end, "sessionKey"), "main"); // as this client wrote it
  EXPECT_EQ(string_or(end.at("message").at("content").at(0), "text"), "echo: hello");
  EXPECT_FALSE(socket->events("chat").empty());
  const auto messages = history(socket);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(string_or(messages[0], "role"), "user");
  EXPECT_EQ(string_or(messages[0].at("content").at(0), "text"), "hello");
  EXPECT_EQ(string_or(messages[1], "runId"), "run-1");
  EXPECT_FALSE(string_or(messages[1], "id").empty());
  EXPECT_EQ(string_or(messages[1], "stopReason"), "stop");
  EXPECT_EQ(send(socket, "hello", "run-1"), "ok"); // the same again changes nothing
  EXPECT_EQ(history(socket, "agent:main:main").size(), 2u);
}

// parity: 1.1-limits
TEST_F(MethodsTest, AHistoryIsCutToItsNewestSixMegabytes) {
  const auto socket = connect();
  EXPECT_EQ(send(socket, "hello", "run-1"), "started");
  (void)ending(socket, "run-1");
  const auto session = store::find_session(database->reader(), "agent:main:main");
  ASSERT_TRUE(session && *session);
  ports::Message long_one;
  long_one.role = ports::Role::user;
  long_one.content.emplace_back(ports::TextBlock{std::string(2'200'000, 'x')});
  std::function<Result<bool>(store::Connection&)> work = [&](store::Connection& connection) -> Result<bool> {
    for (const auto* run_id : {"long-1", "long-2", "long-3", "long-4"})
      TRY_VOID(agent::append_message(connection, (*session)->session_id, run_id, long_one, random));
    return true;
  };
  ASSERT_TRUE(run(database->write<bool>(std::move(work))));
  const auto messages = history(socket);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(string_or(messages[0], "runId"), "long-3");
  EXPECT_EQ(string_or(messages[1], "runId"), "long-4");
}

// parity: 1.1-idempotency
TEST_F(MethodsTest, ARepeatedAgentRequestRunsOnce) {
  const auto socket = connect();
  const json::object params{{"message", "hello"}, {"sessionKey", "main"}, {"idempotencyKey", "run-1"}};
  for (int asked = 0; asked < 2; ++asked) {
    const auto answer = ask(socket, "agent", params, 2);
    EXPECT_EQ(string_or(answer.at("payload"), "status"), "ok");
    EXPECT_EQ(string_or(answer.at("payload"), "runId"), "run-1");
  }
  EXPECT_EQ(history(socket).size(), 2u);
}

// parity: 1.1-ws-framing
TEST_F(MethodsTest, AnAgentRunThatTakesTooLongEndsWithACodeOfItsOwn) {
  const auto socket = connect();
  dialect->hold = true;
  socket->receive(request_frame(
      "slow", "agent", {{"message", "hello"}, {"sessionKey", "main"}, {"idempotencyKey", "run-1"}, {"timeout", 1}}));
  ASSERT_TRUE(until([&] { return socket->answers("slow").size() == 1; }));
  settle();
  time.advance(1000);
  ASSERT_TRUE(until([&] { return socket->answers("slow").size() == 2; }));
  const auto answer = socket->answers("slow").back();
  EXPECT_EQ(string_or(answer.at("error").at("details"), "code"), "AGENT_TIMEOUT");
  EXPECT_NE(string_or(answer.at("error"), "message").find("after 1 seconds"), std::string::npos);
  EXPECT_EQ(string_or(answer.at("payload"), "status"), "error");
}

TEST_F(MethodsTest, AFailedRunIsVisibleAndCanBeRunAgain) {
  const auto socket = connect();
  dialect->failure = Error{Kind::invalid, "The provider refused the request.", "Check the model.", {}};
  EXPECT_EQ(send(socket, "hello", "run-1"), "started");
  EXPECT_EQ(string_or(ending(socket, "run-1"), "state"), "error");
  auto messages = history(socket);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(string_or(messages[1], "stopReason"), "error");
  EXPECT_EQ(string_or(messages[1], "errorMessage"), "The provider refused the request.");
  EXPECT_TRUE(bool_or(messages[1], "retryable", false));
  dialect->failure.reset();
  const auto again =
      payload(socket, "chat.retry", {{"sessionKey", "main"}, {"runId", "run-1"}, {"idempotencyKey", "run-2"}});
  EXPECT_EQ(string_or(again, "runId"), "run-2");
  EXPECT_EQ(string_or(ending(socket, "run-2"), "state"), "final");
  messages = history(socket);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(string_or(messages[1], "stopReason"), "stop");
  EXPECT_FALSE(
      bool_or(ask(socket, "chat.retry", {{"sessionKey", "main"}, {"runId", "nobody"}, {"idempotencyKey", "run-3"}}),
              "ok", true));
}

TEST_F(MethodsTest, ARunIsStoppedByMethodAndByWord) {
  const auto socket = connect();
  dialect->hold = true;
  EXPECT_EQ(send(socket, "hello", "run-1"), "started");
  ASSERT_TRUE(until([&] { return runtime->active_runs() == 1 && !socket->events("agent").empty(); }));
  EXPECT_EQ(send(socket, "hello", "run-1"), "in_flight");
  const auto history_now = payload(socket, "chat.history", {{"sessionKey", "main"}});
  EXPECT_EQ(to_text(history_now.at("activeRuns")), R"([{"runId":"run-1"}])");
  const auto stopped = payload(socket, "chat.abort", {{"sessionKey", "agent:main:main"}});
  EXPECT_EQ(to_text(stopped), R"({"ok":true,"aborted":true,"runIds":["run-1"]})");
  EXPECT_EQ(string_or(ending(socket, "run-1"), "stopReason"), "rpc");
  EXPECT_EQ(send(socket, "hello", "run-2"), "started");
  ASSERT_TRUE(until([&] { return socket->events("agent").size() == 2; }));
  const auto word =
      payload(socket, "chat.send", {{"sessionKey", "main"}, {"message", "/stop"}, {"idempotencyKey", "k"}});
  EXPECT_EQ(to_text(word), R"({"ok":true,"aborted":true,"runIds":["run-2"]})");
  EXPECT_EQ(to_text(payload(socket, "chat.abort", {{"sessionKey", "main"}, {"runId", "none"}})),
            R"({"ok":true,"aborted":false,"runIds":[]})");
  EXPECT_EQ(string_or(ending(socket, "run-2"), "stopReason"), "stop");
}

// parity: 1.6-entry-points
TEST_F(MethodsTest, AgentAnswersTwiceWithTheSameId) {
  const auto socket = connect();
  socket->receive(request_frame("a1", "agent",
                                {{"message", "hi"},
                                 {"agentId", "main"},
                                 {"sessionKey", "agent:main:main"},
                                 {"channel", "whatsapp"},
                                 {"timeout", 600},
                                 {"idempotencyKey", "a1"}}));
  ASSERT_TRUE(until([&] { return socket->answers("a1").size() == 2; }));
  const auto answers = socket->answers("a1");
  EXPECT_EQ(string_or(answers[0].at("payload"), "status"), "accepted");
  EXPECT_EQ(string_or(answers[0].at("payload"), "runId"), "a1");
  EXPECT_EQ(string_or(answers[1].at("payload"), "status"), "ok");
  EXPECT_EQ(string_or(answers[1].at("payload"), "summary"), "completed");
  const auto& result = answers[1].at("payload").at("result");
  EXPECT_EQ(string_or(result.at("payloads").at(0), "text"), "echo: hello");
  EXPECT_EQ(string_or(result.at("meta").at("agentMeta"), "model"), "m");
  EXPECT_EQ(integer_or(result.at("meta").at("agentMeta").at("usage"), "input", 0), 10);
  EXPECT_EQ(string_or(payload(socket, "agent.wait", {{"runId", "a1"}}), "status"), "ok");
  EXPECT_EQ(string_or(payload(socket, "agent.wait", {{"runId", "nobody"}, {"timeoutMs", 10}}), "status"), "timeout");
}

TEST_F(MethodsTest, AgentTellsAFailureAsErrorWithItsPayload) {
  dialect->failure = Error{Kind::denied, "The key is wrong.", "", {}};
  const auto socket = connect();
  socket->receive(request_frame("a1", "agent", {{"message", "hi"}, {"idempotencyKey", "a1"}}));
  ASSERT_TRUE(until([&] { return socket->answers("a1").size() == 2; }));
  const auto last = socket->answers("a1")[1];
  EXPECT_FALSE(bool_or(last, "ok", true));
  EXPECT_EQ(string_or(last.at("payload"), "status"), "error");
  EXPECT_EQ(string_or(last.at("payload"), "summary"), "The key is wrong.");
  EXPECT_EQ(string_or(last.at("error"), "code"), "UNAVAILABLE");
}

TEST_F(MethodsTest, SessionsAreListedWithTitlesAndPreviews) {
  const auto socket = connect();
  EXPECT_EQ(send(socket, "What is\nthe weather?", "run-1", "agent:main:web-1"), "started");
  (void)ending(socket, "run-1");
  const auto list =
      payload(socket, "sessions.list",
              {{"limit", 10}, {"includeDerivedTitles", true}, {"includeLastMessage", true}, {"includeGlobal", true}});
  EXPECT_EQ(integer_or(list, "count", 0), 1);
  EXPECT_EQ(to_text(list.at("defaults")), R"({"modelProvider":"scripted","model":"m","contextTokens":100000})");
  const auto& row = list.at("sessions").at(0);
  EXPECT_EQ(string_or(row, "key"), "agent:main:web-1");
  EXPECT_EQ(string_or(row, "derivedTitle"), "What is the weather?");
  EXPECT_EQ(string_or(row, "lastMessagePreview"), "echo: hello");
  EXPECT_EQ(string_or(row, "modelProvider"), "scripted");
  EXPECT_EQ(integer_or(row, "inputTokens", 0), 10);
  EXPECT_EQ(integer_or(payload(socket, "sessions.list", {{"search", "nothing"}}), "count", -1), 0);
  const auto previews = payload(socket, "sessions.preview", {{"keys", {"agent:main:web-1", "agent:main:none"}}});
  EXPECT_EQ(to_text(previews.at("previews").at(0).at("items")),
            R"([{"role":"user","text":"What is\nthe weather?"},{"role":"assistant","text":"echo: hello"}])");
  EXPECT_EQ(string_or(previews.at("previews").at(1), "status"), "missing");
  EXPECT_EQ(string_or(payload(socket, "sessions.describe", {{"key", "web-1"}}).at("session"), "key"),
            "agent:main:web-1");
  EXPECT_EQ(string_or(payload(socket, "sessions.resolve", {{"key", "main"}}), "key"), "agent:main:main");
  EXPECT_EQ(string_or(payload(socket, "sessions.resolve", {{"sessionId", string_or(row, "sessionId")}}), "key"),
            "agent:main:web-1");
  EXPECT_FALSE(bool_or(ask(socket, "sessions.resolve", {{"key", "nobody"}}), "ok", true));
}

// parity: 1.5-origin, 1.5-reset, 1.6-thinking
TEST_F(MethodsTest, SessionsArePatchedResetAndDeleted) {
  const auto socket = connect();
  const auto stranger = connect();
  EXPECT_EQ(send(socket, "hello", "run-1", "agent:main:web-1"), "started");
  (void)ending(socket, "run-1");
  (void)payload(socket, "sessions.subscribe");
  const auto patched =
      payload(socket, "sessions.patch",
              {{"key", "agent:main:web-1"}, {"label", "Weather"}, {"thinkingLevel", "high"}, {"model", "scripted/m"}});
  EXPECT_EQ(string_or(patched.at("entry"), "label"), "Weather");
  EXPECT_EQ(string_or(patched.at("entry"), "thinkingLevel"), "high");
  EXPECT_EQ(to_text(patched.at("resolved")), R"({"modelProvider":"scripted","model":"m"})");
  EXPECT_EQ(socket->events("sessions.changed").size(), 1u);
  EXPECT_EQ(stranger->events("sessions.changed").size(), 0u) << "it has not asked";
  EXPECT_FALSE(bool_or(ask(socket, "sessions.patch", {{"key", "main"}, {"label", "Weather"}}), "ok", true)); // taken
  EXPECT_FALSE(bool_or(ask(socket, "sessions.patch", {{"key", "main"}, {"model", "no/such"}}), "ok", true));
  EXPECT_FALSE(bool_or(ask(socket, "sessions.patch", {{"key", "main"}, {"thinkingLevel", "sideways"}}), "ok", true));
  EXPECT_FALSE(bool_or(ask(socket, "sessions.patch", {{"key", "main"}, {"execSecurity", "full"}}), "ok", true));
  const auto cleared = payload(socket, "sessions.patch", {{"key", "agent:main:web-1"}, {"label", nullptr}});
  EXPECT_FALSE(cleared.at("entry").get_object().contains("label"));
  EXPECT_EQ(string_or(cleared.at("entry"), "thinkingLevel"), "high");
  const auto reset = payload(socket, "sessions.reset", {{"key", "agent:main:web-1"}});
  EXPECT_NE(string_or(reset.at("entry"), "sessionId"), string_or(patched.at("entry"), "sessionId"));
  EXPECT_TRUE(history(socket, "agent:main:web-1").empty());
  EXPECT_TRUE(bool_or(payload(socket, "sessions.delete", {{"key", "agent:main:web-1"}}), "deleted", false));
  EXPECT_EQ(send(socket, "hello", "run-2"), "started");
  (void)ending(socket, "run-2");
  EXPECT_FALSE(bool_or(ask(socket, "sessions.delete", {{"key", "main"}}), "ok", true));
}

// parity: 1.3-webchat
TEST_F(MethodsTest, CommandsAndInjectedWordsAreOneFinalEvent) {
  const auto socket = connect();
  EXPECT_EQ(send(socket, "/status", "cmd-1"), "started");
  const auto end = ending(socket, "cmd-1");
  EXPECT_EQ(string_or(end, "state"), "final");
  EXPECT_EQ(string_or(end.at("message"), "stopReason"), "injected");
  EXPECT_TRUE(socket->events("agent").empty());
  const auto injected =
      payload(socket, "chat.inject", {{"sessionKey", "main"}, {"message", "A note."}, {"label", "cron"}});
  const auto note = ending(socket, "inject-" + string_or(injected, "messageId"));
  EXPECT_EQ(string_or(note.at("message").at("content").at(0), "text"), "[cron]\n\nA note.");
  EXPECT_EQ(string_or(history(socket).back().at("content").at(0), "text"), "[cron]\n\nA note.");
  EXPECT_FALSE(bool_or(ask(socket, "chat.inject", {{"sessionKey", "nobody"}, {"message", "x"}}), "ok", true));
}

// parity: 1.1-events
TEST_F(MethodsTest, ApprovalsAreShownAndDecidedOnce) {
  const auto socket = connect();
  agent::RunInfo info{"run-1", "agent:main:main", "main", "main"};
  policy::Effect effect;
  effect.tool = "exec";
  effect.summary = "rm -rf x";
  scope->spawn("ask", [](agent::Approvals* approvals, agent::RunInfo run, policy::Effect what) -> Task<> {
    auto answer = co_await approvals->ask(std::move(run), "call_1", std::move(what), "It deletes.", 60'000);
    if (!answer) co_return std::unexpected(answer.error());
    co_return Result<>{};
  }(&runtime->approvals(), info, effect));
  ASSERT_TRUE(until([&] { return !socket->events("exec.approval.requested").empty(); }));
  const auto approvals = payload(socket, "exec.approval.list").at("approvals").get_array();
  ASSERT_EQ(approvals.size(), 1u);
  EXPECT_EQ(string_or(approvals[0].at("request"), "command"), "rm -rf x");
  EXPECT_EQ(string_or(approvals[0].at("request"), "reason"), "It deletes.");
  EXPECT_EQ(integer_or(approvals[0], "expiresAtMs", 0) - integer_or(approvals[0], "createdAtMs", 0), 60'000);
  const auto id = string_or(approvals[0], "id");
  EXPECT_FALSE(bool_or(ask(socket, "exec.approval.resolve", {{"id", id}, {"decision", "maybe"}}), "ok", true));
  EXPECT_TRUE(bool_or(payload(socket, "exec.approval.resolve", {{"id", id}, {"decision", "deny"}}), "ok", false));
  ASSERT_TRUE(until([&] { return !socket->events("exec.approval.resolved").empty(); }));
  EXPECT_EQ(string_or(socket->events("exec.approval.resolved")[0].at("payload"), "resolvedBy"), "test");
  EXPECT_FALSE(bool_or(ask(socket, "exec.approval.resolve", {{"id", id}, {"decision", "allow-once"}}), "ok", true));
  EXPECT_TRUE(payload(socket, "exec.approval.list").at("approvals").get_array().empty());
}

TEST_F(MethodsTest, ALoginLinkGivesAtMostWhatItsMakerHas) {
  const auto socket = connect();
  const auto login = payload(socket, "gateway.login.create", {{"scopes", {"operator.read"}}});
  EXPECT_TRUE(string_or(login, "url").ends_with("#login=" + string_or(login, "code")));
  EXPECT_EQ(integer_or(login, "expiresAtMs", 0), time.now_ms() + 600'000);
  const auto token = run(gateway->credentials().exchange(string_or(login, "code")));
  ASSERT_TRUE(token && *token);
  const auto reader =
      connect({{"auth", {{"token", (*token)->token}}}, {"scopes", {"operator.admin", "operator.read"}}});
  EXPECT_EQ(string_or(ask(reader, "gateway.login.create").at("error"), "message"), "missing scope: operator.admin");
}

TEST_F(MethodsTest, WhatClientsAskAtTheirStartIsAnswered) {
  const auto socket = connect();
  const auto health = payload(socket, "health");
  EXPECT_TRUE(bool_or(health, "ok", false));
  EXPECT_EQ(string_or(health, "defaultAgentId"), "main");
  const auto status = payload(socket, "status");
  EXPECT_EQ(string_or(status.at("sessions").at("defaults"), "model"), "m");
  EXPECT_EQ(string_or(status.at("heartbeat"), "defaultAgentId"), "main");
  EXPECT_TRUE(ask(socket, "system-presence").at("payload").is_array());
  EXPECT_EQ(string_or(payload(socket, "models.list").at("models").at(0), "id"), "m");
  EXPECT_EQ(string_or(payload(socket, "models.status").at("current"), "ref"), "scripted/m");
  EXPECT_FALSE(bool_or(ask(socket, "models.fetch"), "ok", true));
  EXPECT_EQ(string_or(payload(socket, "agents.list"), "defaultId"), "main");
  EXPECT_EQ(to_text(payload(socket, "agent.identity.get", {{"sessionKey", "main"}})),
            R"({"agentId":"main","name":"Assistant","avatar":"A"})");
  EXPECT_TRUE(bool_or(payload(socket, "config.get"), "valid", false));
  EXPECT_TRUE(bool_or(payload(socket, "sessions.subscribe"), "subscribed", false));
  EXPECT_EQ(string_or(payload(socket, "sessions.messages.subscribe", {{"key", "main"}}), "key"), "agent:main:main");
  EXPECT_TRUE(payload(socket, "usage.cost", {{"days", 7}}).at("daily").is_array());
  EXPECT_TRUE(payload(socket, "usage.status").at("providers").is_array());
  EXPECT_TRUE(payload(socket, "logs.tail", {{"limit", 5}}).at("lines").is_array());
  EXPECT_TRUE(payload(socket, "tools.list").at("tools").is_array());
  EXPECT_FALSE(bool_or(ask(socket, "tools.list", {{"agentId", "nobody"}}), "ok", true));
  EXPECT_FALSE(bool_or(ask(socket, "tools.explain", {{"tool", "nothing"}}), "ok", true));
}

} // namespace
} // namespace openclaw::gateway
