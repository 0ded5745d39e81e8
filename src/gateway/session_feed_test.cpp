// What clients hear of sessions, and that only those hear it who asked and may.
#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

class SessionFeedTest : public testing::GatewayTest {
public:
  void say(const std::shared_ptr<testing::FakeSocket>& socket, std::string session, std::string run_id) {
    (void)payload(socket, "chat.send", {{"sessionKey", session}, {"message", "hello"}, {"idempotencyKey", run_id}});
    (void)ending(socket, run_id);
    settle();
  }
  static std::vector<std::string> told(const std::shared_ptr<testing::FakeSocket>& socket, std::string_view event,
                                       std::string_view field) {
    std::vector<std::string> values;
    for (const auto& frame : socket->events(event))
      values.push_back(string_or(frame.at("payload"), field));
    return values;
  }
  using Texts = std::vector<std::string>;
};

// parity: 1.1-events
TEST_F(SessionFeedTest, MessagesAreToldAsTheHistoryHasThem) {
  const auto socket = connect();
  (void)payload(socket, "sessions.messages.subscribe", {{"key", "main"}});
  say(socket, "main", "run-1");
  const auto frames = socket->events("session.message");
  const auto history = payload(socket, "chat.history", {{"sessionKey", "main"}}).at("messages").get_array();
  ASSERT_EQ(frames.size(), 2u);
  ASSERT_EQ(history.size(), 2u);
  for (std::size_t index = 0; index < 2; ++index) {
    const auto& told = frames[index].at("payload");
    EXPECT_EQ(told.at("message"), history[index]);
    EXPECT_EQ(string_or(told, "messageId"), string_or(history[index], "id"));
    EXPECT_EQ(string_or(told.at("message").at("__openclaw"), "id"), string_or(history[index], "id"));
    EXPECT_EQ(string_or(told, "runId"), "run-1");
    EXPECT_EQ(string_or(told, "agentId"), "main");
    EXPECT_EQ(string_or(told, "sessionKey"), "main") << "as this client writes it";
    EXPECT_EQ(string_or(told, "sessionId"), string_or(told.at("session"), "sessionId"));
    EXPECT_GT(integer_or(told, "updatedAt", 0), 0);
  }
  EXPECT_TRUE(socket->events("sessions.changed").empty()) << "it follows one session, not the list";
}

TEST_F(SessionFeedTest, WhoFollowsAllSessionsHearsOfEachOneHowItChanges) {
  const auto socket = connect();
  (void)payload(socket, "sessions.subscribe");
  say(socket, "agent:main:web-1", "run-1");
  dialect->failure = Error{Kind::invalid, "The provider refused the request.", "", {}};
  say(socket, "agent:main:web-2", "run-2");
  (void)payload(socket, "sessions.patch", {{"key", "agent:main:web-1"}, {"label", "Weather"}});
  (void)payload(socket, "sessions.reset", {{"key", "agent:main:web-1"}});
  (void)payload(socket, "sessions.delete", {{"key", "agent:main:web-1"}});
  EXPECT_EQ(told(socket, "sessions.changed", "phase"), (Texts{"start", "end", "start", "error", "", "", ""}));
  EXPECT_EQ(told(socket, "sessions.changed", "status"), (Texts{"running", "done", "running", "failed", "", "", ""}));
  EXPECT_EQ(told(socket, "sessions.changed", "reason"), (Texts{"", "", "", "", "patch", "reset", "delete"}));
  EXPECT_EQ(told(socket, "sessions.changed", "label"), (Texts{"", "", "", "", "Weather", "Weather", ""}));
  EXPECT_EQ(told(socket, "session.message", "runId"), (Texts{"run-1", "run-1", "run-2", "run-2"}));
  // A command is answered without a run: its words are told, and nothing starts or ends.
  say(socket, "agent:main:web-2", "run-3");
  socket->sent.clear();
  (void)payload(socket, "chat.send",
                {{"sessionKey", "agent:main:web-2"}, {"message", "/help"}, {"idempotencyKey", "run-4"}});
  EXPECT_EQ(told(socket, "session.message", "runId"), (Texts{"run-4", "run-4"}));
  EXPECT_TRUE(socket->events("sessions.changed").empty());
}

// parity: 1.5-reset
TEST_F(SessionFeedTest, TheCommandThatStartsAfreshIsToldWithTheNewSession) {
  const auto socket = connect();
  say(socket, "main", "run-1");
  const auto old = string_or(payload(socket, "chat.history", {{"sessionKey", "main"}}), "sessionId");
  (void)payload(socket, "sessions.subscribe");
  (void)payload(socket, "chat.send", {{"sessionKey", "main"}, {"message", "/new"}, {"idempotencyKey", "run-2"}});
  const auto changes = socket->events("sessions.changed");
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(string_or(changes[0].at("payload"), "reason"), "reset");
  const auto fresh = string_or(changes[0].at("payload"), "sessionId");
  EXPECT_NE(fresh, old);
  EXPECT_EQ(string_or(payload(socket, "chat.history", {{"sessionKey", "main"}}), "sessionId"), fresh);
}

TEST_F(SessionFeedTest, OnlyThoseHearItWhoAskedAndOnlyWhatTheyAskedFor) {
  const auto writer = connect();
  const auto stranger = connect();
  const auto one = connect();
  const auto gone = connect();
  const auto approver = connect({{"scopes", {"operator.approvals"}}});
  (void)payload(one, "sessions.messages.subscribe", {{"key", "agent:main:web-1"}});
  for (const auto* method : {"sessions.subscribe", "sessions.unsubscribe"})
    (void)payload(gone, method);
  for (const auto* method : {"sessions.messages.subscribe", "sessions.messages.unsubscribe"})
    (void)payload(gone, method, {{"key", "agent:main:web-1"}});
  EXPECT_FALSE(bool_or(ask(approver, "sessions.subscribe"), "ok", true));
  EXPECT_FALSE(bool_or(ask(approver, "sessions.messages.subscribe", {{"key", "main"}}), "ok", true));
  say(writer, "agent:main:web-1", "run-1");
  say(writer, "agent:main:web-2", "run-2");
  EXPECT_EQ(told(one, "session.message", "runId"), (Texts{"run-1", "run-1"}));
  for (const auto& socket : {writer, stranger, gone, approver})
    for (const auto* event : {"sessions.changed", "session.message", "session.tool"})
      EXPECT_TRUE(socket->events(event).empty()) << event;
}

TEST_F(SessionFeedTest, ASlowReaderMissesThemAndAConnectionFollowsTwoHundredSessionsAtMost) {
  const auto writer = connect();
  const auto slow = connect();
  (void)payload(slow, "sessions.subscribe");
  slow->buffered = kSkipAbove + 1;
  say(writer, "main", "run-1");
  EXPECT_TRUE(slow->events("session.message").empty());
  EXPECT_EQ(slow->close_code, 0);
  for (int number = 0; number < 200; ++number)
    (void)payload(writer, "sessions.messages.subscribe", {{"key", fmt::format("agent:main:web-{}", number)}});
  EXPECT_FALSE(bool_or(ask(writer, "sessions.messages.subscribe", {{"key", "main"}}), "ok", true));
  EXPECT_TRUE(bool_or(ask(writer, "sessions.messages.subscribe", {{"key", "agent:main:web-7"}}), "ok", false));
  (void)payload(writer, "sessions.messages.unsubscribe", {{"key", "agent:main:web-7"}});
  EXPECT_TRUE(bool_or(ask(writer, "sessions.messages.subscribe", {{"key", "main"}}), "ok", false));
}

TEST_F(SessionFeedTest, ToolsAreToldOnceToEach) {
  const auto plain = connect();
  const auto rich = connect({{"caps", {"tool-events"}}});
  (void)payload(plain, "sessions.subscribe");
  (void)payload(rich, "sessions.subscribe");
  const agent::RunInfo run{"run-1", "agent:main:main", "main", "agent:main:main"};
  events.tool_started(run, "call-1", "read", R"({"path":"a"})");
  settle();
  ASSERT_EQ(plain->events("session.tool").size(), 1u);
  const auto& told = plain->events("session.tool").front().at("payload");
  EXPECT_EQ(string_or(told, "stream"), "tool");
  EXPECT_EQ(string_or(told.at("data"), "toolCallId"), "call-1");
  EXPECT_TRUE(plain->events("agent").empty());
  EXPECT_TRUE(rich->events("session.tool").empty());
  EXPECT_EQ(rich->events("agent").size(), 1u);
}

} // namespace
} // namespace openclaw::gateway
