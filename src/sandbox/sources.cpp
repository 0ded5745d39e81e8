#include "sandbox/sources.hpp"

#include "base/file_descriptor.hpp"
#include "base/text.hpp"
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <mutex>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace openclaw::sandbox {
namespace {

// Neither these nor anything below them nor anything that contains them.
constexpr const char* kMachine[] = {"/proc",
                                    "/sys",
                                    "/dev",
                                    "/run",
                                    "/var/run",
                                    "/boot",
                                    "/etc",
                                    "/var/lib/docker",
                                    "/var/lib/containerd",
                                    "/var/lib/incus",
                                    "/var/lib/lxd",
                                    "/var/snap/docker",
                                    "/var/spool/cron",
                                    "/lost+found"};
constexpr const char* kHome[] = {".ssh",
                                 ".gnupg",
                                 ".aws",
                                 ".azure",
                                 ".kube",
                                 ".docker",
                                 ".config/gcloud",
                                 ".config/gh",
                                 ".config/op",
                                 ".config/rclone",
                                 ".config/google-chrome",
                                 ".config/chromium",
                                 ".mozilla",
                                 ".thunderbird",
                                 ".password-store",
                                 ".local/share/keyrings",
                                 ".netrc",
                                 ".git-credentials",
                                 ".npmrc",
                                 ".pypirc",
                                 ".pgpass",
                                 ".my.cnf",
                                 ".vault-token",
                                 ".terraform.d",
                                 ".bitcoin",
                                 ".ethereum"};
// What an agent or a model server may be given of the state folder.
constexpr const char* kStateParts[] = {"workspace", "servers", "models", "media"};

// STATE/foreign/NAME/program/VERSION: somebody else's program, which holds nothing of ours. What lies beside it does.
bool is_foreign_program(std::string_view part) {
  const auto names = split(part, '/');
  return names.size() >= 4 && names[0] == "foreign" && names[2] == "program";
}

struct Registered {
  std::mutex mutex;
  std::vector<std::string> folders;
};
Registered& registered() {
  static Registered all;
  return all;
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? std::string(real.get()) : path;
}

bool is_at_or_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::vector<std::string> homes() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> found;
    if (const char* home = std::getenv("HOME"); home && home[0] == '/') found.emplace_back(resolved(home));
    passwd entry{};
    passwd* answer = nullptr;
    std::string buffer(16384, '\0');
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &answer) == 0 && answer &&
        answer->pw_dir[0] == '/')
      found.emplace_back(resolved(answer->pw_dir));
    std::erase(found, "/");
    return found;
  }();
  return all;
}

std::vector<std::string> state_folders() {
  std::vector<std::string> all;
  {
    auto& known = registered();
    const std::lock_guard lock(known.mutex);
    all = known.folders;
  }
  if (const char* folder = std::getenv("OPENCLAW_STATE_DIR"); folder && folder[0] == '/') all.emplace_back(folder);
  for (const auto& home : homes())
    all.push_back(home + "/.openclaw");
  for (auto& folder : all)
    folder = resolved(folder);
  return all;
}

bool exists(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0;
}

std::unexpected<Error> refused(const std::string& source, std::string_view why) {
  return fail(Kind::denied, fmt::format("{} is never shown to a sandbox: {}.", printable(source), why),
              "Name a folder that holds only what the program needs. No setting changes this rule.");
}

Result<> judge_path(const std::string& source, const std::string& path) {
  if (path == "/") return refused(source, "it is the whole machine");
  for (const auto& folder : kMachine)
    for (const auto& place : {std::string(folder), resolved(folder)}) {
      if (is_at_or_below(path, place)) return refused(source, fmt::format("{} belongs to the machine", folder));
      if (is_at_or_below(place, path) && exists(place)) return refused(source, fmt::format("it contains {}", folder));
    }
  for (const auto& home : homes()) {
    if (is_at_or_below(home, path)) return refused(source, "it contains your home folder");
    for (const auto* name : kHome)
      for (const auto& place : {home + "/" + name, resolved(home + "/" + name)}) {
        if (is_at_or_below(path, place)) return refused(source, fmt::format("~/{} holds secrets", name));
        if (is_at_or_below(place, path) && exists(place)) return refused(source, fmt::format("it contains ~/{}", name));
      }
  }
  for (const auto& state : state_folders()) {
    if (is_at_or_below(state, path)) return refused(source, "it contains the state folder of openclaw");
    if (!is_at_or_below(path, state)) continue;
    const auto part = std::string_view(path).substr(state.size() + 1);
    const auto name = part.substr(0, part.find('/'));
    if (is_foreign_program(part)) continue;
    if (std::none_of(std::begin(kStateParts), std::end(kStateParts), [&](std::string_view allowed) {
          return name == allowed || (allowed == "workspace" && name.starts_with("workspace-"));
        }))
      return refused(source, "it is in the state folder of openclaw");
  }
  return {};
}

Result<> judge_target(const std::string& target) {
  if (target.size() < 2 || target.front() != '/' || target.size() >= PATH_MAX || target.find('\0') != std::string::npos)
    return fail(Kind::invalid,
                fmt::format("\"{}\" is no place inside a sandbox: an absolute path is needed.", printable(target)));
  for (const auto part : split(std::string_view(target).substr(1), '/'))
    if (part.empty() || part == "." || part == "..")
      return fail(Kind::invalid,
                  fmt::format("\"{}\" is no place inside a sandbox: it must have no empty part, \".\" or \"..\".",
                              printable(target)));
  for (const auto* taken : {"/proc", "/dev"})
    if (is_at_or_below(target, taken))
      return fail(Kind::denied, fmt::format("Nothing can be mounted on {} of a sandbox.", printable(target)));
  return {};
}

} // namespace

void never_mount(std::string folder) {
  auto& all = registered();
  const std::lock_guard lock(all.mutex);
  all.folders.push_back(std::move(folder));
}

Result<MountInstruction> judge_mount(const Mount& mount) {
  TRY_VOID(judge_target(mount.target));
  if (mount.source.empty() || mount.source.front() != '/' || mount.source.find('\0') != std::string::npos)
    return fail(Kind::invalid, fmt::format("\"{}\" cannot be shown to a sandbox: an absolute path is needed.",
                                           printable(mount.source)));
  const FileDescriptor source(::open(mount.source.c_str(), O_PATH | O_CLOEXEC));
  if (!source)
    return fail(Kind::missing,
                fmt::format("{} cannot be shown to a sandbox: {}.", printable(mount.source), std::strerror(errno)));
  struct stat about{};
  std::string path(PATH_MAX + 1, '\0');
  const auto length = ::readlink(fmt::format("/proc/self/fd/{}", source.get()).c_str(), path.data(), path.size());
  if (length <= 0 || length > PATH_MAX || ::fstat(source.get(), &about) != 0)
    return fail(Kind::transient, fmt::format("{} cannot be examined.", printable(mount.source)));
  path.resize(static_cast<std::size_t>(length));
  TRY_VOID(judge_path(mount.source, path));
  if (!S_ISDIR(about.st_mode) && !S_ISREG(about.st_mode))
    return refused(mount.source, "only files and folders are, no sockets or devices");
  return MountInstruction{.source = path,
                          .target = mount.target,
                          .writable = mount.writable,
                          .folder = S_ISDIR(about.st_mode),
                          .device = about.st_dev,
                          .inode = about.st_ino};
}

} // namespace openclaw::sandbox
