// The re-executed side. Three tiny processes: the outer one (this pid) waits and forwards the exit status; the middle
// one is pid 1 of the new pid namespace, builds the root and reaps; the inner one gives up every right and becomes the
// command. When the gateway or the outer one dies, the kernel kills pid 1, and with it everything inside.
#include "base/file_descriptor.hpp"
#include "sandbox/confine.hpp"
#include "sandbox/lockdown.hpp"
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace openclaw::sandbox {
namespace {

constexpr int kInstructionsDescriptor = 3;
constexpr int kSetupFailed = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
// The machine's root becomes an ordinary user inside; any other user keeps their number.
constexpr unsigned kInsideUser = 1000;

[[noreturn]] void give_up(const std::string& why, int code = kSetupFailed) {
  const auto line = fmt::format("openclaw sandbox: {}.\n", why);
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(code);
}

void require(const Problem& problem) {
  if (problem) give_up(*problem);
}

std::string read_instructions() {
  std::string bytes;
  char piece[65536];
  while (bytes.size() <= kInstructionsLimit) {
    const auto count = ::read(kInstructionsDescriptor, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) give_up(*problem_from_errno("reading the instructions"));
    if (count == 0) break;
    bytes.append(piece, static_cast<std::size_t>(count));
  }
  ::close(kInstructionsDescriptor);
  return bytes;
}

// When memory runs out, the kernel ends what a command started before it looks at anything else. Nothing inside can
// take it back: its /proc is read-only.
void be_ended_first() {
  const FileDescriptor file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) (void)!::write(file.get(), "1000", 4);
}

void write_map(const char* path, const std::string& text) {
  const FileDescriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    give_up(*problem_from_errno(fmt::format("writing {}", path)));
}

void die_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void drop_capabilities() {
  for (int capability = 0; capability < 64; ++capability)
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (::syscall(SYS_capset, &header, none) != 0) give_up(*problem_from_errno("dropping capabilities"));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(*problem_from_errno("setting no_new_privs"));
}

int status_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reaps whatever ends until `awaited` does.
int wait_for(pid_t awaited) {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == awaited) return status_code(status);
    if (ended < 0 && errno != EINTR) return kSetupFailed;
  }
}

struct User {
  unsigned uid = 0;
  unsigned gid = 0;
};

User enter_namespaces(const Instructions& instructions) {
  const unsigned uid = ::geteuid();
  const unsigned gid = ::getegid();
  // Best effort: only the machine's root may, and only it has groups worth losing that the maps do not hide.
  if (uid == 0) ::setgroups(0, nullptr);
  int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (!instructions.network) flags |= CLONE_NEWNET;
  if (::unshare(flags | CLONE_NEWCGROUP) != 0 && (errno != EINVAL || ::unshare(flags) != 0))
    give_up(*problem_from_errno("creating namespaces"));
  const User inside{uid == 0 ? kInsideUser : uid, gid == 0 ? kInsideUser : gid};
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", fmt::format("{} {} 1\n", inside.uid, uid));
  write_map("/proc/self/gid_map", fmt::format("{} {} 1\n", inside.gid, gid));
  ::sethostname("sandbox", 7);
  return inside;
}

void limit(int what, std::int64_t value) {
  if (value <= 0) return;
  rlimit present{};
  ::getrlimit(static_cast<__rlimit_resource_t>(what), &present);
  // Never above what we were given ourselves.
  const auto wanted = std::min(static_cast<rlim_t>(value), present.rlim_max);
  const rlimit both{wanted, wanted};
  if (::setrlimit(static_cast<__rlimit_resource_t>(what), &both) != 0)
    give_up(*problem_from_errno("setting the limits"));
}

void apply_limits(const Limits& limits) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  limit(RLIMIT_CPU, limits.cpu_seconds);
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_NPROC, limits.processes);
  limit(RLIMIT_NOFILE, limits.open_files);
  // Last: this process may itself be larger (sanitizers), and only has to survive until execve.
  limit(RLIMIT_AS, limits.memory_bytes);
}

void place_descriptors(const std::vector<std::uint64_t>& numbers) {
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  std::vector<int> raised;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const int copy = ::fcntl(kFirstPassed + static_cast<int>(i), F_DUPFD_CLOEXEC, 256);
    if (copy < 0) give_up(*problem_from_errno("passing a descriptor"));
    raised.push_back(copy);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (::dup2(raised[i], static_cast<int>(numbers[i])) < 0) give_up(*problem_from_errno("passing a descriptor"));
}

std::string_view search_path(const std::vector<std::string>& environment) {
  for (const std::string_view variable : environment)
    if (variable.starts_with("PATH=")) return variable.substr(5);
  return {};
}

// Everything that execution needs is made before the memory limit; after it nothing allocates.
struct Program {
  std::vector<std::string> candidates;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::string not_found;
  std::string not_executable;
};

Program prepare(Instructions& instructions) {
  Program program;
  const auto& name = instructions.program.empty() ? instructions.argv[0] : instructions.program;
  if (name.find('/') != std::string::npos) {
    program.candidates.push_back(name);
  } else {
    auto path = search_path(instructions.environment);
    while (!path.empty()) {
      const auto part = path.substr(0, path.find(':'));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      if (part.starts_with('/')) program.candidates.push_back(fmt::format("{}/{}", part, name));
    }
  }
  for (auto& argument : instructions.argv)
    program.arguments.push_back(argument.data());
  for (auto& variable : instructions.environment)
    program.environment.push_back(variable.data());
  program.arguments.push_back(nullptr);
  program.environment.push_back(nullptr);
  program.not_found = fmt::format("openclaw sandbox: {}: command not found.\n", name);
  program.not_executable = fmt::format("openclaw sandbox: {}: cannot be executed.\n", name);
  return program;
}

[[noreturn]] void execute(Program& program) {
  bool refused = false;
  for (const auto& candidate : program.candidates) {
    ::execve(candidate.c_str(), program.arguments.data(), program.environment.data());
    if (errno != ENOENT && errno != ENOTDIR) refused = true;
  }
  const auto& line = refused ? program.not_executable : program.not_found;
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(refused ? kNotExecutable : kNotFound);
}

[[noreturn]] void become_command(Instructions& instructions, bool has_proc) {
  // A session of its own: what the terminal can reach lies inside.
  if (instructions.terminal && (::setsid() < 0 || ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0))
    give_up(*problem_from_errno("taking the terminal"));
  // No key of the gateway's session comes along.
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  drop_capabilities();
  place_descriptors(instructions.descriptors);
  ::umask(022);
  if (!instructions.directory.empty() && ::chdir(instructions.directory.c_str()) != 0)
    give_up(*problem_from_errno(fmt::format("entering the folder {}", instructions.directory)));
  require(apply_landlock(instructions));
  if (instructions.probe) {
    require(apply_seccomp(instructions.filter));
    const auto line = fmt::format("ready proc={}\n", has_proc ? 1 : 0);
    (void)!::write(STDOUT_FILENO, line.data(), line.size());
    ::_exit(0);
  }
  auto program = prepare(instructions);
  require(apply_seccomp(instructions.filter));
  apply_limits(instructions.limits);
  execute(program);
}

// A command on a terminal has a session of its own, so it does not hear what the gateway sends to our group.
volatile pid_t session_leader = 0;
void pass_on(int number) {
  ::kill(-session_leader, number);
}

[[noreturn]] void be_first_process(Instructions& instructions, const User& user, int lifeline) {
  die_with_parent();
  // The outer one may have died before that line: then nobody holds the other end any more.
  pollfd waiting{lifeline, 0, 0};
  if (::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLHUP) != 0) ::_exit(kSetupFailed);
  ::close(lifeline);
  bool has_proc = false;
  require(build_root(instructions, user.uid, user.gid, has_proc));
  const pid_t inner = ::fork();
  if (inner < 0) give_up(*problem_from_errno("starting the command"));
  if (inner == 0) become_command(instructions, has_proc);
  if (instructions.terminal) {
    session_leader = inner;
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
      ::signal(number, pass_on);
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  drop_capabilities();
  ::syscall(SYS_close_range, 0U, ~0U, 0U);
  ::_exit(wait_for(inner));
}

} // namespace

int sandbox_init(int, char**) {
  auto decoded = decode(read_instructions());
  if (!decoded) give_up(decoded.error().message);
  auto& instructions = *decoded;
  die_with_parent();
  be_ended_first();
  const auto user = enter_namespaces(instructions);
  // Again: a change of credentials clears it. Then make sure that it is still the right parent.
  die_with_parent();
  if (static_cast<std::uint64_t>(::getppid()) != instructions.parent) ::_exit(kSetupFailed);
  int ends[2];
  int started[2];
  if (::pipe2(ends, O_CLOEXEC) != 0 || ::pipe2(started, O_CLOEXEC) != 0) give_up(*problem_from_errno("making a pipe"));
  const pid_t middle = ::fork();
  if (middle < 0) give_up(*problem_from_errno("starting the first process"));
  if (middle == 0) {
    ::close(ends[1]);
    ::close(started[0]);
    be_first_process(instructions, user, ends[0]);
  }
  // Until the command executes there is nobody to hear a signal but us, and it ends everything.
  ::close(started[1]);
  char nothing = 0;
  while (::read(started[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  // From now on the command gets these signals with the group and decides; we only report how it ended.
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM})
    ::signal(number, SIG_IGN);
  drop_capabilities();
  if (ends[1] != kInstructionsDescriptor) ::dup2(ends[1], kInstructionsDescriptor);
  // Not even the pipes of the command: who writes to it must notice when it no longer reads.
  ::syscall(SYS_close_range, 0U, 2U, 0U);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  ::_exit(wait_for(middle));
}

} // namespace openclaw::sandbox
