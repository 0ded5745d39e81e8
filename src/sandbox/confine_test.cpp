#include "sandbox/confine.hpp"

#include "async/scope.hpp"
#include "sandbox/instructions.hpp"
#include "sandbox/sources.hpp"
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace openclaw::sandbox {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  std::string output;
  int code = 0;
};

Task<Outcome> finish(std::shared_ptr<async::Process> process) {
  Outcome outcome;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) break;
    outcome.output += *piece;
  }
  CO_TRY(const auto status, co_await process->wait());
  outcome.code = status.code;
  co_return outcome;
}

class ConfineTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "openclaw-confine-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = fs::canonical(name);
    fs::create_directory(base_ / "work");
    std::ofstream(base_ / "canary") << "outside";
    if (!support().usable) GTEST_SKIP() << support().explanation;
  }
  void TearDown() override {
    if (!base_.empty()) fs::remove_all(base_);
  }
  std::string work() const { return base_ / "work"; }
  Confinement confinement() const { return {.mounts = {{work(), work(), true}}}; }

  Result<Outcome> run(std::vector<std::string> argv, Confinement how, Command command = {}) {
    async::asio::io_context loop;
    command.argv = std::move(argv);
    if (command.directory.empty()) command.directory = work();
    TRY(auto process, start(loop.get_executor(), std::move(how), std::move(command)));
    return async::run(loop, finish(process));
  }
  Outcome shell(const std::string& script) { return shell(script, confinement()); }
  Outcome shell(const std::string& script, Confinement how) {
    auto outcome = run({"/bin/sh", "-c", script}, std::move(how));
    if (!outcome) {
      ADD_FAILURE() << outcome.error().text();
      return {};
    }
    return *outcome;
  }

  fs::path base_;
};

TEST_F(ConfineTest, RunsACommandInTheWorkspaceAndGivesItsExitCode) {
  const auto outcome = shell("pwd; echo hi > made; cat made; exit 42");
  EXPECT_EQ(outcome.output, work() + "\nhi\n");
  EXPECT_EQ(outcome.code, 42);
  EXPECT_TRUE(fs::exists(base_ / "work/made"));
}

TEST_F(ConfineTest, FindsProgramsOnThePathAndSaysWhenThereIsNone) {
  EXPECT_EQ(run({"echo", "found"}, confinement())->output, "found\n");
  const auto absent = run({"no-such-program"}, confinement());
  EXPECT_EQ(absent->code, 127);
  EXPECT_NE(absent->output.find("no-such-program: command not found"), std::string::npos);
}

TEST_F(ConfineTest, ReportsDeathBySignal) {
  EXPECT_EQ(shell("kill -KILL $$").code, 128 + SIGKILL);
}

TEST_F(ConfineTest, SeesNoSecretsOfTheMachine) {
  const auto outcome = shell("cat /etc/shadow; ls -a /root /home /etc/ssh ~/.ssh " + (base_ / "canary").string() +
                             "; cat /proc/1/environ; ls /sys /run /var/lib /boot; ls / ");
  EXPECT_EQ(outcome.output.find("root:"), std::string::npos) << outcome.output;
  EXPECT_EQ(outcome.output.find("outside"), std::string::npos) << outcome.output;
  EXPECT_EQ(outcome.output.find("authorized_keys"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("/sys': No such file"), std::string::npos) << outcome.output;
}

// parity: 1.8-container
TEST_F(ConfineTest, WritesOnlyInTheWorkspaceAndItsOwnTmp) {
  const auto outcome =
      shell("for f in /x /usr/x /etc/x /etc/passwd /bin/x /dev/x /proc/sys/kernel/core_pattern "
            "/proc/self/oom_score_adj /var/x; do (echo bad > $f) 2>/dev/null && echo written $f; done; "
            "echo tmp > /tmp/t && cat /tmp/t; echo all > /dev/null; echo mine > " +
            (base_ / "canary").string() +
            "; mkdir /new 2>/dev/null && echo written new; mount -o remount,rw / 2>/dev/null && echo remounted");
  EXPECT_EQ(outcome.output, "tmp\n");
  // This machine's /tmp lies below the private one and did not change.
  EXPECT_FALSE(fs::exists("/tmp/t"));
  std::string kept;
  std::ifstream canary(base_ / "canary");
  std::getline(canary, kept);
  EXPECT_EQ(kept, "outside");
}

TEST_F(ConfineTest, AReadOnlyMountStaysReadOnly) {
  fs::create_directory(base_ / "data");
  std::ofstream(base_ / "data/file") << "content";
  auto how = confinement();
  how.mounts.push_back({base_ / "data", "/data", false});
  how.mounts.push_back({base_ / "data/file", "/opt/one/file", false});
  const auto outcome = shell("cat /data/file /opt/one/file; (echo x > /data/file) 2>&1 | grep -o 'Read-only'; chmod "
                             "777 /data/file 2>/dev/null || echo kept",
                             how);
  EXPECT_EQ(outcome.output, "contentcontentRead-only\nkept\n");
}

TEST_F(ConfineTest, AWorkspaceMayLieBelowAnyOrdinaryFolder) {
  for (const char* place : {"/var/tmp/work", "/tmp/a/b", "/home/me/work", "/srv/work", "/opt/work"}) {
    const auto outcome = run({"/bin/sh", "-c", "pwd && echo x > x && cat x && echo y > /var/tmp/y && cat /tmp/y"},
                             {.mounts = {{work(), place, true}}}, {.directory = place});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->output, std::string(place) + "\nx\ny\n");
  }
}

TEST_F(ConfineTest, ALinkInTheWorkspaceLeadsNowhere) {
  fs::create_symlink(base_ / "canary", base_ / "work/link");
  fs::create_symlink("/etc/shadow", base_ / "work/shadow");
  const auto outcome = shell("cat link shadow 2>/dev/null; echo done");
  EXPECT_EQ(outcome.output, "done\n");
}

// parity: 1.8-container
TEST_F(ConfineTest, HasNoNetworkNotEvenLoopback) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto connect = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(ntohs(address.sin_port)) + " && echo connected";
  const auto none = run({"/bin/bash", "-c", connect + "; cat /proc/net/dev | wc -l"}, confinement());
  ASSERT_TRUE(none);
  EXPECT_EQ(none->output.find("connected"), std::string::npos) << none->output;
  auto with_host = confinement();
  with_host.network = Network::host;
  const auto host = run({"/bin/bash", "-c", connect}, with_host);
  ASSERT_TRUE(host);
  EXPECT_NE(host->output.find("connected"), std::string::npos)
      << "the test itself must be able to connect: " << host->output;
  ::close(listener);
}

TEST_F(ConfineTest, ReachesNoAbstractSocketOfTheMachineEvenWithItsNetwork) {
  if (support().landlock_abi < 6) GTEST_SKIP() << "needs Landlock ABI 6";
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  const auto name = "openclaw-test-" + std::to_string(::getpid());
  name.copy(address.sun_path + 1, name.size());
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  ASSERT_EQ(::listen(listener, 1), 0);
  auto how = confinement();
  how.network = Network::host;
  const auto outcome = run({"/usr/bin/python3", "-c",
                            "import socket\ns=socket.socket(socket.AF_UNIX)\ntry:\n s.connect('\\0" + name +
                                "')\n print('connected')\nexcept PermissionError:\n print('refused')"},
                           how);
  ::close(listener);
  if (outcome->code == 127) GTEST_SKIP() << "needs python3 in /usr";
  EXPECT_EQ(outcome->output, "refused\n");
}

TEST_F(ConfineTest, SeesAndSignalsNoProcessOfTheMachine) {
  const auto outcome = shell("ls /proc | grep -c '^[0-9]*$'; kill -0 " + std::to_string(::getpid()) +
                             " 2>/dev/null && echo reached; kill -KILL -1; echo survived");
  const auto count = std::atoi(outcome.output.c_str());
  EXPECT_LE(count, 5) << outcome.output;
  EXPECT_EQ(outcome.output.find("reached"), std::string::npos);
}

TEST_F(ConfineTest, ItsEnvironmentIsExactlyWhatWasGiven) {
  ::setenv("OPENCLAW_TEST_SECRET", "canary-value", 1);
  Command command{.environment = {{"GIVEN", "a 'quoted\"\nvalue"}, {"PATH", "/usr/bin:/bin"}}};
  const auto outcome = run({"/usr/bin/env", "-0"}, confinement(), command);
  ::unsetenv("OPENCLAW_TEST_SECRET");
  ASSERT_TRUE(outcome);
  using namespace std::string_literals;
  EXPECT_EQ(outcome->output,
            "GIVEN=a 'quoted\"\nvalue\0HOME=/tmp\0LANG=C.UTF-8\0PATH=/usr/bin:/bin\0TERM=dumb\0USER=agent\0"s);
  EXPECT_FALSE(run({"/bin/true"}, confinement(), {.environment = {{"A=B", "x"}}}));
}

TEST_F(ConfineTest, InheritsNoDescriptorAndPassesTheNamedOnes) {
  const int leaked = ::open((base_ / "canary").c_str(), O_RDONLY); // without O_CLOEXEC on purpose
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "passed\n", 7), 7);
  ::close(ends[1]);
  const auto outcome = run({"/bin/sh", "-c", "cat <&5; ls /proc/self/fd | tr '\\n' ' '"}, confinement(),
                           {.descriptors = {{ends[0], 5}}});
  ::close(ends[0]);
  ::close(leaked);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "passed\n0 1 2 3 5 ");
}

// parity: 1.8-container
TEST_F(ConfineTest, AForkBombIsStopped) {
  auto how = confinement();
  how.limits.processes = 32;
  const auto outcome =
      shell("i=0; while [ $i -lt 2000 ]; do sleep 100 & i=$((i+1)); done 2>/dev/null; echo unlimited", how);
  EXPECT_EQ(outcome.output.find("unlimited"), std::string::npos) << outcome.output;
}

// parity: 1.8-container
TEST_F(ConfineTest, LimitsMemoryFilesAndTheTemporaryFolder) {
  auto how = confinement();
  how.limits.file_bytes = 1 << 20;
  how.limits.temporary_bytes = 1 << 20;
  how.limits.memory_bytes = 256 << 20;
  EXPECT_NE(shell("head -c 2000000 /dev/zero > big", how).code, 0);
  EXPECT_LE(fs::file_size(base_ / "work/big"), 1U << 20);
  EXPECT_NE(shell("head -c 900000 /dev/zero > /tmp/a && head -c 900000 /dev/zero > /tmp/b", how).code, 0);
  EXPECT_NE(shell("head -c 600000000 /dev/zero | tail -n 1 | wc -c", how).output, "600000000\n");
}

// parity: 1.8-container
TEST_F(ConfineTest, HasNoCapabilityAndCannotGainOne) {
  const auto outcome = shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -s '\\t\\n' '  '; id -u");
  EXPECT_EQ(
      outcome.output.substr(0, outcome.output.rfind(' ') + 1),
      "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: "
      "0000000000000000 NoNewPrivs: 1 Seccomp: 2 ");
  EXPECT_NE(outcome.output.substr(outcome.output.rfind(' ') + 1), "0\n");
}

TEST_F(ConfineTest, ASetuidProgramHasNoEffect) {
  const auto outcome = shell("cp /usr/bin/id ./id; chmod 4755 ./id; ./id -u; id -u; grep nosuid /proc/self/mountinfo | "
                             "wc -l; wc -l < /proc/self/mountinfo");
  std::istringstream lines(outcome.output);
  std::string copied;
  std::string plain;
  int without_setuid = 0;
  int mounts = -1;
  lines >> copied >> plain >> without_setuid >> mounts;
  EXPECT_EQ(copied, plain);
  EXPECT_EQ(without_setuid, mounts) << outcome.output;
}

// Every call by number, so that no tool has to be installed for it.
TEST_F(ConfineTest, DangerousCallsAreRefused) {
  const std::string script = R"(
import ctypes, errno, socket, fcntl
libc = ctypes.CDLL(None, use_errno=True)
def refused(name, number, *arguments, expected=errno.EPERM):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
    if result != -1 or ctypes.get_errno() != expected: print(name, 'gave', result, ctypes.get_errno())
refused('unshare user', 272, 0x10000000)
refused('unshare mount', 272, 0x20000)
refused('clone user', 56, 0x10000000 | 17, 0, 0, 0, 0)
refused('clone net', 56, 0x40000000 | 17, 0, 0, 0, 0)
refused('clone3', 435, 0, 0, expected=errno.ENOSYS)
refused('setns', 308, 0, 0)
refused('mount', 165, 0, 0, 0, 0, 0)
refused('umount2', 166, 0, 0)
refused('pivot_root', 155, 0, 0)
refused('chroot', 161, 0)
refused('open_tree', 428, -100, 0, 0)
refused('move_mount', 429, 0, 0, 0, 0, 0)
refused('fsopen', 430, 0, 0)
refused('mount_setattr', 442, 0, 0, 0, 0, 0)
refused('ptrace', 101, 0, 0, 0, 0)
refused('process_vm_readv', 310, 1, 0, 0, 0, 0, 0)
refused('process_vm_writev', 311, 1, 0, 0, 0, 0, 0)
refused('kexec_load', 246, 0, 0, 0, 0)
refused('bpf', 321, 0, 0, 0)
refused('perf_event_open', 298, 0, 0, 0, 0, 0)
refused('userfaultfd', 323, 0)
refused('keyctl', 250, 0, 0, 0, 0, 0)
refused('add_key', 248, 0, 0, 0, 0, 0)
refused('request_key', 249, 0, 0, 0, 0)
refused('io_uring_setup', 425, 1, 0)
refused('open_by_handle_at', 304, -100, 0, 0)
refused('personality', 135, 0x40000)
refused('init_module', 175, 0, 0, 0)
refused('finit_module', 313, 0, 0, 0)
refused('delete_module', 176, 0, 0)
refused('reboot', 169, 0, 0, 0, 0)
refused('swapon', 167, 0, 0)
refused('acct', 163, 0)
refused('quotactl', 179, 0, 0, 0, 0)
refused('syslog', 103, 2, 0, 0)
refused('settimeofday', 164, 0, 0)
refused('clock_settime', 227, 0, 0)
refused('TIOCSTI', 16, 0, 0x5412, 0)
refused('TIOCSTI with a high bit', 16, 0, 0x100005412, 0)
refused('TIOCLINUX', 16, 0, 0x541c, 0)
for family in [0, 3, 9, 15, 16, 17, 29, 31, 38, 40, 44]:
    refused('socket family %d' % family, 41, family, 3, 0)
    refused('socketpair family %d' % family, 53, family, 3, 0, 0)
socket.socket(socket.AF_UNIX).close()
socket.socket(socket.AF_INET).close()
socket.socket(socket.AF_INET6).close()
import threading, subprocess
worker = threading.Thread(target=lambda: print('thread'))
worker.start(); worker.join()
print(subprocess.run(['/bin/echo', 'child'], capture_output=True, text=True).stdout.strip())
)";
#ifndef __x86_64__
  GTEST_SKIP() << "the numbers are x86-64's";
#endif
  const auto outcome = run({"/usr/bin/python3", "-c", script}, confinement());
  ASSERT_TRUE(outcome);
  if (outcome->code == 127) GTEST_SKIP() << "needs python3 in /usr";
  EXPECT_EQ(outcome->output, "thread\nchild\n");
}

TEST_F(ConfineTest, BackgroundProcessesEndWithTheCommand) {
  const auto outcome = shell("(sleep 1000 &) ; setsid sleep 1000 & echo started");
  EXPECT_EQ(outcome.output, "started\n");
}

// Nothing of the group and of the namespace is left: the write ends of their pipe are all closed.
Task<> kill_and_read(std::shared_ptr<async::Process> process, bool gently) {
  CO_TRY(auto first, co_await process->read_output());
  EXPECT_EQ(first.value_or(""), "ready\n");
  if (gently) {
    CO_TRY(const auto status, co_await async::terminate(process, 10'000));
    EXPECT_EQ(status.code, 7);
  } else {
    process->signal(SIGKILL);
    CO_TRY(const auto status, co_await process->wait());
    EXPECT_EQ(status.signal, SIGKILL);
  }
  CO_TRY(auto rest, co_await process->read_output());
  EXPECT_FALSE(rest.has_value());
  co_return Result<>{};
}

TEST_F(ConfineTest, KillingItLeavesNothing) {
  for (const bool gently : {false, true}) {
    async::asio::io_context loop;
    auto process = start(loop.get_executor(), confinement(),
                         {.argv = {"/bin/sh", "-c",
                                   "trap 'exit 7' TERM; setsid sleep 1000 & (setsid sh -c 'sleep 1000; sleep 1000' &) "
                                   "; echo ready; wait; wait"}});
    ASSERT_TRUE(process);
    EXPECT_TRUE(async::run(loop, kill_and_read(*process, gently)));
  }
}

TEST_F(ConfineTest, RefusesWhatMayNeverBeMounted) {
  std::vector<std::string> never = {"/",        "/proc", "/proc/self", "/sys",  "/dev", "/dev/shm", "/etc",
                                    "/etc/ssh", "/run",  "/var/run",   "/boot", "/var", "/usr/.."};
  const std::string home = ::getenv("HOME") ? ::getenv("HOME") : "/root";
  never.push_back(home);
  for (const auto& source : never) {
    if (!fs::exists(source)) continue;
    const auto judged = judge_mount({source, "/inside", false});
    ASSERT_FALSE(judged) << source;
    EXPECT_EQ(judged.error().kind, Kind::denied) << source;
  }
  fs::create_symlink("/proc", base_ / "innocent");
  EXPECT_EQ(judge_mount({base_ / "innocent", "/inside", false}).error().kind, Kind::denied);
  EXPECT_EQ(judge_mount({base_ / "innocent/self/root/etc", "/inside", false}).error().kind, Kind::denied);
  EXPECT_EQ(judge_mount({base_ / "absent", "/inside", false}).error().kind, Kind::missing);
  EXPECT_EQ(judge_mount({"relative", "/inside", false}).error().kind, Kind::invalid);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  (base_ / "docker.sock").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(judge_mount({base_ / "docker.sock", "/inside", false}).error().kind, Kind::denied);
  ::close(listener);
  for (const char* target : {"/", "relative", "/a/../b", "/proc", "/proc/x", "/dev/null", "/a//b", ""})
    EXPECT_FALSE(judge_mount({work(), target, false})) << target;
}

TEST_F(ConfineTest, OfTheStateFolderOnlyTheAgentsPartsCanBeMounted) {
  const auto state = base_ / "state";
  for (const char* name : {"workspace/project", "workspace-2", "servers/llama", "agents/main", "vault",
                           "workspaces-of-others", "foreign/chat/program/1", "foreign/chat/default"})
    fs::create_directories(state / name);
  never_mount(state);
  for (const char* name : {"workspace", "workspace/project", "workspace-2", "servers/llama", "foreign/chat/program/1"})
    EXPECT_TRUE(judge_mount({state / name, "/w", true})) << name;
  for (const char* name : {"", "agents", "agents/main", "vault", "workspace/..", "workspaces-of-others", "foreign",
                           "foreign/chat/default", "foreign/chat/program"}) {
    const auto judged = judge_mount({state / name, "/w", true});
    ASSERT_FALSE(judged) << name;
    EXPECT_EQ(judged.error().kind, Kind::denied);
  }
  EXPECT_FALSE(judge_mount({base_, "/w", false})) << "it contains the state folder";
}

// Runs this very program inside a sandbox, where namespaces are refused as in a container with a strict seccomp
// profile.
TEST_F(ConfineTest, WithoutNamespacesItRefusesAndSaysWhatToDo) {
  auto how = confinement();
  const auto self = fs::canonical("/proc/self/exe");
  how.mounts.push_back({self.parent_path(), "/tests", false});
  how.limits.memory_bytes = 0; // sanitizers reserve much
  const auto outcome =
      run({"/tests/" + self.filename().string(), "--gtest_filter=ConfineInside.*", "--gtest_also_run_disabled_tests"},
          how, {.environment = {{"ASAN_OPTIONS", "detect_leaks=0"}}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->code, 0) << outcome->output;
  EXPECT_NE(outcome->output.find("[  PASSED  ] 1 test"), std::string::npos) << outcome->output;
}

TEST(ConfineInside, DISABLED_RefusesClearly) {
  const auto possible = support();
  EXPECT_FALSE(possible.usable);
  EXPECT_NE(possible.explanation.find("creating namespaces failed: Operation not permitted"), std::string::npos)
      << possible.explanation;
  EXPECT_NE(possible.explanation.find("container"), std::string::npos) << possible.explanation;
  async::asio::io_context loop;
  const auto started = start(loop.get_executor(), {}, {.argv = {"/bin/true"}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, Kind::denied);
}

TEST(Instructions, SurviveTheWayAndRefuseDamage) {
  Instructions sent;
  sent.parent = 7;
  sent.network = true;
  sent.limits.processes = 9;
  sent.mounts = {{"/a", "/b", true, false, 1, 2}};
  sent.argv = {"x", ""};
  sent.environment = {"A=b"};
  sent.directory = "/d";
  sent.descriptors = {3, 9};
  sent.filter = std::string("\0\1", 2);
  const auto bytes = encode(sent);
  const auto received = decode(bytes);
  ASSERT_TRUE(received);
  EXPECT_EQ(encode(*received), bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, cut))) << cut;
  EXPECT_FALSE(decode(bytes + "x"));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] = '\xff';
    (void)decode(damaged); // must neither crash nor allocate without bound
  }
}

} // namespace
} // namespace openclaw::sandbox
