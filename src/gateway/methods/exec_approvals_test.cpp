#include "agent/approvals.hpp"
#include "config/files.hpp"
#include "gateway/gateway_fixture.hpp"
#include "store/approvals.hpp"

namespace openclaw::gateway {
namespace {

class ExecApprovalsTest : public testing::GatewayTest {
public:
  void SetUp() override {
    GatewayTest::SetUp();
    std::function<Result<bool>(store::Connection&)> add = [](store::Connection& connection) -> Result<bool> {
      TRY_VOID(store::add_command_rule(connection, {0, "main", "/usr/bin/ls", "[]"}, "test", 1));
      TRY_VOID(store::add_command_rule(connection, {0, "main", "/usr/bin/git", R"(["status"])"}, "test", 1));
      return true;
    };
    ASSERT_TRUE(run(database->write<bool>(std::move(add))));
  }
  std::vector<std::string> rules() const {
    std::vector<std::string> binaries;
    for (const auto& rule : store::command_rules(database->reader(), "main").value())
      binaries.push_back(rule.binary);
    return binaries;
  }
};

TEST_F(ExecApprovalsTest, TheStoredRulesAndThePolicyAreShownAsOpenClawsFile) {
  const auto snapshot = payload(connect(), "exec.approvals.get");
  EXPECT_EQ(to_text(snapshot.at("file").at("defaults")),
            R"({"security":"allowlist","ask":"on-miss","askFallback":"deny","autoAllowSkills":false})");
  const auto& list = snapshot.at("file").at("agents").at("main").at("allowlist").get_array();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(string_or(list[0], "pattern"), "/usr/bin/ls");
  EXPECT_EQ(string_or(list[1], "pattern"), R"(/usr/bin/git ["status"])");
}

TEST_F(ExecApprovalsTest, ARuleThatIsLeftOutIsForgotten) {
  const auto socket = connect();
  auto snapshot = payload(socket, "exec.approvals.get");
  auto changed = snapshot.at("file").get_object();
  auto& list = changed["agents"].at("main").at("allowlist").get_array();
  list.erase(list.begin());
  const auto after =
      payload(socket, "exec.approvals.set", {{"file", changed}, {"baseHash", string_or(snapshot, "hash")}});
  EXPECT_EQ(rules(), std::vector<std::string>{"/usr/bin/git"});
  EXPECT_NE(string_or(after, "hash"), string_or(snapshot, "hash"));
}

// parity: 1.8-approvals
TEST_F(ExecApprovalsTest, NothingGetsWiderHere) {
  const auto socket = connect();
  const auto snapshot = payload(socket, "exec.approvals.get");
  const auto refused = [&](std::string_view patch) {
    const auto part = parse_json(patch, "test").value();
    auto changed = snapshot.at("file").get_object();
    for (const auto& member : part.get_object())
      changed[member.key()] = member.value();
    const auto answer =
        ask(socket, "exec.approvals.set", {{"file", changed}, {"baseHash", string_or(snapshot, "hash")}});
    return bool_or(answer, "ok", true) ? std::string() : string_or(answer.at("error"), "message");
  };
  EXPECT_NE(refused(R"({"defaults":{"security":"full"}})").find("allows more"), std::string::npos);
  EXPECT_NE(refused(R"({"defaults":{"ask":"off"}})").find("allows more"), std::string::npos);
  EXPECT_NE(refused(R"({"defaults":{"askFallback":"full"}})"), "");
  EXPECT_NE(refused(R"({"defaults":{"autoAllowSkills":true}})"), "");
  EXPECT_NE(refused(R"({"agents":{"main":{"allowlist":[{"pattern":"/bin/sh"}]}}})").find("new rule"),
            std::string::npos);
  EXPECT_NE(refused(R"({"agents":{"main":{"security":"full"}}})"), "");
  EXPECT_NE(refused(R"({"agents":{"nobody":{}}})"), "");
  EXPECT_FALSE(
      bool_or(ask(socket, "exec.approvals.set", {{"file", {{"version", 1}}}, {"baseHash", "old"}}), "ok", true));
  EXPECT_EQ(rules().size(), 2u);
}

TEST_F(ExecApprovalsTest, ANarrowerPolicyIsWrittenToTheConfiguration) {
  ASSERT_TRUE(config::replace_file(folder + "/openclaw.json", "{}\n"));
  const auto socket = connect();
  const auto snapshot = payload(socket, "exec.approvals.get");
  auto changed = snapshot.at("file").get_object();
  changed["defaults"] = json::object{{"security", "deny"}, {"ask", "always"}};
  payload(socket, "exec.approvals.set", {{"file", changed}, {"baseHash", string_or(snapshot, "hash")}});
  EXPECT_EQ(to_text(file->load()->written), R"({"tools":{"exec":{"security":"deny","ask":"always"}}})");
  EXPECT_EQ(rules().size(), 2u);
}

TEST_F(ExecApprovalsTest, AProgramOutsideWaitsForAPersonsAnswer) {
  const auto asking = connect();
  const auto person = connect();
  asking->receive(request_frame("ask", "exec.approval.request", {{"command", "make test"}, {"cwd", "/src"}}));
  ASSERT_TRUE(until([&] { return !person->events("exec.approval.requested").empty(); }));
  const auto asked = person->events("exec.approval.requested").front().at("payload");
  EXPECT_EQ(string_or(asked.at("request"), "command"), "make test");
  EXPECT_TRUE(asking->answers("ask").empty());
  const auto done =
      payload(person, "exec.approval.resolve", {{"id", string_or(asked, "id")}, {"decision", "allow-always"}});
  EXPECT_FALSE(bool_or(done, "remembered", true)); // nobody can know what a text runs elsewhere
  ASSERT_TRUE(until([&] { return !asking->answers("ask").empty(); }));
  EXPECT_EQ(string_or(asking->answers("ask").front().at("payload"), "decision"), "allow-always");
  EXPECT_EQ(rules().size(), 2u);
}

} // namespace
} // namespace openclaw::gateway
