#include "async/process.hpp"

#include "async/scope.hpp"
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace openclaw::async {
namespace {

struct Outcome {
  std::string output;
  ExitStatus status;
};

Task<std::string> read_all(std::shared_ptr<Process> process) {
  std::string text;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) co_return text;
    EXPECT_LE(piece->size(), 64U * 1024);
    text += *piece;
  }
}

Task<Outcome> finish(std::shared_ptr<Process> process) {
  CO_TRY(auto text, co_await read_all(process));
  CO_TRY(auto status, co_await process->wait());
  co_return Outcome{text, status};
}

Result<Outcome> run_program(SpawnOptions options) {
  asio::io_context loop;
  TRY(auto process, spawn(loop.get_executor(), std::move(options)));
  return run(loop, finish(process));
}

TEST(Process, GivesOutputAndExitCode) {
  auto outcome = run_program({.argv = {"/bin/sh", "-c", "echo hello; exit 3"}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "hello\n");
  EXPECT_EQ(outcome->status.code, 3);
  EXPECT_EQ(outcome->status.signal, 0);
}

TEST(Process, InheritsNoEnvironmentAndNoDescriptor) {
  const FileDescriptor secret(::open("/dev/null", O_RDONLY)); // without O_CLOEXEC on purpose
  ASSERT_EQ(::fcntl(secret.get(), F_GETFD) & FD_CLOEXEC, 0);
  auto outcome =
      run_program({.argv = {"/bin/sh", "-c", "/usr/bin/env; ls /proc/self/fd | wc -l"}, .environment = {"ONLY=this"}});
  ASSERT_TRUE(outcome);
  EXPECT_NE(outcome->output.find("ONLY=this"), std::string::npos);
  EXPECT_EQ(outcome->output.find("HOME="), std::string::npos);
  // 0, 1, 2 and the folder that ls reads
  EXPECT_NE(outcome->output.find("\n4\n"), std::string::npos) << outcome->output;
}

TEST(Process, PassesDescriptorsEvenWhenTheirNumbersCross) {
  int first[2];
  int second[2];
  ASSERT_EQ(::pipe2(first, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(second, O_CLOEXEC), 0);
  const FileDescriptor a(first[0]);
  FileDescriptor a_write(first[1]);
  const FileDescriptor b(second[0]);
  FileDescriptor b_write(second[1]);
  ASSERT_EQ(::write(a_write.get(), "one\n", 4), 4);
  ASSERT_EQ(::write(b_write.get(), "two\n", 4), 4);
  a_write.reset();
  b_write.reset();
  auto outcome = run_program({.argv = {"/bin/sh", "-c", "cat <&3; cat <&9; ls /proc/self/fd | tr '\\n' ' '"},
                              .environment = {"PATH=/usr/bin:/bin"},
                              .descriptors = {{a.get(), 9}, {b.get(), 3}}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "two\none\n0 1 2 3 4 9 ");
}

TEST(Process, SaysWhyAProgramCannotStart) {
  auto outcome = run_program({.argv = {"/no/such/program"}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::missing);
  EXPECT_NE(outcome.error().message.find("/no/such/program"), std::string::npos);
  EXPECT_FALSE(run_program({.argv = {"/bin/echo", std::string("a\0b", 3)}}));
}

Task<Outcome> feed(std::shared_ptr<Process> process) {
  CO_TRY_VOID(co_await process->write_input("some input"));
  process->close_input();
  co_return co_await finish(process);
}

TEST(Process, WritesInputUntilItIsClosed) {
  asio::io_context loop;
  auto process = spawn(loop.get_executor(), {.argv = {"/bin/cat"}, .pipe_input = true});
  ASSERT_TRUE(process);
  auto outcome = run(loop, feed(*process));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "some input");
}

Task<> feed_much(std::shared_ptr<Process> process) {
  CO_TRY_VOID(co_await process->wait());
  co_return co_await process->write_input(std::string(1 << 20, 'x'));
}

TEST(Process, WritingToADeadProcessIsAnErrorAndNotASignal) {
  asio::io_context loop;
  auto process = spawn(loop.get_executor(), {.argv = {"/bin/true"}, .pipe_input = true});
  ASSERT_TRUE(process);
  auto outcome = run(loop, feed_much(*process));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::conflict);
}

Task<ExitStatus> stop(std::shared_ptr<Process> process, std::int64_t grace) {
  // Until it has said that its handler stands.
  CO_TRY(auto ready, co_await process->read_output());
  EXPECT_TRUE(ready.has_value());
  co_return co_await terminate(process, grace);
}

TEST(Process, TerminateAsksFirst) {
  asio::io_context loop;
  auto process = spawn(loop.get_executor(),
                       {.argv = {"/bin/sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"},
                        .environment = {"PATH=/usr/bin:/bin"}});
  ASSERT_TRUE(process);
  auto status = run(loop, stop(*process, 10'000));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 7);
}

TEST(Process, TerminateKillsWhatDoesNotListen) {
  asio::io_context loop;
  auto process =
      spawn(loop.get_executor(), {.argv = {"/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"},
                                  .environment = {"PATH=/usr/bin:/bin"}});
  ASSERT_TRUE(process);
  auto status = run(loop, stop(*process, 20));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, SIGKILL);
  EXPECT_EQ(status->code, 128 + SIGKILL);
  EXPECT_FALSE((*process)->running());
}

Task<std::string> first_line(std::shared_ptr<Process> process) {
  CO_TRY(auto text, co_await process->read_output());
  co_return text.value_or("");
}

bool group_exists(int group) {
  return ::kill(-group, 0) == 0;
}

TEST(Process, TerminateLeavesNobodyOfTheGroup) {
  asio::io_context loop;
  auto process =
      spawn(loop.get_executor(),
            {.argv = {"/bin/sh", "-c", "sh -c 'trap \"\" TERM; echo ready; sleep 1000; sleep 1000' & exec sleep 1000"},
             .environment = {"PATH=/usr/bin:/bin"}});
  ASSERT_TRUE(process);
  auto status = run(loop, stop(*process, 10'000));
  ASSERT_TRUE(status);
  // The killed child belongs to init (or to us, if we are a subreaper): a few milliseconds at most.
  for (int i = 0; i < 20000 && group_exists((*process)->pid()); ++i)
    ::usleep(1000);
  EXPECT_FALSE(group_exists((*process)->pid()));
}

TEST(Process, TheDestructorKillsTheGroupAndReaps) {
  asio::io_context loop;
  int pid = 0;
  {
    auto process = spawn(loop.get_executor(), {.argv = {"/bin/sh", "-c", "echo ready; exec sleep 1000"},
                                               .environment = {"PATH=/usr/bin:/bin"}});
    ASSERT_TRUE(process);
    pid = (*process)->pid();
    ASSERT_TRUE(run(loop, first_line(*process)));
    EXPECT_TRUE((*process)->running());
  }
  for (int i = 0; i < 20000 && group_exists(pid); ++i) {
    ::usleep(1000);
    ::waitpid(pid, nullptr, WNOHANG);
  }
  EXPECT_FALSE(group_exists(pid));
}

Task<> wait_in_scope(std::shared_ptr<Process> process, bool* cancelled) {
  auto status = co_await process->wait();
  *cancelled = !status && status.error().kind == Kind::cancelled;
  co_return Result<>{};
}

Task<> cancel_and_join(Scope* scope, std::shared_ptr<Process> process) {
  CO_TRY(auto ready, co_await process->read_output());
  EXPECT_TRUE(ready.has_value());
  scope->cancel();
  co_return co_await scope->join();
}

TEST(Process, AWaitCanBeCancelled) {
  asio::io_context loop;
  Scope scope(loop.get_executor());
  auto process = spawn(loop.get_executor(), {.argv = {"/bin/sh", "-c", "echo ready; exec sleep 1000"},
                                             .environment = {"PATH=/usr/bin:/bin"}});
  ASSERT_TRUE(process);
  bool cancelled = false;
  scope.spawn("waiter", wait_in_scope(*process, &cancelled));
  EXPECT_TRUE(run(loop, cancel_and_join(&scope, *process)));
  EXPECT_TRUE(cancelled);
}

} // namespace
} // namespace openclaw::async
