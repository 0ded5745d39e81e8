#include "async/process.hpp"

#include "async/event.hpp"
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <mutex>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace openclaw::async {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
constexpr std::size_t kPiece = 64 * 1024;
constexpr int kHighestPassed = 255;
// Long enough for the kernel to take a killed process apart, short enough for an event loop.
constexpr int kReapMilliseconds = 20;

Error last_error(std::string_view what) {
  const int code = errno;
  const bool passing = code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE || code == ETXTBSY;
  return {passing          ? Kind::transient
          : code == ENOENT ? Kind::missing
                           : Kind::invalid,
          fmt::format("{} failed: {}.", what, std::strerror(code)),
          {},
          {}};
}

std::optional<ExitStatus> reap(int pidfd) {
  siginfo_t info{};
  int outcome = 0;
  do
    outcome = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  while (outcome < 0 && errno == EINTR);
  if (outcome < 0) return ExitStatus{.code = 255};
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return ExitStatus{.code = info.si_status};
  return ExitStatus{.code = 128 + info.si_status, .signal = info.si_status};
}

// Killed processes that had not gone yet when their owner let go of them; reaped at the next spawn.
struct Leftovers {
  std::mutex mutex;
  std::vector<FileDescriptor> pidfds;
};
Leftovers& leftovers() {
  static Leftovers all;
  return all;
}
void reap_leftovers() {
  auto& all = leftovers();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.pidfds, [](const FileDescriptor& pidfd) { return reap(pidfd.get()).has_value(); });
}

class SpawnedProcess final : public Process, public std::enable_shared_from_this<SpawnedProcess> {
public:
  SpawnedProcess(Executor executor, int pid, int pidfd) : pid_(pid), pidfd_(pidfd), exit_(executor, pidfd) {}

  ~SpawnedProcess() override {
    if (status_) return;
    ::kill(-pid_, SIGKILL);
    pollfd waiting{pidfd_, POLLIN, 0};
    ::poll(&waiting, 1, kReapMilliseconds);
    if (reap(pidfd_)) return;
    auto& all = leftovers();
    const std::lock_guard lock(all.mutex);
    all.pidfds.emplace_back(exit_.release());
  }

  void take_input(Executor executor, FileDescriptor end) { input_.emplace(executor, end.release()); }
  void take_output(Executor executor, FileDescriptor end) { output_.emplace(executor, end.release()); }
  void take_error(Executor executor, FileDescriptor end) { error_.emplace(executor, end.release()); }

  int pid() const override { return pid_; }

  Task<std::optional<std::string>> read_output() override { return read(shared_from_this(), &output_); }
  Task<std::optional<std::string>> read_error() override { return read(shared_from_this(), &error_); }

  Task<> write_input(std::string bytes) override { return write(shared_from_this(), std::move(bytes)); }
  void close_input() override { input_.reset(); }
  Task<ExitStatus> wait() override { return wait_for_exit(shared_from_this()); }

  bool running() const override {
    if (status_) return false;
    pollfd waiting{pidfd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 0;
  }

  void signal(int number) override {
    if (status_) return;
    if (number == SIGTERM || number == SIGKILL) ending_ = true;
    ::kill(-pid_, number);
  }

private:
  static Task<std::optional<std::string>> read(std::shared_ptr<SpawnedProcess> self, std::optional<Descriptor>* from) {
    if (!*from) co_return std::optional<std::string>{};
    std::string piece(kPiece, '\0');
    const auto [code, count] = co_await (*from)->async_read_some(asio::buffer(piece), use_task);
    // A terminal that nobody holds open any more gives an input error.
    if (code == asio::error::eof || code == boost::system::errc::io_error) {
      from->reset();
      co_return std::optional<std::string>{};
    }
    if (code) co_return std::unexpected(error_from(code, "Reading from the process"));
    co_return std::optional<std::string>(piece.substr(0, count));
  }

  static Task<> write(std::shared_ptr<SpawnedProcess> self, std::string bytes) {
    if (!self->input_) co_return fail(Kind::conflict, "The input of the process is closed.");
    const auto [code, count] = co_await asio::async_write(*self->input_, asio::buffer(bytes), use_task);
    if (code == asio::error::broken_pipe || code == boost::system::errc::io_error)
      co_return fail(Kind::conflict, "The process no longer reads its input.");
    if (code) co_return std::unexpected(error_from(code, "Writing to the process"));
    co_return Result<>{};
  }

  static Task<ExitStatus> wait_for_exit(std::shared_ptr<SpawnedProcess> self) {
    while (!self->status_) {
      const auto [code] = co_await self->exit_.async_wait(Descriptor::wait_read, use_task);
      if (code && !self->status_) co_return std::unexpected(error_from(code, "Waiting for the process"));
      if (self->status_) break;
      // The dead leader still holds the group's number: the last moment at which the group can be named safely.
      if (self->ending_) ::kill(-self->pid_, SIGKILL);
      self->status_ = reap(self->pidfd_);
    }
    co_return *self->status_;
  }

  int pid_;
  int pidfd_;
  bool ending_ = false;
  std::optional<ExitStatus> status_;
  Descriptor exit_;
  std::optional<Descriptor> input_;
  std::optional<Descriptor> output_;
  std::optional<Descriptor> error_;
};

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(last_error("Making a pipe"));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

struct Terminal {
  FileDescriptor ours;
  FileDescriptor theirs;
};
Result<Terminal> make_terminal(TerminalSize size) {
  Terminal made{FileDescriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), {}};
  char name[64];
  if (!made.ours || ::grantpt(made.ours.get()) != 0 || ::unlockpt(made.ours.get()) != 0 ||
      ::ptsname_r(made.ours.get(), name, sizeof name) != 0)
    return std::unexpected(last_error("Making a pseudo terminal"));
  made.theirs = FileDescriptor(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  const winsize window{size.rows, size.columns, 0, 0};
  if (!made.theirs || ::ioctl(made.ours.get(), TIOCSWINSZ, &window) != 0)
    return std::unexpected(last_error("Opening a pseudo terminal"));
  return made;
}

struct Actions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Actions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

void set_attributes(Actions& actions, bool new_session) {
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setpgroup(&actions.attributes, 0);
  const int group = new_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
  ::posix_spawnattr_setflags(&actions.attributes,
                             static_cast<short>(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

// Copies above every number that the child will use, so that no dup2 overwrites a descriptor that a later one still
// needs.
Result<FileDescriptor> raised(int descriptor) {
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kHighestPassed + 1);
  if (copy < 0) return std::unexpected(last_error("Copying a descriptor for the process"));
  return FileDescriptor(copy);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (auto& text : texts)
    all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

Result<> check(const SpawnOptions& options) {
  if (options.argv.empty() || options.argv[0].empty())
    return fail(Kind::bug, "A process was to be started without a program.");
  for (const auto* texts : {&options.argv, &options.environment})
    for (const auto& text : *texts)
      if (text.find('\0') != std::string::npos)
        return fail(Kind::invalid,
                    "An argument or environment variable contains a zero byte, which no program can receive.");
  for (const auto& [ours, number] : options.descriptors)
    if (ours < 0 || number < 3 || number > kHighestPassed)
      return fail(Kind::bug, "A descriptor to pass has an impossible number.");
  return {};
}

// A write to a process that stopped reading must be an error of that write, not the end of this program.
void ignore_broken_pipes() {
  static const bool once = [] {
    struct sigaction present{};
    if (::sigaction(SIGPIPE, nullptr, &present) == 0 && present.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)once;
}

} // namespace

Result<std::shared_ptr<Process>> spawn(Executor executor, SpawnOptions options) {
  TRY_VOID(check(options));
  reap_leftovers();
  Actions actions;
  set_attributes(actions, options.new_session);
  std::vector<FileDescriptor> kept;
  auto place = [&](int ours, int number) -> Result<> {
    TRY(auto copy, raised(ours));
    ::posix_spawn_file_actions_adddup2(&actions.files, copy.get(), number);
    kept.push_back(std::move(copy));
    return {};
  };

  Pipe input;
  Pipe output;
  Pipe error;
  if (options.terminal) {
    ignore_broken_pipes();
    TRY(auto terminal, make_terminal(*options.terminal));
    TRY(input.write, raised(terminal.ours.get()));
    output.read = std::move(terminal.ours);
    for (int number = 0; number < 3; ++number)
      TRY_VOID(place(terminal.theirs.get(), number));
  } else if (options.pipe_input) {
    ignore_broken_pipes();
    TRY(input, make_pipe());
    TRY_VOID(place(input.read.get(), 0));
  } else {
    const FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing) return std::unexpected(last_error("Opening /dev/null"));
    TRY_VOID(place(nothing.get(), 0));
  }
  if (!options.terminal) {
    TRY(output, make_pipe());
    TRY_VOID(place(output.write.get(), 1));
    if (options.merge_error) {
      ::posix_spawn_file_actions_adddup2(&actions.files, 1, 2);
    } else {
      TRY(error, make_pipe());
      TRY_VOID(place(error.write.get(), 2));
    }
  }
  int highest = 2;
  for (const auto& [ours, number] : options.descriptors) {
    TRY_VOID(place(ours, number));
    highest = std::max(highest, number);
  }
  for (int number = 3; number < highest; ++number)
    if (std::none_of(options.descriptors.begin(), options.descriptors.end(),
                     [&](const auto& pair) { return pair.second == number; }))
      ::posix_spawn_file_actions_addclose(&actions.files, number);
  ::posix_spawn_file_actions_addclosefrom_np(&actions.files, highest + 1);
  if (!options.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions.files, options.directory.c_str());

  auto arguments = pointers(options.argv);
  auto environment = pointers(options.environment);
  const std::string& program = options.program.empty() ? options.argv[0] : options.program;
  int pid = 0;
  errno =
      ::posix_spawn(&pid, program.c_str(), &actions.files, &actions.attributes, arguments.data(), environment.data());
  if (errno != 0) return std::unexpected(last_error(fmt::format("Starting {}", options.argv[0])));
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    const auto problem = last_error("Watching the new process");
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return std::unexpected(problem);
  }
  auto process = std::make_shared<SpawnedProcess>(executor, pid, pidfd);
  if (input.write) process->take_input(executor, std::move(input.write));
  process->take_output(executor, std::move(output.read));
  if (error.read) process->take_error(executor, std::move(error.read));
  return std::shared_ptr<Process>(std::move(process));
}

Task<ExitStatus> terminate(std::shared_ptr<Process> process, std::int64_t grace_ms) {
  const auto executor = co_await asio::this_coro::executor;
  process->signal(SIGTERM);
  Timer deadline(executor, std::chrono::milliseconds(grace_ms));
  deadline.async_wait([process](boost::system::error_code code) {
    if (!code) process->signal(SIGKILL);
  });
  // The caller is often being cancelled itself; the end of the process is waited for all the same.
  while (true) {
    auto status = co_await process->wait();
    if (!status && status.error().kind == Kind::cancelled) continue;
    deadline.cancel();
    co_return status;
  }
}

} // namespace openclaw::async
