#include "config/state_folder.hpp"

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include <fcntl.h>
#include <fmt/core.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

constexpr std::string_view kLockFile = "gateway.lock";
constexpr std::string_view kTokenFile = "gateway.token";

Result<> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Kind::denied, fmt::format("The folder {} cannot be created: {}.", path, strerror(errno)),
                "Choose another one with OPENCLAW_STATE_DIR, or make its parent writable.");
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(Kind::conflict, fmt::format("{} is not a folder.", path),
                "Move it away, or choose another one with OPENCLAW_STATE_DIR.");
  if (info.st_uid != ::geteuid())
    return fail(Kind::denied,
                fmt::format("The folder {} belongs to the user with id {}, and this program runs as {}.", path,
                            info.st_uid, ::geteuid()),
                "Run it as that user, or choose another folder with OPENCLAW_STATE_DIR.");
  if ((info.st_mode & 077) == 0) return {};
  if (::chmod(path.c_str(), info.st_mode & 0700) != 0)
    return fail(Kind::denied, fmt::format("The folder {} is open to other users, and that cannot be changed: {}.", path,
                                          strerror(errno)));
  log::warn("config", "The folder was open to other users; it is now its owner's alone.", {{"folder", path}});
  return {};
}

// Modes of what an earlier program left readable; only the files that hold secrets or state, not the agents' work.
void close_files(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    struct stat info{};
    const auto path = entry.path().string();
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() ||
        (info.st_mode & 077) == 0)
      continue;
    if (::chmod(path.c_str(), info.st_mode & 0700) == 0)
      log::warn("config", "The file was open to other users; it is now its owner's alone.", {{"file", path}});
  }
}

std::string home_folder(const Environment& environment) {
  if (auto home = environment.find("HOME")) return *home;
  const auto* user = ::getpwuid(::geteuid());
  return user && user->pw_dir ? user->pw_dir : "";
}

Result<RunningGateway> read_lock(int descriptor) {
  std::array<char, 512> buffer{};
  const auto got = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  TRY(const auto content,
      parse_json({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))}, "lock file"));
  return RunningGateway{static_cast<int>(integer_or(content, "pid", 0)),
                        static_cast<int>(integer_or(content, "port", 0))};
}

Result<> write_lock(int descriptor, int port) {
  const auto text =
      to_text(json::object{{"pid", ::getpid()}, {"port", port}, {"sinceMs", SystemClock().now_ms()}}) + "\n";
  const bool written = ::ftruncate(descriptor, 0) == 0 &&
                       ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (!written)
    return fail(Kind::transient, fmt::format("The lock file cannot be written: {}.", strerror(errno)),
                "Check the free disk space.");
  return {};
}

} // namespace

Result<StateFolder> StateFolder::locate(const Environment& environment, std::string_view profile) {
  if (!profile.empty()) TRY_VOID(check_id(profile, "profile"));
  auto path = profile.empty() ? environment.find("OPENCLAW_STATE_DIR") : std::nullopt;
  const auto home = home_folder(environment);
  if (path && path->starts_with("~/")) path = home + path->substr(1);
  if (!path) {
    if (home.empty())
      return fail(Kind::missing, "There is no home folder to keep the state in: HOME is not set.",
                  "Set OPENCLAW_STATE_DIR to a folder.");
    path = home + "/.openclaw" + (profile.empty() ? "" : "-" + std::string(profile));
  }
  std::error_code code;
  auto absolute = std::filesystem::absolute(*path, code).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/')
    absolute.pop_back();
  return StateFolder(code ? *path : absolute);
}

bool StateFolder::exists() const {
  struct stat info{};
  return ::stat(path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<> StateFolder::prepare() const {
  const auto parent = std::filesystem::path(path_).parent_path();
  std::error_code ignored;
  std::filesystem::create_directories(parent, ignored);
  TRY_VOID(make_private_folder(path_));
  close_files(path_);
  return {};
}

Result<std::string> StateFolder::sub(std::string_view name) const {
  auto path = path_;
  for (const auto part : split(name, '/')) {
    if (part.empty() || part == "." || part == "..")
      return fail(Kind::bug, fmt::format("\"{}\" is no name of a folder.", name));
    path += "/" + std::string(part);
    TRY_VOID(make_private_folder(path));
  }
  return path;
}

Result<StateLock> StateLock::acquire(const StateFolder& folder) {
  const auto path = folder.file(kLockFile);
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file)
    return fail(Kind::denied, fmt::format("The lock file {} cannot be opened: {}.", path, strerror(errno)),
                "Check its owner and mode.");
  // The command line holds a shared lock for an instant while it looks who has the state.
  for (int i = 0; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (i < 25) {
      ::usleep(10'000);
      continue;
    }
    const auto holder = read_lock(file.get());
    if (!holder || holder->pid == 0)
      return fail(Kind::conflict, fmt::format("Another gateway already uses the state folder {}.", folder.path()),
                  "Stop it first, or start this one with another OPENCLAW_STATE_DIR.");
    return fail(
        Kind::conflict,
        fmt::format("Another gateway (process {}) already uses the state folder {}.", holder->pid, folder.path()),
        fmt::format(
            "Use that one (openclaw status), stop it (kill {}), or start this one with another OPENCLAW_STATE_DIR.",
            holder->pid));
  }
  TRY_VOID(write_lock(file.get(), 0));
  return StateLock(std::move(file));
}

Result<> StateLock::announce(int port) {
  return write_lock(file_.get(), port);
}

Result<std::optional<RunningGateway>> find_running_gateway(const StateFolder& folder) {
  const auto path = folder.file(kLockFile);
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<RunningGateway>{};
    return fail(Kind::denied, fmt::format("{} cannot be read: {}.", path, strerror(errno)),
                "Run the command as the user of the gateway.");
  }
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::optional<RunningGateway>{};
  return std::optional<RunningGateway>(read_lock(file.get()).value_or(RunningGateway{}));
}

Result<Secret> gateway_token(const StateFolder& folder, const json::value& config, const Environment& environment,
                             CreateToken create) {
  if (const auto* token = find_path(config, "gateway.auth.token");
      token && token->is_string() && !token->get_string().empty())
    return Secret(std::string(token->get_string()));
  if (auto token = environment.find("OPENCLAW_GATEWAY_TOKEN")) return Secret(std::move(*token));
  const auto path = folder.file(kTokenFile);
  TRY(auto content, read_small_file(path, 4096));
  if (content && !trim(*content).empty()) return Secret(std::string(trim(*content)));
  if (create == CreateToken::no)
    return fail(Kind::missing, "There is no gateway token yet.",
                "The first start of the gateway makes one: openclaw gateway");
  SystemRandom random;
  Secret token(random_hex(random, 32));
  TRY_VOID(replace_file(path, token.reveal() + "\n"));
  return token;
}

Result<GatewayAuth> gateway_auth(const StateFolder& folder, const json::value& config, const Environment& environment,
                                 CreateToken create) {
  const auto configured = [&](std::string_view path) {
    const auto* value = find_path(config, path);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  auto password = configured("gateway.auth.password");
  if (password.empty()) password = environment.find("OPENCLAW_GATEWAY_PASSWORD").value_or("");
  auto mode = configured("gateway.auth.mode");
  if (mode.empty()) mode = !password.empty() && configured("gateway.auth.token").empty() ? "password" : "token";
  if (mode == "password") {
    if (!password.empty()) return GatewayAuth{true, Secret(std::move(password))};
    return fail(Kind::missing, "gateway.auth.mode is \"password\", and no password is set.",
                "Set gateway.auth.password, or OPENCLAW_GATEWAY_PASSWORD in the environment.");
  }
  TRY(auto token, gateway_token(folder, config, environment, create));
  return GatewayAuth{false, std::move(token)};
}

} // namespace openclaw::config
