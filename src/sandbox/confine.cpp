#include "sandbox/confine.hpp"

#include "async/event.hpp"
#include "async/scope.hpp"
#include "base/text.hpp"
#include "sandbox/instructions.hpp"
#include "sandbox/lockdown.hpp"
#include "sandbox/sources.hpp"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <sys/mman.h>

namespace openclaw::sandbox {
namespace {

constexpr std::int64_t kProbeMilliseconds = 10'000;
constexpr std::size_t kProbeText = 4096;

Result<FileDescriptor> sealed_file(const std::string& bytes) {
  if (bytes.size() > kInstructionsLimit)
    return fail(Kind::invalid, "The command and its environment are too long for a sandbox.",
                "Pass large input by a file.");
  FileDescriptor file(::memfd_create("openclaw-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file)
    return fail(Kind::transient,
                fmt::format("The instructions for the sandbox cannot be written: {}.", std::strerror(errno)));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno != EINTR)
      return fail(Kind::transient,
                  fmt::format("The instructions for the sandbox cannot be written: {}.", std::strerror(errno)));
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return file;
}

Result<std::shared_ptr<async::Process>> spawn_init(async::Executor executor, Instructions instructions,
                                                   const Command& command) {
  instructions.parent = static_cast<std::uint64_t>(::getpid());
  TRY(instructions.filter, seccomp_program());
  TRY(const auto file, sealed_file(encode(instructions)));
  async::SpawnOptions options;
  // The link leads to the running program itself, even after its file was replaced by an update.
  options.program = "/proc/self/exe";
  options.argv = {"openclaw", kSandboxInit};
  options.pipe_input = command.pipe_input;
  options.merge_error = command.merge_error;
  options.new_session = true;
  options.terminal = command.terminal;
  options.descriptors.emplace_back(file.get(), 3);
  int number = kFirstPassed;
  for (const auto& [ours, inside] : command.descriptors)
    options.descriptors.emplace_back(ours, number++);
  return async::spawn(executor, std::move(options));
}

struct ProbeOutcome {
  std::string text;
  int code = 0;
};

Task<ProbeOutcome> watch_probe(std::shared_ptr<async::Process> process) {
  const auto executor = co_await async::asio::this_coro::executor;
  async::Timer deadline(executor, std::chrono::milliseconds(kProbeMilliseconds));
  deadline.async_wait([process](boost::system::error_code code) {
    if (!code) process->signal(SIGKILL);
  });
  ProbeOutcome outcome;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) break;
    if (outcome.text.size() < kProbeText) outcome.text += *piece;
  }
  CO_TRY(const auto status, co_await process->wait());
  deadline.cancel();
  outcome.code = status.code;
  co_return outcome;
}

std::string setting(const char* path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::string remedy() {
  if (setting("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return "This kernel keeps user namespaces from plain users: run `sudo sysctl -w "
           "kernel.unprivileged_userns_clone=1`.";
  if (setting("/proc/sys/user/max_user_namespaces") == "0")
    return "User namespaces are switched off: run `sudo sysctl -w user.max_user_namespaces=10000`.";
  if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return "AppArmor keeps user namespaces from programs without a profile: install a profile for openclaw, or run "
           "`sudo sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0`.";
  return "If this is a container, its seccomp profile forbids namespaces: start it with a profile that allows unshare "
         "and mount (Docker: --security-opt "
         "seccomp=unconfined --security-opt apparmor=unconfined), or run openclaw outside of it.";
}

Support probe() {
  Support found;
  found.landlock_abi = landlock_abi();
  Instructions instructions;
  instructions.probe = true;
  async::asio::io_context loop;
  auto process = spawn_init(loop.get_executor(), std::move(instructions), Command{});
  if (!process) {
    found.explanation = fmt::format("Programs cannot be confined: {}", process.error().text());
    return found;
  }
  const auto outcome = async::run(loop, watch_probe(*process));
  if (!outcome || outcome->code != 0 || !outcome->text.starts_with("ready ")) {
    const auto said = outcome ? std::string(trim(outcome->text)) : outcome.error().text();
    found.explanation =
        fmt::format("Programs cannot be confined here, so none is run ({}). {}", printable(said, 500), remedy());
    return found;
  }
  found.user_namespaces = true;
  found.seccomp = true;
  found.usable = true;
  if (found.landlock_abi == 0)
    found.explanation = "This kernel has no Landlock: programs are confined by namespaces and seccomp alone.";
  if (outcome->text.find("proc=1") == std::string::npos) {
    if (!found.explanation.empty()) found.explanation += ' ';
    found.explanation += "The surroundings (usually a container) do not allow a new /proc: programs in the sandbox "
                         "have none, and some will miss it.";
  }
  return found;
}

Result<> check_command(const Command& command) {
  if (command.argv.empty() || command.argv[0].empty()) return fail(Kind::invalid, "There is no command to run.");
  std::size_t bytes = 0;
  if (command.program.find('\0') != std::string::npos)
    return fail(Kind::invalid, "The path of the program contains a zero byte.");
  for (const auto& argument : command.argv) {
    bytes += argument.size() + 1;
    if (argument.find('\0') != std::string::npos)
      return fail(Kind::invalid, "An argument of the command contains a zero byte.");
  }
  for (const auto& [name, value] : command.environment) {
    bytes += name.size() + value.size() + 2;
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
        value.find('\0') != std::string::npos)
      return fail(Kind::invalid,
                  fmt::format("\"{}\" is no environment variable that a program can receive.", printable(name)));
  }
  if (bytes > 1024 * 1024)
    return fail(Kind::invalid, "The command and its environment are longer than 1 MB.", "Pass large input by a file.");
  if (!command.directory.empty() &&
      (command.directory.front() != '/' || command.directory.find('\0') != std::string::npos))
    return fail(Kind::invalid, fmt::format("\"{}\" is no folder inside the sandbox: an absolute path is needed.",
                                           printable(command.directory)));
  for (const auto& [ours, number] : command.descriptors)
    if (ours < 0 || number < 3 || number > 200)
      return fail(Kind::bug, "A descriptor to pass has an impossible number.");
  return {};
}

std::vector<std::string> full_environment(std::map<std::string, std::string> variables, bool terminal) {
  variables.try_emplace("PATH", kPath);
  variables.try_emplace("HOME", "/tmp");
  variables.try_emplace("LANG", "C.UTF-8");
  variables.try_emplace("TERM", terminal ? "xterm-256color" : "dumb");
  variables.try_emplace("USER", "agent");
  std::vector<std::string> all;
  all.reserve(variables.size());
  for (const auto& [name, value] : variables)
    all.push_back(name + "=" + value);
  return all;
}

} // namespace

Support support() {
  static const Support once = probe();
  return once;
}

Result<std::shared_ptr<async::Process>> start(async::Executor executor, Confinement confinement, Command command) {
  TRY_VOID(check_command(command));
  Instructions instructions;
  for (const auto& mount : confinement.mounts) {
    TRY(auto judged, judge_mount(mount));
    instructions.mounts.push_back(std::move(judged));
  }
  if (const auto possible = support(); !possible.usable)
    return fail(Kind::denied, possible.explanation, "`openclaw doctor` examines it again.");
  instructions.system = confinement.system;
  instructions.network = confinement.network == Network::host;
  instructions.limits = confinement.limits;
  instructions.terminal = command.terminal.has_value();
  instructions.program = command.program;
  instructions.argv = command.argv;
  instructions.environment = full_environment(command.environment, command.terminal.has_value());
  instructions.directory = command.directory.empty() ? "/" : command.directory;
  for (const auto& [ours, number] : command.descriptors)
    instructions.descriptors.push_back(static_cast<std::uint64_t>(number));
  return spawn_init(executor, std::move(instructions), command);
}

} // namespace openclaw::sandbox
