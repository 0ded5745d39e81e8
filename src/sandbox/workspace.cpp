#include "sandbox/workspace.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace openclaw::sandbox {
namespace {

constexpr unsigned kFileMode = 0600;
constexpr unsigned kFolderMode = 0700;

// EAGAIN: somebody renamed a folder above while ".." was walked; the kernel asks to try again.
int open_beneath(int folder, const std::string& path, int flags, unsigned mode = 0) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY));
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int descriptor = -1;
  for (int round = 0; round < 16; ++round) {
    descriptor = static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
    if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return descriptor;
}

std::string shown(std::string_view path) {
  return printable(path, 300);
}

std::unexpected<Error> failure(int code, std::string_view path, const std::string& root) {
  const auto name = shown(path);
  switch (code) {
  case ENOENT:
    return fail(Kind::missing, fmt::format("There is no \"{}\" in the workspace {}.", name, root));
  case EXDEV:
    return fail(Kind::denied, fmt::format("\"{}\" leads outside of the workspace {}.", name, root),
                "Only files below the workspace can be reached; copy the file into it.");
  case ELOOP:
    return fail(Kind::denied,
                fmt::format("\"{}\" passes through a link that is not followed in the workspace {}.", name, root));
  case ENOTDIR:
    return fail(Kind::invalid, fmt::format("A part of \"{}\" is not a folder in the workspace {}.", name, root));
  case EISDIR:
    return fail(Kind::invalid, fmt::format("\"{}\" is a folder in the workspace {}, not a file.", name, root));
  case EEXIST:
    return fail(Kind::conflict, fmt::format("\"{}\" already exists in the workspace {}.", name, root));
  case ENAMETOOLONG:
    return fail(Kind::invalid, fmt::format("The path \"{}\" is too long.", name));
  case ENXIO:
    return fail(Kind::invalid, fmt::format("\"{}\" in the workspace {} is not a regular file.", name, root));
  case EACCES:
  case EPERM:
    return fail(Kind::denied,
                fmt::format("The permissions of \"{}\" in the workspace {} do not allow this.", name, root));
  case ENOSPC:
  case EDQUOT:
  case EMFILE:
  case ENFILE:
    return fail(Kind::transient, fmt::format("\"{}\" in the workspace {}: {}.", name, root, std::strerror(code)));
  default:
    return fail(Kind::invalid, fmt::format("\"{}\" in the workspace {}: {}.", name, root, std::strerror(code)));
  }
}

Result<std::string> location(int descriptor) {
  std::string target(PATH_MAX + 32, '\0');
  const auto link = fmt::format("/proc/self/fd/{}", descriptor);
  const auto length = ::readlink(link.c_str(), target.data(), target.size());
  if (length < 0 || static_cast<std::size_t>(length) >= target.size())
    return fail(Kind::transient, "The place of an open file cannot be read from /proc.");
  target.resize(static_cast<std::size_t>(length));
  return target;
}

// What `path` is beneath `root`; nothing when it is somewhere else.
std::optional<std::string> below(std::string_view path, std::string_view root) {
  if (root == "/") return std::string(path.substr(std::min<std::size_t>(1, path.size())));
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  if (path.empty()) return ".";
  if (path.front() != '/') return std::nullopt;
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path.empty() ? "." : std::string(path);
}

struct Split {
  std::string parent;
  std::string name;
};
Split split_last(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "." : path.substr(0, slash), path.substr(slash + 1)};
}

bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != "..";
}

Result<> make_folders(const std::string& path) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const auto prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), kFolderMode) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS &&
        errno != EACCES)
      return fail(Kind::invalid,
                  fmt::format("The workspace {} cannot be created: {}.", shown(path), std::strerror(errno)));
  }
  return {};
}

// The folder `path` beneath `root`, with the missing ones made; each step is opened beneath the root again.
int open_folder_making(int root, const std::string& path) {
  int found = open_beneath(root, path, O_PATH | O_DIRECTORY);
  if (found >= 0 || errno != ENOENT) return found;
  FileDescriptor at(open_beneath(root, ".", O_PATH | O_DIRECTORY));
  std::string walked;
  for (const auto part : split(path, '/')) {
    if (part.empty()) continue;
    const std::string name(part);
    walked += walked.empty() ? name : "/" + name;
    int next = open_beneath(root, walked, O_PATH | O_DIRECTORY);
    if (next < 0 && errno == ENOENT) {
      if (::mkdirat(at.get(), name.c_str(), kFolderMode) != 0 && errno != EEXIST) return -1;
      next = open_beneath(root, walked, O_PATH | O_DIRECTORY);
    }
    if (next < 0) return -1;
    at = FileDescriptor(next);
  }
  return at.release();
}

int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const auto count = ::write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

} // namespace

Result<Workspace> Workspace::open(const std::string& root) {
  if (root.empty() || root.front() != '/' || root.find('\0') != std::string::npos)
    return fail(Kind::invalid, fmt::format("The workspace \"{}\" is not an absolute path.", shown(root)),
                "Set agents.defaults.workspace to an absolute folder.");
  TRY_VOID(make_folders(root));
  FileDescriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder)
    return fail(Kind::invalid,
                fmt::format("The workspace {} cannot be opened: {}.", shown(root), std::strerror(errno)));
  TRY(auto resolved, location(folder.get()));
  std::string given = root;
  while (given.size() > 1 && given.back() == '/')
    given.pop_back();
  return Workspace(std::move(resolved), std::move(given), std::move(folder));
}

Result<std::string> Workspace::beneath(std::string_view path) const {
  if (path.empty()) return fail(Kind::invalid, "The path is empty.", "Name a file below the workspace.");
  if (path.find('\0') != std::string_view::npos)
    return fail(Kind::invalid, fmt::format("The path \"{}\" contains a zero byte.", shown(path)));
  if (path.size() >= PATH_MAX) return failure(ENAMETOOLONG, path, root_);
  if (path == "~") return std::string(".");
  if (path.starts_with("~/"))
    path.remove_prefix(2);
  else if (path.front() == '/') {
    auto relative_path = below(path, root_);
    if (!relative_path) relative_path = below(path, given_);
    if (!relative_path) return failure(EXDEV, path, root_);
    return *relative_path;
  }
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path.empty() ? std::string(".") : std::string(path);
}

Result<FileDescriptor> Workspace::open_file(std::string_view path, int flags, unsigned mode) const {
  TRY(const auto relative_path, beneath(path));
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  FileDescriptor file(open_beneath(descriptor_.get(), relative_path, flags | O_NONBLOCK, mode));
  if (!file) return failure(errno, path, root_);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return failure(errno, path, root_);
  if (S_ISDIR(about.st_mode)) return failure(EISDIR, path, root_);
  if (!S_ISREG(about.st_mode)) return failure(ENXIO, path, root_);
  if ((flags & (O_NONBLOCK | O_PATH)) == 0) ::fcntl(file.get(), F_SETFL, flags & O_APPEND);
  return file;
}

Result<std::string> Workspace::read_file(std::string_view path, std::size_t limit) const {
  TRY(const auto file, open_file(path, O_RDONLY));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return failure(errno, path, root_);
  auto too_large = [&](std::uint64_t size) {
    return fail(Kind::invalid, fmt::format("\"{}\" has {} bytes, more than the {} that can be read at once.",
                                           shown(path), size, limit));
  };
  if (static_cast<std::uint64_t>(about.st_size) > limit) return too_large(static_cast<std::uint64_t>(about.st_size));
  std::string content;
  std::size_t used = 0;
  // One byte more than is expected, to see the end; it may also have grown meanwhile.
  content.resize(std::min(limit, static_cast<std::size_t>(about.st_size)) + 1);
  while (true) {
    const auto count = ::read(file.get(), content.data() + used, content.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(errno, path, root_);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > limit) return too_large(used);
    if (used == content.size()) content.resize(std::min(content.size() * 2, limit + 1));
  }
  content.resize(used);
  return content;
}

Result<> Workspace::write_file(std::string_view path, std::string_view content) const {
  TRY(auto target, beneath(path));
  unsigned mode = kFileMode;
  if (const FileDescriptor present(open_beneath(descriptor_.get(), target, O_PATH)); present) {
    struct stat about{};
    if (::fstat(present.get(), &about) != 0) return failure(errno, path, root_);
    if (S_ISDIR(about.st_mode)) return failure(EISDIR, path, root_);
    if (!S_ISREG(about.st_mode)) return failure(ENXIO, path, root_);
    mode = about.st_mode & 0777;
    // Through a link, the file that it names is replaced and the link stays.
    TRY(const auto place, location(present.get()));
    TRY(const auto base, location(descriptor_.get()));
    if (auto real = below(place, base)) target = std::move(*real);
  } else if (errno != ENOENT) {
    return failure(errno, path, root_);
  }
  const auto [parent, name] = split_last(target);
  if (!is_name(name)) return failure(EISDIR, path, root_);
  const FileDescriptor folder(open_folder_making(descriptor_.get(), parent));
  if (!folder) return failure(errno, path, root_);

  SystemRandom random;
  const auto temporary = fmt::format(".openclaw-{}.tmp", random_hex(random, 8));
  const FileDescriptor file(
      ::openat(folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!file) return failure(errno, path, root_);
  int problem = write_all(file.get(), content);
  if (problem == 0 && mode != kFileMode && ::fchmod(file.get(), mode) != 0) problem = errno;
  if (problem == 0 && ::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0) problem = errno;
  if (problem == 0) return {};
  ::unlinkat(folder.get(), temporary.c_str(), 0);
  return failure(problem, path, root_);
}

Result<> Workspace::remove_file(std::string_view path) const {
  TRY(const auto target, relative(path));
  const auto place = split_last(target);
  const FileDescriptor folder(open_beneath(descriptor_.get(), place.parent, O_PATH | O_DIRECTORY));
  if (!folder) return failure(errno, path, root_);
  struct stat about{};
  if (::fstatat(folder.get(), place.name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) return failure(errno, path, root_);
  if (S_ISDIR(about.st_mode)) return failure(EISDIR, path, root_);
  if (!S_ISREG(about.st_mode)) return failure(ENXIO, path, root_);
  if (::unlinkat(folder.get(), place.name.c_str(), 0) != 0) return failure(errno, path, root_);
  return {};
}

bool Workspace::exists(std::string_view path) const {
  const auto relative_path = beneath(path);
  return relative_path && FileDescriptor(open_beneath(descriptor_.get(), *relative_path, O_PATH));
}

Result<std::vector<Workspace::Entry>> Workspace::list(std::string_view path, std::size_t limit) const {
  TRY(const auto relative_path, beneath(path));
  FileDescriptor folder(open_beneath(descriptor_.get(), relative_path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  if (!folder) return failure(errno, path, root_);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(folder.get()), ::closedir);
  if (!stream) return failure(errno, path, root_);
  const int descriptor = folder.release();
  std::vector<Entry> entries;
  while (entries.size() < limit) {
    const dirent* found = ::readdir(stream.get());
    if (!found) break;
    Entry entry{.name = found->d_name};
    if (!is_name(entry.name)) continue;
    struct stat about{};
    if (::fstatat(descriptor, found->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    entry.directory = S_ISDIR(about.st_mode);
    entry.size = entry.directory ? 0 : about.st_size;
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

Result<std::string> Workspace::relative(std::string_view path) const {
  TRY(auto rest, beneath(path));
  TRY(const auto base, location(descriptor_.get()));
  std::string missing;
  // The part that exists as the kernel sees it, and after it the names that are still to be made.
  while (true) {
    const FileDescriptor found(open_beneath(descriptor_.get(), rest, O_PATH));
    if (found) {
      TRY(const auto place, location(found.get()));
      auto inside = below(place, base);
      if (!inside) return failure(EXDEV, path, root_);
      if (missing.empty()) return *inside;
      return *inside == "." ? missing : *inside + "/" + missing;
    }
    if (errno != ENOENT || rest == ".") return failure(errno, path, root_);
    auto [parent, name] = split_last(rest);
    if (!is_name(name)) return failure(ENOENT, path, root_);
    missing = missing.empty() ? name : name + "/" + missing;
    rest = parent;
  }
}

} // namespace openclaw::sandbox
