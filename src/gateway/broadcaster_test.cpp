#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

class BroadcasterTest : public testing::LoopTest {
public:
  void TearDown() override { (void)run(broadcaster.shut_down("test")); }

  std::shared_ptr<testing::FakeSocket> join(std::vector<std::string> scopes = {"operator.read"},
                                            std::set<std::string> capabilities = {}) {
    auto socket = std::make_shared<testing::FakeSocket>(loop.get_executor());
    ClientFacts facts;
    facts.scopes = std::move(scopes);
    facts.capabilities = std::move(capabilities);
    clients.push_back(std::make_shared<Client>(socket, std::move(facts)));
    broadcaster.clients().add(clients.back());
    return socket;
  }
  void advance(std::int64_t milliseconds) {
    settle();
    time.advance(milliseconds);
    settle();
  }
  // Streams pieces and keeps the whole.
  void say(std::string_view more, bool replace = false) {
    whole = replace ? std::string(more) : whole + std::string(more);
    broadcaster.text(info, whole, more, replace);
    settle();
  }
  static ports::Message answer(std::string text) {
    ports::Message message;
    message.role = ports::Role::assistant;
    message.stop_reason = ports::StopReason::stop;
    message.content.emplace_back(ports::ThinkingBlock{"secret thoughts", "sig"});
    message.content.emplace_back(ports::TextBlock{std::move(text)});
    message.usage.input = 3;
    return message;
  }
  static std::vector<std::string> texts(const std::vector<json::value>& chats) {
    std::vector<std::string> found;
    for (const auto& chat : chats)
      if (const auto* message = find_path(chat, "payload.message.content"))
        found.push_back(string_or(message->at(0), "text"));
    return found;
  }

  Broadcaster broadcaster{loop.get_executor(), time};
  std::vector<std::shared_ptr<Client>> clients;
  agent::RunInfo info{"run-1", "agent:main:main", "main", "agent:main:main"};
  std::string whole;
};

TEST_F(BroadcasterTest, StreamsTheWholeTextAtMostEvery150Milliseconds) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  say("one ");
  ASSERT_EQ(socket->events("chat").size(), 1u); // the first words are shown at once
  say("two ");
  advance(100);
  say("three ");
  EXPECT_EQ(socket->events("chat").size(), 1u);
  EXPECT_EQ(socket->events("agent").size(), 4u); // start and one for each piece
  advance(50);
  const auto chats = socket->events("chat");
  ASSERT_EQ(chats.size(), 2u);
  EXPECT_EQ(texts(chats), (std::vector<std::string>{"one ", "one two three "}));
  EXPECT_EQ(string_or(chats[1].at("payload"), "deltaText"), "two three ");
  EXPECT_EQ(string_or(chats[1].at("payload"), "agentId"), "main");
  EXPECT_EQ(time.sleepers(), 1u); // only the tick: nothing waits to be told
}

TEST_F(BroadcasterTest, HoldsNothingBackWhenTheRunEnds) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  say("a");
  say("b");
  say("c");
  broadcaster.finished(info, answer("abc"));
  advance(1000);
  const auto chats = socket->events("chat");
  ASSERT_EQ(chats.size(), 3u);
  std::string joined;
  for (const auto& chat : chats)
    joined += string_or(chat.at("payload"), "deltaText");
  EXPECT_EQ(joined, "abc");
  const auto& final = chats.back().at("payload");
  EXPECT_EQ(string_or(final, "state"), "final");
  EXPECT_EQ(string_or(final, "stopReason"), "stop");
  EXPECT_EQ(integer_or(final.at("usage"), "input", 0), 3);
  EXPECT_EQ(final.at("message").at("content").get_array().size(), 1u); // never the thoughts
  const auto agents = socket->events("agent");
  EXPECT_EQ(string_or(agents.back().at("payload").at("data"), "phase"), "end");
}

// parity: 1.1-ws-framing
TEST_F(BroadcasterTest, NumbersTheEventsOfARunWithoutHolesAndThoseOfAConnectionFromOne) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  say("a");
  broadcaster.thinking(info, "hm", "hm");
  broadcaster.finished(info, answer("a"));
  std::int64_t inner = 0;
  std::int64_t outer = 0;
  for (const auto& frame : socket->sent) {
    EXPECT_EQ(integer_or(frame, "seq", 0), ++outer);
    if (string_or(frame, "event") == "agent") {
      EXPECT_EQ(integer_or(frame.at("payload"), "seq", 0), ++inner);
    }
  }
  EXPECT_EQ(integer_or(socket->sent.back().at("payload"), "seq", 0), inner); // chat carries the run's latest number
}

TEST_F(BroadcasterTest, SaysWhenALaterReplyReplacesTheText) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  say("Let me look. ", true);
  advance(200);
  say("It is ", true);
  advance(200);
  say("done.");
  advance(200);
  const auto chats = socket->events("chat");
  ASSERT_EQ(chats.size(), 3u);
  EXPECT_FALSE(chats[0].at("payload").get_object().contains("replace"));
  EXPECT_TRUE(bool_or(chats[1].at("payload"), "replace", false));
  EXPECT_EQ(string_or(chats[1].at("payload"), "deltaText"), "It is ");
  EXPECT_FALSE(chats[2].at("payload").get_object().contains("replace"));
  EXPECT_EQ(texts(chats).back(), "It is done.");
}

TEST_F(BroadcasterTest, WhoComesInTheMiddleGetsTheWholeTextWithTheNextPiece) {
  broadcaster.started(info, time.now_ms());
  say("Before you came, ");
  const auto socket = join();
  advance(200);
  say("and after.");
  ASSERT_EQ(socket->events("chat").size(), 1u);
  EXPECT_EQ(string_or(socket->events("chat")[0].at("payload"), "deltaText"), "Before you came, and after.");
}

TEST_F(BroadcasterTest, LongTextsCostNoMoreThanTheirDeltas) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  say(std::string(5000, 'x'));
  const auto before = socket->sent.size();
  for (int i = 0; i < 100; ++i)
    say("y");
  EXPECT_EQ(socket->sent.size(), before);
  advance(150);
  EXPECT_EQ(socket->sent.size(), before + 2); // one assistant event, one chat delta
  EXPECT_EQ(string_or(socket->events("agent").back().at("payload").at("data"), "delta"), std::string(100, 'y'));
}

TEST_F(BroadcasterTest, AMegabyteInAMinuteIsShownInABoundedNumberOfBytes) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  constexpr int kPieces = 512;
  for (int piece = 0; piece < kPieces; ++piece) {
    say(std::string(2048, 'x'));
    advance(120);
  }
  std::size_t bytes = 0;
  const auto shown = texts(socket->events("chat"));
  for (const auto& text : shown)
    bytes += text.size();
  // Half a megabyte a second, and the few pieces that were too short for it to matter; every 150 ms it would be 200 MB.
  EXPECT_LT(bytes, 40U * 1024 * 1024);
  EXPECT_GT(shown.size(), 40U) << "somebody reads along";
  broadcaster.finished(info, answer(whole));
  settle();
  EXPECT_EQ(texts(socket->events("chat")).back(), whole);
}

// parity: 1.6-verbose
TEST_F(BroadcasterTest, ToolEventsGoToThoseWhoAskAndToVerboseSessions) {
  const auto plain = join();
  const auto curious = join({"operator.read"}, {"tool-events"});
  const auto run_tool = [&] {
    broadcaster.started(info, time.now_ms());
    broadcaster.tool_started(info, "call_1", "exec", R"({"command":"echo hi"})");
    broadcaster.tool_updated(info, "call_1", "exec", "hi", R"({"status":"running"})");
    ports::Message result;
    result.role = ports::Role::tool_result;
    result.content.emplace_back(ports::TextBlock{"hi"});
    result.details_json = R"({"exitCode":0})";
    broadcaster.tool_finished(info, "call_1", "exec", result);
    broadcaster.finished(info, answer("done"));
  };
  run_tool();
  EXPECT_EQ(plain->events("agent").size(), 2u); // start and end
  const auto told = curious->events("agent");
  ASSERT_EQ(told.size(), 5u);
  EXPECT_EQ(to_text(told[1].at("payload").at("data")),
            R"({"phase":"start","name":"exec","toolCallId":"call_1","args":{"command":"echo hi"}})");
  EXPECT_EQ(
      to_text(told[2].at("payload").at("data")),
      R"({"phase":"update","name":"exec","toolCallId":"call_1","partialResult":{"content":[{"type":"text","text":"hi"}],"details":{"status":"running"}}})");
  EXPECT_EQ(
      to_text(told[3].at("payload").at("data")),
      R"({"phase":"result","name":"exec","toolCallId":"call_1","isError":false,"result":{"content":[{"type":"text","text":"hi"}],"details":{"exitCode":0}}})");
  // Hidden events take their number all the same.
  EXPECT_EQ(integer_or(plain->events("agent").back().at("payload"), "seq", 0), 5);
  broadcaster.set_verbose([](const std::string& key) { return key == "agent:main:main"; });
  run_tool();
  EXPECT_EQ(plain->events("agent").size(), 7u);
}

TEST_F(BroadcasterTest, FailuresAndStopsAreVisible) {
  const auto socket = join();
  broadcaster.started(info, time.now_ms());
  ports::Message failure;
  failure.error_message = "The provider said no.";
  failure.error_hint = "Check the key.";
  broadcaster.failed(info, failure, true);
  auto chat = socket->events("chat").back().at("payload");
  EXPECT_EQ(string_or(chat, "state"), "error");
  EXPECT_EQ(string_or(chat, "errorMessage"), "The provider said no.");
  EXPECT_EQ(string_or(chat, "errorHint"), "Check the key.");
  EXPECT_TRUE(bool_or(chat, "retryable", false));
  EXPECT_EQ(string_or(socket->events("agent").back().at("payload").at("data"), "phase"), "error");
  broadcaster.started(info, time.now_ms());
  broadcaster.aborted(info, "rpc", nullptr);
  chat = socket->events("chat").back().at("payload");
  EXPECT_EQ(string_or(chat, "state"), "aborted");
  EXPECT_EQ(string_or(chat, "stopReason"), "rpc");
}

TEST_F(BroadcasterTest, ACommandsAnswerIsOneFinalEventAndNoAgentEvents) {
  const auto socket = join();
  broadcaster.finished(info, answer("Here is the status."));
  EXPECT_TRUE(socket->events("agent").empty());
  ASSERT_EQ(socket->events("chat").size(), 1u);
  EXPECT_EQ(integer_or(socket->events("chat")[0].at("payload"), "seq", 0), 1);
}

// parity: 1.1-events
TEST_F(BroadcasterTest, EventsKeepToTheScopesOfAConnection) {
  const auto reader = join({"operator.read"});
  const auto approver = join({"operator.approvals"});
  const auto admin = join({"operator.admin"});
  const auto nobody = join({});
  agent::ApprovalRequest request;
  request.id = "a1";
  broadcaster.approval_requested(request);
  broadcaster.approval_resolved("a1", agent::ApprovalDecision::deny, "cli");
  broadcaster.finished(info, answer("x"));
  EXPECT_EQ(reader->sent.size(), 1u);
  EXPECT_EQ(approver->sent.size(), 2u);
  EXPECT_EQ(admin->sent.size(), 3u);
  EXPECT_EQ(nobody->sent.size(), 0u);
  EXPECT_EQ(string_or(approver->events("exec.approval.resolved")[0].at("payload"), "decision"), "deny");
}

TEST_F(BroadcasterTest, EchoesASessionKeyOnlyToThoseWhoWriteItSo) {
  const auto writer = join();
  clients.back()->remember_key("main");
  const auto other = join();
  info.client_key = "main";
  broadcaster.finished(info, answer("x"));
  EXPECT_EQ(string_or(writer->events("chat")[0].at("payload"), "sessionKey"), "main");
  EXPECT_EQ(string_or(other->events("chat")[0].at("payload"), "sessionKey"), "agent:main:main");
}

// parity: 1.1-limits
TEST_F(BroadcasterTest, SlowReadersMissDeltasAndHopelessOnesAreClosed) {
  const auto slow = join();
  slow->buffered = kSkipAbove + 1;
  broadcaster.started(info, time.now_ms());
  say("a");
  EXPECT_TRUE(slow->events("chat").empty());
  broadcaster.finished(info, answer("a"));
  ASSERT_EQ(slow->events("chat").size(), 1u);
  EXPECT_EQ(string_or(slow->events("chat")[0].at("payload"), "state"), "final");
  EXPECT_GT(integer_or(slow->sent.back(), "seq", 0),
            static_cast<std::int64_t>(slow->sent.size())); // the gap is visible
  EXPECT_EQ(slow->close_code, 0);
  slow->buffered = kMaxBuffered + 1;
  broadcaster.finished(info, answer("b"));
  EXPECT_EQ(slow->close_code, 1008);
  EXPECT_EQ(slow->close_reason, "slow consumer");
}

// parity: 1.1-limits
TEST_F(BroadcasterTest, TicksOnlyWhileSomebodyIsThere) {
  settle();
  EXPECT_EQ(time.sleepers(), 0u);
  const auto socket = join({});
  advance(kTickMs);
  advance(kTickMs);
  EXPECT_EQ(socket->events("tick").size(), 2u);
  broadcaster.clients().remove(clients.back().get());
  settle();
  EXPECT_EQ(time.sleepers(), 0u);
  const auto next = join({});
  advance(kTickMs);
  EXPECT_EQ(next->events("tick").size(), 1u);
}

TEST_F(BroadcasterTest, ModelProgressIsToldAtMostEvery200Milliseconds) {
  const auto socket = join();
  int asked = 0;
  broadcaster.set_models_status(
      [&asked]() -> Task<json::value> { co_return json::value(json::object{{"asked", ++asked}}); });
  for (int i = 0; i < 10; ++i) {
    broadcaster.models_changed();
    advance(100);
  }
  EXPECT_EQ(asked, 5);
  EXPECT_EQ(socket->events("models.status").size(), 5u);
}

TEST_F(BroadcasterTest, SaysGoodbyeOnceAndLetsNobodyInAfterwards) {
  const auto socket = join();
  ASSERT_TRUE(run(broadcaster.shut_down("gateway stopping")));
  ASSERT_TRUE(run(broadcaster.shut_down("again")));
  ASSERT_EQ(socket->events("shutdown").size(), 1u);
  EXPECT_EQ(socket->close_code, 1012);
  EXPECT_EQ(socket->close_reason, "service restart");
  EXPECT_EQ(join()->close_code, 1012);
}

} // namespace
} // namespace openclaw::gateway
