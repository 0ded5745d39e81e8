// Whole runs against a scripted model and a scripted tool: what is on disk and what clients are told.
#include "agent/approvals.hpp"
#include "agent/chat_command.hpp"
#include "agent/runtime.hpp"
#include "agent/session_key.hpp"
#include "config/files.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace openclaw::agent {
namespace {

using ports::Block;
using ports::TextBlock;
using ports::ToolCallBlock;

// Answers with what was put in, in order; then with "done".
class ScriptedDialect final : public ports::Dialect {
public:
  std::string_view name() const override { return "openai-completions"; }
  ports::DialectRules rules() const override { return {}; }
  Task<ports::ModelReply> stream(net::HttpClient&, ports::ModelEndpoint, ports::SharedModelRequest request,
                                 ports::ModelSink& sink) override {
    requests.push_back(*request);
    if (replies.empty()) {
      sink.text("done");
      ports::ModelReply reply;
      reply.content.emplace_back(TextBlock{"done"});
      reply.stop_reason = ports::StopReason::stop;
      reply.usage.input = 10;
      reply.usage.output = 1;
      co_return reply;
    }
    auto next = std::move(replies.front());
    replies.pop_front();
    if (next)
      for (const auto& block : next->content)
        if (const auto* text = std::get_if<TextBlock>(&block)) sink.text(text->text);
    co_return next;
  }
  Task<std::vector<std::string>> list_models(net::HttpClient&, ports::ModelEndpoint) override {
    co_return std::vector<std::string>{"scripted"};
  }
  std::deque<Result<ports::ModelReply>> replies;
  std::vector<ports::ModelRequest> requests;
};

class CountingTool final : public ports::Tool {
public:
  ports::ToolSpec spec() const override {
    return {"count", "Counts.", R"({"type":"object","properties":{"by":{"type":"integer"}},"required":["by"]})"};
  }
  std::vector<std::pair<std::string, std::string>> argument_aliases() const override { return {{"amount", "by"}}; }
  Task<policy::Effect> preview(std::string arguments, const ports::ToolContext&) override {
    policy::Effect effect;
    effect.risk = risk;
    effect.tool = "count";
    effect.summary = "count " + arguments;
    if (risk == policy::Risk::execute) {
      policy::CommandEffect command;
      command.argv = {"/bin/rm", "-rf", "x"};
      command.resolved_binary = "/bin/rm";
      effect.command = command;
    }
    co_return effect;
  }
  Task<ports::ToolResult> run(std::string arguments, policy::Permit, const ports::ToolContext&) override {
    ++runs;
    co_return ports::text_result("counted " + arguments);
  }
  policy::Risk risk = policy::Risk::write;
  int runs = 0;
};

class RecordedEvents final : public RunEvents {
public:
  void started(const RunInfo&, std::int64_t) override { log.push_back("started"); }
  void text(const RunInfo&, std::string_view whole, std::string_view, bool) override {
    log.push_back("text " + std::string(whole));
  }
  void thinking(const RunInfo&, std::string_view, std::string_view) override {}
  void tool_started(const RunInfo&, std::string_view, std::string_view name, std::string_view) override {
    log.push_back("tool " + std::string(name));
  }
  void tool_updated(const RunInfo&, std::string_view, std::string_view, std::string_view, std::string_view) override {}
  void tool_finished(const RunInfo&, std::string_view, std::string_view, const ports::Message& result) override {
    log.push_back((result.is_error ? "tool error " : "tool result ") + ports::text_of(result));
  }
  void finished(const RunInfo&, const ports::Message& answer) override {
    log.push_back("finished " + ports::text_of(answer));
  }
  void failed(const RunInfo&, const ports::Message& failure, bool) override {
    log.push_back("failed " + failure.error_message);
  }
  void aborted(const RunInfo&, std::string_view reason, const ports::Message*) override {
    log.push_back("aborted " + std::string(reason));
  }
  void approval_requested(const ApprovalRequest& request) override {
    log.push_back("approval " + request.tool);
    pending = request.id;
    if (approvals) scope->spawn("answer", answer(approvals, request.id, decision));
  }
  void approval_resolved(std::string_view, ApprovalDecision decided, std::string_view) override {
    log.push_back("resolved " + std::string(decision_name(decided)));
  }
  void session_changed(std::string_view, std::string_view) override {}
  void models_changed() override {}

  static Task<> answer(Approvals* approvals, std::string id, ApprovalDecision decision) {
    CO_TRY([[maybe_unused]] const bool remembered, co_await approvals->resolve(std::move(id), decision, "test"));
    co_return Result<>{};
  }
  std::vector<std::string> log;
  std::string pending;
  Approvals* approvals = nullptr;
  async::Scope* scope = nullptr;
  ApprovalDecision decision = ApprovalDecision::allow_once;
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

class RuntimeTest : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / fmt::format("openclaw-runtime-{}", ::getpid())).string();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto dialect = std::make_unique<ScriptedDialect>();
    dialect_ = dialect.get();
    registry_.add_dialect(std::move(dialect));
    auto tool = std::make_unique<CountingTool>();
    tool_ = tool.get();
    registry_.add_tool(std::move(tool));
    start();
  }

  void start() {
    auto opened = store::Database::open(folder_ + "/state.db");
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    scope_ = std::make_unique<async::Scope>(loop_.get_executor());
    models_ =
        std::make_unique<Models>(registry_, ports::ServerServices{loop_.get_executor(), *scope_, time_, http_, folder_},
                                 std::map<std::string, std::string>{}, events_);
    const auto config =
        parse_json(R"({"models":{"providers":{"scripted":{"baseUrl":"http://127.0.0.1:9/v1","api":"openai-completions",
      "models":[{"id":"m","contextWindow":100000,"maxTokens":1000,"cost":{"input":1,"output":1,"cacheRead":0,"cacheWrite":0}}]}}},
      "agents":{"defaults":{"model":{"primary":"scripted/m"}}}})",
                   "test config");
    ASSERT_TRUE(config);
    ASSERT_TRUE(models_->configure(*config));
    runtime_ = std::make_unique<Runtime>(RuntimeServices{loop_.get_executor(), time_, random_, *database_, registry_,
                                                         http_, events_, *models_, folder_});
    auto settings = read_settings(*config, folder_, folder_);
    ASSERT_TRUE(settings);
    runtime_->configure(std::move(*settings), *config);
    events_.scope = scope_.get();
  }

  void TearDown() override {
    (void)async::run(loop_, runtime_->shut_down());
    (void)async::run(loop_, scope_->join());
    runtime_.reset();
    models_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  agent::Run run_of(std::string id, std::string text) {
    agent::Run run;
    run.info = {id, "agent:main:main", "main", "main"};
    run.user.timestamp_ms = time_.now_ms();
    run.user.content.emplace_back(TextBlock{std::move(text)});
    return run;
  }
  // As messaging does it: on disk first, then onto the lane.
  RunOutcome answer(std::string id, std::string text) {
    store::InboxRow row;
    row.channel = "webchat";
    row.dedupe_key = id;
    row.run_id = id;
    row.session_key = "agent:main:main";
    row.body = to_text(json::object{{"text", text}});
    row.state = "accepted";
    EXPECT_TRUE(async::run(loop_, save(database_.get(), row)));
    EXPECT_TRUE(runtime_->submit(run_of(id, text)));
    auto outcome = async::run(loop_, runtime_->wait(id, 60'000));
    EXPECT_TRUE(outcome);
    return outcome.value_or(RunOutcome{});
  }
  static Task<bool> save(store::Database* database, store::InboxRow row) {
    std::function<Result<bool>(store::Connection&)> work = [row](store::Connection& connection) {
      return store::accept_message(connection, row);
    };
    auto saved = co_await database->write<bool>(std::move(work));
    co_return saved;
  }
  std::vector<Entry> transcript() {
    const auto session = store::find_session(database_->reader(), "agent:main:main");
    if (!session || !*session) return {};
    return read_messages(database_->reader(), (*session)->session_id, 1000).value_or(std::vector<Entry>{});
  }
  static ports::ModelReply calls(std::string name, std::string arguments) {
    ports::ModelReply reply;
    reply.content.emplace_back(
        ToolCallBlock{fmt::format("call_{}", ++call_number_), std::move(name), std::move(arguments)});
    reply.stop_reason = ports::StopReason::tool_use;
    return reply;
  }
  bool told(std::string_view what) const {
    return std::any_of(events_.log.begin(), events_.log.end(),
                       [&](const auto& line) { return line.starts_with(what); });
  }

  static inline int call_number_ = 0;
  std::string folder_;
  boost::asio::io_context loop_;
  async::SystemTime time_;
  SeededRandom random_{7};
  NoNetwork http_;
  ports::Registry registry_;
  RecordedEvents events_;
  ScriptedDialect* dialect_ = nullptr;
  CountingTool* tool_ = nullptr;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<async::Scope> scope_;
  std::unique_ptr<Models> models_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(RuntimeTest, AMessageIsAnsweredAndBothAreInTheTranscript) {
  EXPECT_EQ(answer("r1", "hello").status, "ok");
  const auto entries = transcript();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(ports::text_of(entries[0].message), "hello");
  EXPECT_EQ(ports::text_of(entries[1].message), "done");
  EXPECT_EQ(entries[1].run_id, "r1");
  EXPECT_EQ(store::find_run(database_->reader(), "r1").value()->state, "answered");
  EXPECT_EQ(events_.log.front(), "started");
  EXPECT_EQ(events_.log.back(), "finished done");
}

// parity: 1.6-system-prompt
TEST_F(RuntimeTest, TheSystemPromptIsTheSameBytesInEveryTurn) {
  answer("r1", "one");
  answer("r2", "two");
  ASSERT_EQ(dialect_->requests.size(), 2U);
  EXPECT_EQ(dialect_->requests[0].system, dialect_->requests[1].system);
  EXPECT_FALSE(dialect_->requests[0].system.empty());
}

TEST_F(RuntimeTest, AToolCallRunsUnderAnAliasedArgumentAndItsResultGoesBackToTheModel) {
  dialect_->replies.push_back(calls("count", R"({"amount":2})"));
  EXPECT_EQ(answer("r1", "count").status, "ok");
  EXPECT_EQ(tool_->runs, 1);
  ASSERT_EQ(dialect_->requests.size(), 2U);
  EXPECT_EQ(dialect_->requests[1].messages.back().role, ports::Role::tool_result);
  EXPECT_EQ(ports::text_of(dialect_->requests[1].messages.back()), R"(counted {"by":2})");
}

TEST_F(RuntimeTest, ArgumentsThatBreakTheSchemaAreToldToTheModelAndNothingRuns) {
  dialect_->replies.push_back(calls("count", R"({"by":"two"})"));
  dialect_->replies.push_back(calls("cuont", R"({})"));
  EXPECT_EQ(answer("r1", "count").status, "ok");
  EXPECT_EQ(tool_->runs, 0);
  EXPECT_TRUE(told("tool error The arguments of count do not fit its schema"));
  EXPECT_TRUE(told("tool error There is no tool \"cuont\" here. Did you mean count?"));
}

// parity: 1.8-host-exec
TEST_F(RuntimeTest, AProgramRunsOnlyAfterApprovalAndTheApprovalIsUsedUp) {
  tool_->risk = policy::Risk::execute;
  events_.approvals = &runtime_->approvals();
  dialect_->replies.push_back(calls("count", R"({"by":1})"));
  EXPECT_EQ(answer("r1", "remove").status, "ok");
  EXPECT_EQ(tool_->runs, 1);
  EXPECT_TRUE(told("approval count"));
  EXPECT_EQ(store::find_approval(database_->reader(), events_.pending).value()->state, "consumed");
}

TEST_F(RuntimeTest, ARefusedProgramDoesNotRun) {
  tool_->risk = policy::Risk::execute;
  events_.approvals = &runtime_->approvals();
  events_.decision = ApprovalDecision::deny;
  dialect_->replies.push_back(calls("count", R"({"by":1})"));
  EXPECT_EQ(answer("r1", "remove").status, "ok");
  EXPECT_EQ(tool_->runs, 0);
  EXPECT_TRUE(told("tool error The user denied this call."));
}

TEST_F(RuntimeTest, AModelErrorIsAVisibleRetryableFailure) {
  dialect_->replies.push_back(fail(Kind::denied, "The provider refused the key.", "Set another one."));
  const auto outcome = answer("r1", "hello");
  EXPECT_EQ(outcome.status, "error");
  EXPECT_EQ(events_.log.back(), "failed The provider refused the key.");
  const auto entries = transcript();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].message.stop_reason, ports::StopReason::error);
  EXPECT_EQ(store::find_run(database_->reader(), "r1").value()->state, "failed");
}

TEST_F(RuntimeTest, APassingFaultIsTriedAgainWithoutTellingAnybody) {
  dialect_->replies.push_back(fail(Kind::transient, "Broken pipe.", "", "retry-after-ms=1"));
  EXPECT_EQ(answer("r1", "hello").status, "ok");
  EXPECT_EQ(dialect_->requests.size(), 2U);
  EXPECT_FALSE(told("failed"));
}

TEST_F(RuntimeTest, AModelThatLoopsOnAToolIsStopped) {
  for (int i = 0; i < 20; ++i)
    dialect_->replies.push_back(calls("count", R"({"by":1})"));
  EXPECT_EQ(answer("r1", "loop").status, "error");
  EXPECT_EQ(tool_->runs, 4);
  EXPECT_TRUE(told("failed The model is in a loop"));
}

TEST_F(RuntimeTest, AfterACrashABegunRunIsAVisibleFailureAndAnAcceptedOneRuns) {
  store::InboxRow row;
  row.channel = "webchat";
  row.session_key = "agent:main:main";
  row.body = R"({"text":"hello"})";
  for (const auto* state : {"running", "accepted"}) {
    row.dedupe_key = row.run_id = state;
    row.state = state;
    ASSERT_TRUE(async::run(loop_, save(database_.get(), row)));
  }
  ASSERT_TRUE(async::run(loop_, runtime_->recover()));
  ASSERT_TRUE(async::run(loop_, runtime_->wait("accepted", 60'000)));
  EXPECT_EQ(store::find_run(database_->reader(), "running").value()->state, "failed");
  EXPECT_EQ(store::find_run(database_->reader(), "accepted").value()->state, "answered");
}

TEST_F(RuntimeTest, ATranscriptFileWithATornTailIsRepaired) {
  answer("r1", "one");
  ASSERT_TRUE(async::run(loop_, runtime_->shut_down())); // its own projection of the turn is written by now
  const auto session = store::find_session(database_->reader(), "agent:main:main").value().value();
  TranscriptFiles files(folder_ + "/agents", folder_ + "/state.db");
  ASSERT_TRUE(files.update("main", session.session_id, session.created_ms, "/w"));
  const auto path = fmt::format("{}/agents/main/sessions/{}.jsonl", folder_, session.session_id);
  const auto whole = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, whole - 5);
  ASSERT_TRUE(files.update("main", session.session_id, session.created_ms, "/w"));
  EXPECT_EQ(std::filesystem::file_size(path), whole);
}

// parity: 1.5-origin, 1.5-store
TEST_F(RuntimeTest, TheSessionsFileIsWhatOpenClawReads) {
  answer("r1", "one");
  ASSERT_TRUE(async::run(loop_, runtime_->shut_down())); // nothing waits for the file, but the end does
  std::ifstream file(folder_ + "/agents/main/sessions/sessions.json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto sessions = parse_json(text, "sessions.json");
  ASSERT_TRUE(sessions) << text;
  const auto session = store::find_session(database_->reader(), "agent:main:main").value().value();
  const auto* entry = find(*sessions, "agent:main:main");
  ASSERT_TRUE(entry) << text;
  EXPECT_EQ(string_or(*entry, "sessionId"), session.session_id);
  EXPECT_EQ(integer_or(*entry, "updatedAt", 0), session.updated_ms);
  EXPECT_EQ(string_or(*entry, "sessionFile"),
            fmt::format("{}/agents/main/sessions/{}.jsonl", folder_, session.session_id));
  EXPECT_EQ(string_or(entry->at("deliveryContext"), "channel"), "webchat");
  EXPECT_TRUE(std::filesystem::exists(string_or(*entry, "sessionFile")));
}

TEST_F(RuntimeTest, TheSessionsFileOfTheOriginalProgramIsPutAsideAndNeverLost) {
  const auto folder = folder_ + "/agents/main/sessions";
  std::filesystem::create_directories(folder);
  const std::string original = R"({"agent:main:main":{"sessionId":"0000-old"}})";
  std::ofstream(folder + "/sessions.json") << original;
  std::ofstream(folder + "/0000-old.jsonl") << "{}\n";
  runtime_->sessions_changed("main");
  ASSERT_TRUE(async::run(loop_, runtime_->shut_down()));
  EXPECT_EQ(config::read_small_file(folder + "/sessions.json", 4096).value(), original) << "we have nothing to say yet";
  start();
  answer("r1", "one");
  ASSERT_TRUE(async::run(loop_, runtime_->shut_down()));
  EXPECT_EQ(config::read_small_file(folder + "/sessions.json.original", 4096).value(), original);
  EXPECT_NE(config::read_small_file(folder + "/sessions.json", 65536).value().value().find("sessionFile"),
            std::string::npos);
}

// parity: 1.5-session-keys
TEST(SessionKey, HasOneNameForEachConversation) {
  for (const auto* written : {"", "main", "agent:main:main", "agent:main"}) {
    const auto key = canonical_session_key(written, "main");
    ASSERT_TRUE(key) << written;
    EXPECT_EQ(key->canonical, "agent:main:main") << written;
  }
  EXPECT_EQ(canonical_session_key("web-1", "main")->canonical, "agent:main:web-1");
  EXPECT_FALSE(canonical_session_key("../etc passwd", "main"));
  EXPECT_FALSE(canonical_session_key(std::string(129, 'x'), "main"));
  const auto longest = canonical_session_key(std::string(128, 'x'), "main");
  ASSERT_TRUE(longest);
  EXPECT_EQ(canonical_session_key(longest->canonical, "other")->canonical, longest->canonical);
}

TEST(SessionKey, NamesItsGroupWithAndWithoutAnAccount) {
  for (const auto* key : {"agent:main:telegram:group:-100:topic:5", "agent:main:telegram:work:group:-100:topic:5"}) {
    const auto group = group_of(key);
    ASSERT_TRUE(group) << key;
    EXPECT_EQ(group->channel, "telegram") << key;
    EXPECT_EQ(group->kind, "group") << key;
    EXPECT_EQ(group->id, "-100:topic:5") << key;
  }
  EXPECT_EQ(group_of("agent:main:slack:channel:c1")->kind, "channel");
  EXPECT_FALSE(is_group("agent:main:slack:channel:c1"));
  EXPECT_TRUE(is_group("agent:main:group:120363"));
  for (const auto* key : {"agent:main:main", "agent:group:main", "agent:main:telegram:dm:7", "agent:main:group", ""})
    EXPECT_FALSE(group_of(key)) << key;
}

// parity: 1.3-webchat, 1.5-stop
TEST(StopWords, AreWholeMessagesOnly) {
  EXPECT_TRUE(is_stop_word(" Stop! "));
  EXPECT_TRUE(is_stop_word("arrête"));
  EXPECT_FALSE(is_stop_word("stop the presses"));
}

// parity: 1.10-commands
TEST(ChatCommands, APathIsNotACommandAndASlipIsSuggested) {
  EXPECT_FALSE(parse_chat_command("/etc/passwd what is it?"));
  EXPECT_FALSE(parse_chat_command("hello"));
  ASSERT_TRUE(parse_chat_command("/model: x/y"));
  EXPECT_EQ(parse_chat_command("/model: x/y")->argument, "x/y");
  EXPECT_TRUE(parse_chat_command("/hepl"));
}

} // namespace
} // namespace openclaw::agent
