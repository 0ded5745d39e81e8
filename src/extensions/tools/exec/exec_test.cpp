#include "extensions/tools/exec/exec.hpp"

#include "async/scope.hpp"
#include "base/json.hpp"
#include "extensions/tools/exec/binary.hpp"
#include "policy/command.hpp"
#include "sandbox/confine.hpp"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

namespace openclaw::tools {
namespace {

namespace fs = std::filesystem;

class NoNetwork final : public net::HttpClient {
public:
  Task<std::shared_ptr<net::StreamedResponse>> open(net::Outbound) override {
    co_return fail(Kind::bug, "no network here");
  }
  Task<net::Response> fetch(net::Outbound) override { co_return fail(Kind::bug, "no network here"); }
  Task<std::shared_ptr<net::WebSocket>> connect_websocket(net::Outbound) override {
    co_return fail(Kind::bug, "no network here");
  }
};

Task<ports::ToolResult> call(ports::Tool* tool, std::string arguments, const ports::ToolContext* context) {
  CO_TRY(auto effect, co_await tool->preview(arguments, *context));
  auto permit =
      policy::Permit::issue({.verdict = policy::Verdict::allow}, std::move(effect), std::nullopt, "s", "a", 0);
  co_return co_await tool->run(std::move(arguments), std::move(*permit), *context);
}

Task<policy::Effect> look(ports::Tool* tool, std::string arguments, const ports::ToolContext* context) {
  co_return co_await tool->preview(std::move(arguments), *context);
}

Task<> stop(async::Scope* scope) {
  scope->cancel();
  co_return co_await scope->join();
}

class ExecTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-exec-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    auto opened = sandbox::Workspace::open(base_ / "work");
    ASSERT_TRUE(opened);
    workspace_.emplace(std::move(*opened));
    context_.emplace(ports::ToolContext{"main", "session", "run", "call", *workspace_, http_, time_, scope_,
                                        [this](std::string_view) { return settings_; },
                                        [this](std::string_view tail, std::string) { updates_.emplace_back(tail); },
                                        [this](std::string notice) {
                                          notices_.push_back(std::move(notice));
                                          noticed_.notify();
                                        }});
    if (!sandbox::support().usable) GTEST_SKIP() << sandbox::support().explanation;
  }
  void TearDown() override {
    EXPECT_TRUE(async::run(loop_, stop(&scope_)));
    context_.reset();
    fs::remove_all(base_);
  }

  Result<ports::ToolResult> exec(json::object arguments) {
    return async::run(loop_, call(exec_.get(), to_text(arguments), &*context_));
  }
  Result<ports::ToolResult> process(json::object arguments) {
    return async::run(loop_, call(process_.get(), to_text(arguments), &*context_));
  }
  Result<policy::Effect> preview(json::object arguments) {
    return async::run(loop_, look(exec_.get(), to_text(arguments), &*context_));
  }
  static std::string text(const Result<ports::ToolResult>& result) {
    return result ? std::get<ports::TextBlock>(result->content.at(0)).text : "refused: " + result.error().text();
  }
  static json::object details(const Result<ports::ToolResult>& result) {
    return result && !result->details_json.empty() ? parse_json(result->details_json, "details")->as_object()
                                                   : json::object{};
  }
  std::string in_background(const std::string& command) {
    return string_or(details(exec({{"command", command}, {"background", true}})), "sessionId");
  }

  async::asio::io_context loop_;
  async::FakeTime time_{loop_.get_executor()};
  async::Scope scope_{loop_.get_executor()};
  async::Event noticed_{loop_.get_executor()};
  NoNetwork http_;
  std::string settings_ = "{}";
  std::vector<std::string> updates_;
  std::vector<std::string> notices_;
  fs::path base_;
  std::optional<sandbox::Workspace> workspace_;
  std::optional<ports::ToolContext> context_;
  std::shared_ptr<ProcessTable> table_ = std::make_shared<ProcessTable>();
  std::unique_ptr<ports::Tool> exec_ = make_exec_tool(table_);
  std::unique_ptr<ports::Tool> process_ = make_process_tool(table_);
};

// parity: 1.7-exec
TEST_F(ExecTest, RunsPlainWordsWithoutAShellAndShellTextWithOne) {
  const auto plain = exec({{"command", "echo 'a  b' c"}});
  EXPECT_EQ(text(plain), "a  b c\n");
  EXPECT_EQ(string_or(details(plain), "status"), "completed");
  EXPECT_EQ(integer_or(details(plain), "exitCode", -1), 0);
  EXPECT_EQ(string_or(details(plain), "cwd"), workspace_->root());
  EXPECT_EQ(text(exec({{"command", "echo a | tr a b; echo $HOME; pwd"}})),
            "b\n" + workspace_->root() + "\n" + workspace_->root() + "\n");
  const auto failed = exec({{"command", "sh -c 'echo problem >&2; exit 3'"}});
  EXPECT_EQ(text(failed), "problem\n\n\nThe command exited with code 3.");
  EXPECT_TRUE(failed->is_error);
  EXPECT_EQ(text(exec({{"command", "true"}})), "(no output)");
}

TEST_F(ExecTest, ThePreviewSaysExactlyWhatWouldRun) {
  auto effect = preview({{"command", "cat notes.txt"}, {"env", {{"A", "b"}}}});
  ASSERT_TRUE(effect);
  EXPECT_EQ(effect->risk, policy::Risk::execute);
  EXPECT_EQ(effect->command->argv, (std::vector<std::string>{"cat", "notes.txt"}));
  EXPECT_EQ(effect->command->resolved_binary, fs::canonical("/usr/bin/cat"));
  EXPECT_EQ(effect->command->binary_sha256.size(), 64U);
  EXPECT_EQ(effect->command->environment.at("A"), "b");
  EXPECT_EQ(effect->command->network, "none");
  EXPECT_FALSE(effect->command->through_shell);
  effect = preview({{"command", "cat *"}});
  EXPECT_TRUE(effect->command->through_shell);
  EXPECT_EQ(effect->command->argv, (std::vector<std::string>{"/bin/sh", "-c", "cat *"}));
  EXPECT_TRUE(effect->command->binary_sha256.empty());
  settings_ = R"({"network":"host"})";
  EXPECT_EQ(preview({{"command", "true"}})->command->network, "host");
  EXPECT_EQ(preview({{"command", "no-such-program"}}).error().kind, Kind::missing);
  EXPECT_EQ(preview({{"command", "/etc/hosts"}}).error().kind, Kind::missing);
  EXPECT_FALSE(preview({{"command", "ls"}, {"workdir", "/etc"}}));
  EXPECT_FALSE(preview({{"command", "ls"}, {"workdir", ".."}}));
}

TEST_F(ExecTest, ACallCannotWidenItsRights) {
  for (const json::object& more : std::initializer_list<json::object>{{{"host", "gateway"}},
                                                                      {{"host", "node"}},
                                                                      {{"security", "full"}},
                                                                      {{"security", "deny"}},
                                                                      {{"security", "x"}},
                                                                      {{"ask", "off"}},
                                                                      {{"elevated", true}},
                                                                      {{"node", "n1"}}}) {
    json::object arguments{{"command", "true"}};
    for (const auto& member : more)
      arguments.insert(member);
    const auto refused = exec(arguments);
    ASSERT_FALSE(refused) << to_text(more);
    EXPECT_EQ(refused.error().kind, Kind::denied) << to_text(more);
  }
  EXPECT_FALSE(exec({{"command", "true"}, {"env", {{"A B", "c"}}}}));
  EXPECT_FALSE(exec({{"command", "true"}, {"env", {{"A", 1}}}}));
  EXPECT_TRUE(exec({{"command", "true"}, {"host", "sandbox"}, {"security", "allowlist"}, {"ask", "on-miss"}}));
}

TEST_F(ExecTest, TheEnvironmentArrivesAsItWasGivenWhateverIsInIt) {
  const std::string value = "q'u\"o\n$(id)`id`;|&\\ \t*";
  EXPECT_EQ(text(exec({{"command", "printenv STRANGE"}, {"env", {{"STRANGE", value}}}})), value + "\n");
  EXPECT_EQ(text(exec({{"command", "env | sort | cut -d= -f1 | grep -v ^_ | tr '\\n' ' '"}})),
            "HOME LANG PATH PWD TERM USER ");
}

Task<ports::ToolResult> run_after_change(ports::Tool* tool, const ports::ToolContext* context, std::string program) {
  std::string arguments = R"({"command":"./program"})";
  CO_TRY(auto effect, co_await tool->preview(arguments, *context));
  auto permit =
      policy::Permit::issue({.verdict = policy::Verdict::allow}, std::move(effect), std::nullopt, "s", "a", 0);
  std::ofstream(program, std::ios::app) << "echo changed\n";
  co_return co_await tool->run(std::move(arguments), std::move(*permit), *context);
}

TEST_F(ExecTest, AProgramThatWasChangedAfterTheDecisionDoesNotRun) {
  const std::string program = base_ / "work/program";
  std::ofstream(program) << "#!/bin/sh\necho original\n";
  fs::permissions(program, fs::perms::owner_all);
  EXPECT_EQ(text(exec({{"command", "./program"}})), "original\n");
  const auto refused = async::run(loop_, run_after_change(exec_.get(), &*context_, program));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::conflict);
}

TEST_F(ExecTest, KeepsLittleOfMuchOutput) {
  const auto result = exec({{"command", "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last"}});
  const auto shown = text(result);
  EXPECT_LT(shown.size(), 31'000U);
  EXPECT_TRUE(shown.starts_with("first\nxxx"));
  EXPECT_TRUE(shown.ends_with("xxx\nlast\n"));
  EXPECT_NE(shown.find("bytes of output are left out here"), std::string::npos);
}

TEST_F(ExecTest, ReplacesInvalidUtf8) {
  EXPECT_EQ(text(exec({{"command", "printf '\\377ok'"}})), "\xEF\xBF\xBDok");
}

// parity: 1.7-exec
TEST_F(ExecTest, StopsWhatTakesTooLong) {
  const auto result = exec({{"command", "sleep 1000"}, {"timeout", 1}});
  EXPECT_NE(text(result).find("its time was over"), std::string::npos);
  EXPECT_TRUE(result->is_error);
  EXPECT_TRUE(bool_or(details(result), "timedOut", false));
}

Task<> until_noticed(async::Event* noticed, std::vector<std::string>* notices, std::size_t count) {
  while (notices->size() < count)
    CO_TRY_VOID(co_await noticed->wait_for(20'000));
  co_return Result<>{};
}

// parity: 1.7-exec, 1.7-process
TEST_F(ExecTest, GoesOnInTheBackgroundAndAnnouncesItsEnd) {
  const auto started = exec({{"command", "echo begun; read line; echo got $line; exit 4"}, {"background", true}});
  EXPECT_EQ(string_or(details(started), "status"), "running");
  const auto id = string_or(details(started), "sessionId");
  EXPECT_NE(text(process({{"action", "list"}})).find(id), std::string::npos);
  EXPECT_EQ(text(process({{"action", "write"}, {"sessionId", id}, {"data", "input\n"}})), "Wrote 6 bytes.");
  ASSERT_TRUE(async::run(loop_, until_noticed(&noticed_, &notices_, 1)));
  EXPECT_NE(notices_[0].find("ended with code 4"), std::string::npos) << notices_[0];
  EXPECT_EQ(notices_[0].find("got input"), std::string::npos);
  const auto polled = process({{"action", "poll"}, {"sessionId", id}});
  EXPECT_EQ(text(polled), "begun\ngot input\n\n\nThe process is ended with code 4.");
  EXPECT_NE(text(process({{"action", "poll"}, {"sessionId", id}})).find("(no new output)"), std::string::npos);
  EXPECT_NE(text(process({{"action", "log"}, {"sessionId", id}, {"offset", 1}, {"limit", 1}}))
                .find("got input\n[Lines 1-2 of 2"),
            std::string::npos);
  EXPECT_EQ(process({{"action", "write"}, {"sessionId", id}, {"data", "x"}}).error().kind, Kind::conflict);
  EXPECT_TRUE(process({{"action", "clear"}, {"sessionId", id}}));
  EXPECT_EQ(process({{"action", "poll"}, {"sessionId", id}}).error().kind, Kind::missing);
}

// parity: 1.7-exec
TEST_F(ExecTest, YieldsToTheBackgroundAfterTheGivenTime) {
  const auto started = exec({{"command", "sleep 1000"}, {"yieldMs", 20}});
  const auto id = string_or(details(started), "sessionId");
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(process({{"action", "clear"}, {"sessionId", id}}).error().kind, Kind::conflict);
  EXPECT_NE(text(process({{"action", "write"}, {"sessionId", id}, {"data", "x"}})).find("without an input"),
            std::string::npos);
  EXPECT_NE(text(process({{"action", "kill"}, {"sessionId", id}})).find("is stopped"), std::string::npos);
  EXPECT_NE(text(process({{"action", "poll"}, {"sessionId", id}})).find("ended with code 143"), std::string::npos);
  for (const char* action : {"send-keys", "submit", "paste"})
    EXPECT_TRUE(!process({{"action", action}, {"sessionId", id}, {"keys", {"Enter"}}, {"text", "x"}})) << action;
}

TEST_F(ExecTest, ATerminalHasASizeAndItsOwnSessionAndTakesNoTypedInputFromTheProgram) {
  const auto shown =
      exec({{"command", "test -t 0 && test -t 1 && test -t 2 && stty size && echo $TERM && echo x >/dev/tty"},
            {"pty", true}});
  EXPECT_EQ(text(shown), "40 120\nxterm-256color\nx\n");
  // Job control works: the shell's session controls the terminal.
  EXPECT_EQ(text(exec({{"command", "ps -o tty= -p $$ >/dev/null; kill -INT 0; echo not reached"}, {"pty", true}}))
                .find("not reached"),
            std::string::npos);
  const auto typed = exec(
      {{"command", R"(perl -e 'my $c = "x"; print ioctl(STDIN, 0x5412, $c) ? "typed" : "refused"')"}, {"pty", true}});
  if (typed && !typed->is_error) EXPECT_EQ(text(typed), "refused");
  EXPECT_EQ(text(exec({{"command", "printf '\\033[31mred\\033[0m'"}, {"pty", true}})), "red");
}

TEST_F(ExecTest, KeysReachTheProgramOnATerminalAndAKillEndsIt) {
  const auto id =
      string_or(details(exec({{"command", "read a; echo \"got $a\"; exec cat"}, {"background", true}, {"pty", true}})),
                "sessionId");
  ASSERT_FALSE(id.empty());
  const auto typed = [&](json::object more) {
    more["sessionId"] = id;
    return text(process(std::move(more)));
  };
  EXPECT_EQ(typed({{"action", "submit"}, {"data", "hello"}}), "Wrote 6 bytes.");
  // Only then: an interrupt throws away what was typed and not read yet.
  for (int round = 0; round < 400 && typed({{"action", "log"}}).find("got hello") == std::string::npos; ++round)
    ASSERT_TRUE(exec({{"command", "sleep 0.02"}}));
  EXPECT_NE(typed({{"action", "send-keys"}, {"keys", {"Entre"}}}).find("There is no key \"Entre\""), std::string::npos);
  EXPECT_EQ(typed({{"action", "send-keys"}, {"keys", {"a", "C-c"}}, {"hex", {"0a"}}}), "Wrote 3 bytes.");
  ASSERT_TRUE(async::run(loop_, until_noticed(&noticed_, &notices_, 1)));
  EXPECT_NE(notices_[0].find("ended with code 130"), std::string::npos) << notices_[0];
  EXPECT_NE(typed({{"action", "log"}}).find("got hello"), std::string::npos);

  const auto stubborn =
      string_or(details(exec({{"command", "trap 'echo ended; exit 7' TERM; echo ready; while :; do sleep 0.05; done"},
                              {"yieldMs", 500},
                              {"pty", true}})),
                "sessionId");
  for (int round = 0; round < 400; ++round) {
    if (text(process({{"action", "log"}, {"sessionId", stubborn}})).find("ready") != std::string::npos) break;
    ASSERT_TRUE(exec({{"command", "sleep 0.02"}}));
  }
  EXPECT_NE(text(process({{"action", "kill"}, {"sessionId", stubborn}})).find("is stopped"), std::string::npos);
  EXPECT_NE(text(process({{"action", "log"}, {"sessionId", stubborn}})).find("ended\n"), std::string::npos);
}

TEST_F(ExecTest, EveryKindOfInputIsAnEffectOfItsOwn) {
  const auto id = in_background("cat");
  const auto effect_of = [&](json::object more) {
    more["sessionId"] = id;
    return async::run(loop_, look(process_.get(), to_text(more), &*context_));
  };
  for (const auto& input :
       {json::object{{"action", "write"}, {"data", "a"}}, json::object{{"action", "submit"}, {"data", "a"}},
        json::object{{"action", "paste"}, {"text", "a"}}, json::object{{"action", "send-keys"}, {"keys", {"a"}}}}) {
    const auto effect = effect_of(input);
    ASSERT_TRUE(effect);
    EXPECT_EQ(effect->risk, policy::Risk::execute);
  }
  const std::string longer(600, 'x');
  EXPECT_NE(effect_of({{"action", "write"}, {"data", longer + "a"}})->digest(),
            effect_of({{"action", "write"}, {"data", longer + "b"}})->digest());
  EXPECT_FALSE(effect_of({{"action", "paste"}, {"text", "x\x1b[201~y"}, {"bracketed", true}}));
  EXPECT_TRUE(process({{"action", "remove"}, {"sessionId", id}}));
}

// parity: 1.7-process
TEST_F(ExecTest, AnotherAgentSeesNothingAndFinishedOnesAreForgottenLater) {
  const auto id = in_background("true");
  ASSERT_TRUE(async::run(loop_, until_noticed(&noticed_, &notices_, 1)));
  context_->agent_id = "other";
  EXPECT_EQ(process({{"action", "poll"}, {"sessionId", id}}).error().kind, Kind::missing);
  EXPECT_EQ(text(process({{"action", "list"}})), "There is no process.");
  context_->agent_id = "main";
  EXPECT_TRUE(process({{"action", "poll"}, {"sessionId", id}}));
  time_.advance(31 * 60 * 1000);
  EXPECT_EQ(process({{"action", "poll"}, {"sessionId", id}}).error().kind, Kind::missing);
}

TEST_F(ExecTest, ShowsWhatIsPrintedWhileItRuns) {
  const auto result = exec({{"command", "echo early; sleep 0.6; echo late"}});
  EXPECT_EQ(text(result), "early\nlate\n");
  ASSERT_FALSE(updates_.empty());
  EXPECT_LE(updates_.size(), 3U);
  EXPECT_EQ(updates_[0], "early\n");
}

Task<> run_cancelled(ports::Tool* tool, const ports::ToolContext* context, bool* cancelled) {
  const auto result = co_await call(tool, R"({"command":"echo up > started; exec sleep 1000"})", context);
  *cancelled = !result && result.error().kind == Kind::cancelled;
  co_return Result<>{};
}

Task<> cancel_when_started(async::Scope* scope, std::string marker) {
  async::SystemTime time;
  for (int round = 0; round < 2000 && !fs::exists(marker); ++round)
    CO_TRY_VOID(co_await time.sleep_ms(5));
  scope->cancel();
  co_return co_await scope->join();
}

TEST_F(ExecTest, CancellingTheRunEndsTheProcess) {
  async::Scope turn(loop_.get_executor());
  bool cancelled = false;
  turn.spawn("turn", run_cancelled(exec_.get(), &*context_, &cancelled));
  EXPECT_TRUE(async::run(loop_, cancel_when_started(&turn, base_ / "work/started")));
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(text(process({{"action", "list"}})), "There is no process.");
}

TEST_F(ExecTest, AStoppingGatewayEndsItsBackgroundProcesses) {
  const auto id = in_background("exec sleep 1000");
  const auto running = table_->find(id, "main", time_.monotonic_ms());
  ASSERT_TRUE(running);
  EXPECT_TRUE(async::run(loop_, stop(&scope_)));
  EXPECT_FALSE(running->process->running());
  EXPECT_EQ(exec({{"command", "true"}}).error().kind, Kind::cancelled) << "and starts no new ones";
}

TEST(Output, KeepsTheHeadAndTheTailAndCountsTheRest) {
  Output output;
  std::string all;
  for (int i = 0; i < 100'000; ++i) {
    const auto line = "line " + std::to_string(i) + "\n";
    output.append(line);
    all += line;
  }
  EXPECT_EQ(output.total(), all.size());
  const auto shown = output.text(30'000);
  EXPECT_TRUE(shown.starts_with("line 0\nline 1\n"));
  EXPECT_TRUE(shown.ends_with("line 99999\n"));
  EXPECT_NE(shown.find(std::to_string(all.size() - 30'000) + " bytes of output"), std::string::npos);
  EXPECT_EQ(output.tail(12), "\nline 99999\n");
  EXPECT_EQ(output.since(all.size() - 6, 100), "99999\n");
  EXPECT_EQ(output.since(all.size(), 100), "");
  EXPECT_NE(output.since(0, 100).find("left out"), std::string::npos);
}

TEST(Output, ReturnsShortOutputWhole) {
  for (const std::size_t size : {0U, 1U, 20'479U, 20'480U, 20'481U, 29'999U, 30'000U, 30'001U, 110'000U, 204'800U}) {
    Output output;
    std::string all;
    for (std::size_t i = 0; i < size; ++i)
      all += static_cast<char>('a' + i % 26);
    for (std::size_t at = 0; at < size; at += 7001)
      output.append(std::string_view(all).substr(at, 7001));
    EXPECT_EQ(output.text(1'000'000), all) << size;
    EXPECT_EQ(output.tail(100), all.substr(size - std::min<std::size_t>(100, size))) << size;
    const auto shown = output.text(30'000);
    if (size > 30'000)
      EXPECT_NE(shown.find(std::to_string(size - 30'000) + " bytes"), std::string::npos) << size;
    else
      EXPECT_EQ(shown, all);
  }
}

Task<std::string> all_output(std::shared_ptr<async::Process> process) {
  std::string text;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) break;
    text += *piece;
  }
  CO_TRY_VOID(co_await process->wait());
  co_return text;
}

// What plain_arguments() calls plain must be split by a real shell in the very same way.
TEST(PlainArguments, AgreeWithTheShell) {
  async::asio::io_context loop;
  std::mt19937 random(11); // NOLINT: the same texts every time
  const std::string alphabet = "ab-=,.:/%@+^'\"  \t$*;\\~#!{}";
  int compared = 0;
  for (int round = 0; round < 30'000 && compared < 300; ++round) {
    std::string text = "x";
    const auto length = random() % 14;
    for (std::size_t i = 0; i < length; ++i)
      text += alphabet[random() % alphabet.size()];
    const auto words = policy::plain_arguments(text);
    if (!words || text.find_first_of("'\" \t") == std::string::npos) continue;
    ++compared;
    auto process = async::spawn(loop.get_executor(), {.argv = {"/bin/sh", "-c", "printf '%s\\0' " + text}});
    ASSERT_TRUE(process);
    const auto printed = async::run(loop, all_output(*process));
    ASSERT_TRUE(printed);
    std::string expected;
    for (const auto& word : *words)
      expected += word + '\0';
    EXPECT_EQ(*printed, expected) << text;
  }
  EXPECT_EQ(compared, 300);
}

} // namespace
} // namespace openclaw::tools
