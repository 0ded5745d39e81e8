#include "gateway/gateway_fixture.hpp"

namespace openclaw::gateway {
namespace {

class PresenceTest : public testing::GatewayTest {
public:
  static json::object as(std::string_view mode, std::string_view instance = "") {
    json::object client{{"id", "test"}, {"mode", mode}, {"version", "1"}, {"platform", "linux"}};
    if (!instance.empty()) client["instanceId"] = instance;
    return {{"client", std::move(client)}};
  }
  void pass(std::int64_t milliseconds) {
    time.advance(milliseconds);
    settle();
  }
};

TEST_F(PresenceTest, ManyComersAreToldOnce) {
  const auto watcher = connect(as("ui"));
  pass(Presence::kQuietMs);
  const auto before = watcher->events("presence").size();
  for (int i = 0; i < 50; ++i)
    connect(as("backend"));
  EXPECT_EQ(watcher->events("presence").size(), before);
  pass(Presence::kQuietMs);
  const auto events = watcher->events("presence");
  ASSERT_EQ(events.size(), before + 1);
  const auto& last = events.back();
  EXPECT_EQ(last.at("payload").at("presence").as_array().size(), 52u); // the gateway itself is one
  EXPECT_EQ(integer_or(last.at("stateVersion"), "presence", 0), gateway->clients().versions().presence);
  EXPECT_GT(integer_or(last, "seq", 0), 0);
  pass(10 * Presence::kQuietMs);
  EXPECT_EQ(watcher->events("presence").size(), before + 1);
}

// parity: 1.1-presence
TEST_F(PresenceTest, CommandLinesAreNotShownAndOthersUntilFiveMinutesAfterTheyLeft) {
  connect(as("cli"));
  connect(as("probe"));
  const auto ui = connect(as("ui", "my-screen"));
  auto& presence = gateway->presence();
  ASSERT_EQ(presence.entries().size(), 2u);
  EXPECT_EQ(string_or(presence.entries()[0], "reason"), "self");
  EXPECT_EQ(string_or(presence.entries()[1], "instanceId"), "my-screen");
  pass(2 * Presence::kLifeMs);
  EXPECT_EQ(presence.entries().size(), 2u); // it is still here
  ui->hang_up();
  settle();
  EXPECT_EQ(string_or(presence.entries()[1], "reason"), "disconnect");
  pass(Presence::kLifeMs);
  EXPECT_EQ(presence.entries().size(), 1u);
}

TEST_F(PresenceTest, ProgramsReportThemselvesAndTheListIsBounded) {
  const auto admin = connect();
  EXPECT_EQ(
      to_text(payload(admin, "system-event", {{"text", "Node: kitchen"}, {"deviceId", "d1"}, {"host", "kitchen"}})),
      R"({"ok":true})");
  auto rows = ask(admin, "system-presence").at("payload").as_array();
  ASSERT_EQ(rows.size(), 3u);
  const auto reported = string_or(rows[1], "text") == "Node: kitchen" ? rows[1] : rows[2];
  EXPECT_EQ(string_or(reported, "host"), "kitchen");
  for (int i = 0; i < 500; ++i)
    gateway->presence().report({{"text", "x"}, {"instanceId", fmt::format("i{}", i)}}, "");
  EXPECT_EQ(gateway->presence().entries().size(), Presence::kMost + 1);
  EXPECT_FALSE(bool_or(ask(admin, "system-event", {{"deviceId", "d1"}}), "ok", true)); // no text
  const auto reader = connect({{"scopes", {"operator.read"}}});
  EXPECT_EQ(string_or(ask(reader, "system-event", {{"text", "x"}}).at("error"), "message"),
            "missing scope: operator.admin");
}

TEST_F(PresenceTest, HealthIsToldOnceAMinuteAndNotToEveryComer) {
  const auto watcher = connect();
  for (int i = 0; i < 20; ++i)
    connect();
  settle();
  EXPECT_TRUE(watcher->events("health").empty());
  pass(kTickMs);
  EXPECT_EQ(watcher->events("tick").size(), 1u);
  EXPECT_TRUE(watcher->events("health").empty());
  pass(kTickMs);
  ASSERT_EQ(watcher->events("health").size(), 1u);
  EXPECT_EQ(integer_or(watcher->events("health")[0].at("stateVersion"), "health", 0), 2);
  EXPECT_TRUE(bool_or(watcher->events("health")[0].at("payload"), "ok", false));
}

TEST_F(PresenceTest, NothingTicksWhileNobodyIsThere) {
  const auto before = time.sleepers();
  const auto socket = connect();
  EXPECT_GT(time.sleepers(), before);
  socket->hang_up();
  settle();
  pass(Presence::kQuietMs);
  pass(kTickMs);
  EXPECT_EQ(time.sleepers(), before);
}

} // namespace
} // namespace openclaw::gateway
