#include "cli/daemon/service.hpp"

#include "async/process.hpp"
#include "async/scope_run.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kUpWithinMs = 30'000;
constexpr std::int64_t kDownWithinMs = 60'000;
constexpr useconds_t kLookEveryUs = 50'000;
constexpr int kMostDeaths = 5; // in a row, each of them soon after its start
constexpr std::int64_t kSoonMs = 10'000;

std::string own_path() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).string();
}

std::optional<std::string> find_program(const config::Environment& environment, std::string_view name) {
  const auto path = environment.find("PATH").value_or("/usr/bin:/bin");
  for (const auto folder : split(path, ':')) {
    auto file = fmt::format("{}/{}", folder, name);
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

std::vector<std::string> as_list(const config::Environment& environment) {
  std::vector<std::string> list;
  for (const auto& [name, value] : environment.variables())
    list.push_back(name + "=" + value);
  return list;
}

struct Ended {
  int code = 0;
  std::string output;
};

Task<Ended> run_to_end(async::Executor executor, async::SpawnOptions options) {
  CO_TRY(auto process, async::spawn(executor, std::move(options)));
  Ended ended;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) break;
    if (ended.output.size() < 4096) ended.output += *piece;
  }
  CO_TRY(const auto status, co_await process->wait());
  ended.code = status.code;
  co_return ended;
}

// posix_spawn with a session of its own: what it starts outlives this command.
Result<int> spawn_detached(const std::vector<std::string>& arguments, const std::string& log_file, bool own_session) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!log_file.empty()) {
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  }
  if (own_session) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::vector<char*> words;
  for (const auto& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int code = ::posix_spawn(&pid, words[0], &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) return fail(Kind::transient, fmt::format("{} cannot be started: {}.", arguments[0], strerror(code)));
  return static_cast<int>(pid);
}

// A value in a unit file: quoted, and without systemd's own expansions.
std::string unit_value(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

} // namespace

bool Service::has_systemd() const {
  return systemctl({"show-environment"}).has_value();
}

std::string Service::unit_name() const {
  return profile_.empty() ? "openclaw-gateway.service" : fmt::format("openclaw-gateway-{}.service", profile_);
}

std::string Service::unit_path() const {
  const auto base =
      setup_.environment.find("XDG_CONFIG_HOME").value_or(setup_.environment.find("HOME").value_or("/") + "/.config");
  return fmt::format("{}/systemd/user/{}", base, unit_name());
}

bool Service::installed() const {
  return ::access(unit_path().c_str(), F_OK) == 0;
}

std::string Service::unit_text() const {
  const auto profile = profile_.empty() ? "" : " --profile " + profile_;
  const auto folder =
      profile_.empty() ? "Environment=" + unit_value("OPENCLAW_STATE_DIR=" + setup_.folder.path()) + "\n" : "";
  return fmt::format("[Unit]\n"
                     "Description=openclaw gateway\n"
                     "StartLimitIntervalSec=300\n"
                     "StartLimitBurst=10\n\n"
                     "[Service]\n"
                     "ExecStart={} gateway{}\n"
                     "{}"
                     "Restart=on-failure\n"
                     "RestartSec=2\n"
                     "TimeoutStopSec=60\n"
                     "UMask=0077\n\n"
                     "[Install]\n"
                     "WantedBy=default.target\n",
                     unit_value(own_path()), profile, folder);
}

Result<> Service::systemctl(std::vector<std::string> arguments) const {
  const auto program = find_program(setup_.environment, "systemctl");
  if (!program) return fail(Kind::missing, "There is no systemctl on this machine.");
  async::SpawnOptions options;
  options.argv = {*program, "--user"};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.environment = as_list(setup_.environment);
  options.merge_error = true;
  async::asio::io_context loop(1);
  auto work = run_to_end(loop.get_executor(), std::move(options));
  TRY(const auto ended, async::run(loop, std::move(work)));
  if (ended.code == 0) return {};
  return fail(Kind::remote,
              fmt::format("systemctl --user {} failed: {}", join(arguments, " "), printable(trim(ended.output), 300)),
              "systemctl --user status shows the state of the user's systemd.");
}

Result<> Service::install() {
  if (!has_systemd())
    return fail(Kind::missing, "The user's systemd does not answer on this machine, so no service can be installed.",
                "Start it in the background with openclaw start, or let the container's or the machine's own "
                "supervisor run: openclaw gateway");
  const auto path = unit_path();
  std::error_code code;
  fs::create_directories(fs::path(path).parent_path(), code);
  TRY_VOID(config::replace_file(path, unit_text()));
  TRY_VOID(systemctl({"daemon-reload"}));
  return systemctl({"enable", unit_name()});
}

Result<> Service::uninstall() {
  if (!installed())
    return fail(Kind::missing, fmt::format("There is no service {}.", unit_path()), "openclaw gateway install");
  if (has_systemd()) TRY_VOID(systemctl({"disable", "--now", unit_name()}));
  std::error_code code;
  fs::remove(unit_path(), code);
  if (has_systemd()) TRY_VOID(systemctl({"daemon-reload"}));
  return {};
}

Result<std::optional<config::RunningGateway>> Service::running() const {
  return config::find_running_gateway(setup_.folder);
}

Result<config::RunningGateway> Service::wait_until_up() const {
  const SystemClock clock;
  for (const auto end = clock.monotonic_ms() + kUpWithinMs; clock.monotonic_ms() < end; ::usleep(kLookEveryUs)) {
    TRY(const auto found, running());
    if (found && found->port != 0) return *found;
  }
  return fail(Kind::timeout, "The gateway did not come up within 30 seconds.",
              fmt::format("Look into {}/logs/start.log, or run: openclaw gateway", setup_.folder.path()));
}

Result<> Service::start_watched() const {
  TRY_VOID(setup_.folder.prepare());
  TRY(const auto logs, setup_.folder.sub(kLogFolder));
  std::vector<std::string> arguments{own_path(), "gateway", "watch"};
  if (!profile_.empty()) arguments.insert(arguments.end(), {"--profile", profile_});
  TRY([[maybe_unused]] const int pid, spawn_detached(arguments, logs + "/start.log", true));
  return {};
}

Result<config::RunningGateway> Service::start() {
  TRY(const auto found, running());
  if (found && found->port != 0) return *found;
  // What would stop it at once is said here, where somebody reads it.
  TRY(const auto snapshot, setup_.config.load());
  TRY_VOID(snapshot.check());
  if (!found) {
    if (installed() && has_systemd())
      TRY_VOID(systemctl({"start", unit_name()}));
    else
      TRY_VOID(start_watched());
  }
  return wait_until_up();
}

Result<bool> Service::stop() {
  TRY(const auto found, running());
  if (!found) return false;
  if (installed() && has_systemd()) TRY_VOID(systemctl({"stop", unit_name()}));
  // One that was started in another way has the lock still.
  const SystemClock clock;
  bool asked = false;
  for (const auto end = clock.monotonic_ms() + kDownWithinMs; clock.monotonic_ms() < end; ::usleep(kLookEveryUs)) {
    TRY(const auto still, running());
    if (!still) return true;
    if (asked || still->pid <= 1) continue;
    if (::kill(still->pid, SIGTERM) != 0 && errno != ESRCH)
      return fail(Kind::denied, fmt::format("Process {} cannot be stopped: {}.", still->pid, strerror(errno)),
                  "Run the command as the user of the gateway.");
    asked = true;
  }
  return fail(Kind::timeout, "The gateway did not end within a minute.",
              fmt::format("It is process {}; openclaw logs shows what it does.", found->pid));
}

int watch_gateway(const std::string& profile) {
  const SystemClock clock;
  std::vector<std::string> arguments{own_path(), "gateway"};
  if (!profile.empty()) arguments.insert(arguments.end(), {"--profile", profile});
  for (int deaths = 0; deaths < kMostDeaths;) {
    const auto since = clock.monotonic_ms();
    const auto pid = spawn_detached(arguments, "", false);
    if (!pid) return exit_status(pid.error().kind);
    int status = 0;
    while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
    }
    // It ended by itself: asked to, or because it cannot run as things are.
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    deaths = clock.monotonic_ms() - since < kSoonMs ? deaths + 1 : 1;
    ::sleep(static_cast<unsigned>(deaths));
  }
  return 1;
}

} // namespace openclaw::cli
