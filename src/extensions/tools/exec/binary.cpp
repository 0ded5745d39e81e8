#include "extensions/tools/exec/binary.hpp"

#include "base/file_descriptor.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace openclaw::tools {
namespace {

constexpr std::size_t kRemembered = 256;
constexpr std::int64_t kLargest = 1024LL * 1024 * 1024;

bool below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

bool shown_inside(std::string_view path, std::string_view workspace_root) {
  for (const std::string_view folder : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"})
    if (below(path, folder)) return true;
  return below(path, workspace_root);
}

std::string executable(const std::string& candidate, const std::string& workspace_root) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(candidate.c_str(), nullptr), std::free);
  struct stat about{};
  if (!real || ::stat(real.get(), &about) != 0 || !S_ISREG(about.st_mode) || (about.st_mode & 0111) == 0) return {};
  return shown_inside(real.get(), workspace_root) ? std::string(real.get()) : std::string();
}

using FileState = std::array<std::int64_t, 7>;
FileState state_of(const struct stat& about) {
  return {static_cast<std::int64_t>(about.st_dev), static_cast<std::int64_t>(about.st_ino), about.st_size,
          about.st_mtim.tv_sec, about.st_mtim.tv_nsec,
          // The change time too: the modification time can be set to anything.
          about.st_ctim.tv_sec, about.st_ctim.tv_nsec};
}

struct Remembered {
  std::mutex mutex;
  std::map<FileState, std::string> hashes;
};
Remembered& remembered() {
  static Remembered all;
  return all;
}

} // namespace

Result<std::string> resolve_binary(const std::string& name, std::string_view path, const std::string& directory,
                                   const std::string& workspace_root) {
  if (name.find('/') != std::string::npos) {
    auto found = executable(name.front() == '/' ? name : directory + "/" + name, workspace_root);
    if (!found.empty()) return found;
  } else {
    for (const auto part : split(path, ':')) {
      if (!part.starts_with('/')) continue;
      auto found = executable(fmt::format("{}/{}", part, name), workspace_root);
      if (!found.empty()) return found;
    }
  }
  return fail(Kind::missing, fmt::format("There is no program \"{}\" in the sandbox.", printable(name)),
              "Install it on this machine (below /usr) or put it into the workspace and name its path.");
}

Result<std::string> binary_hash(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about{};
  if (!file || ::fstat(file.get(), &about) != 0)
    return fail(Kind::missing, fmt::format("{} cannot be read: {}.", printable(path), std::strerror(errno)));
  if (!S_ISREG(about.st_mode) || about.st_size > kLargest)
    return fail(Kind::invalid, fmt::format("{} is no program that can be checked.", printable(path)));
  const auto state = state_of(about);
  auto& all = remembered();
  {
    const std::lock_guard lock(all.mutex);
    if (const auto known = all.hashes.find(state); known != all.hashes.end()) return known->second;
  }
  Sha256 hash;
  std::string piece(256 * 1024, '\0');
  while (true) {
    const auto count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(Kind::transient, fmt::format("{} cannot be read: {}.", printable(path), std::strerror(errno)));
    if (count == 0) break;
    hash.update(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
  }
  auto text = hash.hex();
  const std::lock_guard lock(all.mutex);
  if (all.hashes.size() >= kRemembered) all.hashes.clear();
  all.hashes.emplace(state, text);
  return text;
}

} // namespace openclaw::tools
