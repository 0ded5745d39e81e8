#include "base/file_descriptor.hpp"
#include "base/text.hpp"
#include "sandbox/lockdown.hpp"
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

namespace openclaw::sandbox {
namespace {

constexpr const char* kSystemFolders[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr const char* kSettingFolders[] = {"etc/alternatives", "etc/ssl/certs", "etc/ca-certificates",
                                           "etc/pki/ca-trust", "etc/fonts"};
constexpr const char* kSettingFiles[] = {"etc/ld.so.cache", "etc/ld.so.conf", "etc/localtime",
                                         "etc/timezone",    "etc/os-release", "etc/mime.types",
                                         "etc/services",    "etc/protocols",  "etc/ssl/openssl.cnf"};
constexpr const char* kNetworkFiles[] = {"etc/resolv.conf", "etc/hosts", "etc/host.conf", "etc/gai.conf"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t kWritable = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::size_t kCopied = 512 * 1024;

int open_safely(int folder, const std::string& path, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = resolve;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

// A detached copy of a part of the old root, with at least the given restrictions on it and on every mount below it.
int clone_tree(int at, const std::string& path, std::uint64_t attributes) {
  const unsigned empty = path.empty() ? AT_EMPTY_PATH : 0;
  FileDescriptor tree(static_cast<int>(
      ::syscall(SYS_open_tree, at, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | empty)));
  if (!tree) return -1;
  mount_attr wanted{};
  wanted.attr_set = attributes;
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) != 0)
    return -1;
  return tree.release();
}

struct Attachment {
  FileDescriptor tree;
  std::string target; // relative to the new root
  bool folder = true;
};

class Root {
public:
  Root(const Instructions& instructions, unsigned uid, unsigned gid)
      : instructions_(instructions), uid_(uid), gid_(gid) {}

  Problem build(bool& has_proc) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return problem_from_errno("making the mounts private");
    // All sources are taken before the new root covers anything.
    if (auto problem = collect()) return problem;
    if (auto problem = open_root()) return problem;
    if (auto problem = attach_all(system_)) return problem;
    if (auto problem = make_settings()) return problem;
    if (auto problem = make_scratch()) return problem;
    if (auto problem = make_devices()) return problem;
    if (auto problem = mount_proc(has_proc)) return problem;
    if (auto problem = attach_all(wanted_)) return problem;
    return enter();
  }

private:
  Problem collect() {
    if (instructions_.system) {
      for (const auto* name : kSystemFolders)
        if (auto problem = collect_system(name)) return problem;
      for (const auto* name : kSettingFolders)
        if (::access(("/" + std::string(name)).c_str(), R_OK | X_OK) == 0)
          if (auto problem = collect_system(name)) return problem;
    }
    for (const auto* name : kDevices) {
      // A device works only on a mount that allows devices: these single files are the exception.
      FileDescriptor tree(clone_tree(AT_FDCWD, "/dev/" + std::string(name), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
      if (tree) devices_.push_back({std::move(tree), "dev/" + std::string(name), false});
    }
    for (const auto& mount : instructions_.mounts)
      if (auto problem = collect_wanted(mount)) return problem;
    return {};
  }

  Problem collect_system(const std::string& name) {
    struct stat about{};
    const auto path = "/" + name;
    if (::lstat(path.c_str(), &about) != 0) return {};
    if (S_ISLNK(about.st_mode)) {
      std::string target(PATH_MAX, '\0');
      const auto length = ::readlink(path.c_str(), target.data(), target.size());
      if (length > 0) links_.emplace_back(name, target.substr(0, static_cast<std::size_t>(length)));
      return {};
    }
    FileDescriptor tree(clone_tree(AT_FDCWD, path, kReadOnly));
    if (!tree) return problem_from_errno(fmt::format("taking {} into the sandbox", path));
    system_.push_back({std::move(tree), name, true});
    return {};
  }

  Problem collect_wanted(const MountInstruction& mount) {
    const FileDescriptor source(
        open_safely(AT_FDCWD, mount.source, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
    if (!source) return problem_from_errno(fmt::format("opening {} for the sandbox", mount.source));
    struct stat about{};
    if (::fstat(source.get(), &about) != 0) return problem_from_errno(fmt::format("examining {}", mount.source));
    if (about.st_dev != mount.device || about.st_ino != mount.inode || S_ISDIR(about.st_mode) != mount.folder)
      return fmt::format("{} was exchanged while the sandbox was being made", mount.source);
    FileDescriptor tree(clone_tree(source.get(), "", mount.writable ? kWritable : kReadOnly));
    if (!tree) return problem_from_errno(fmt::format("taking {} into the sandbox", mount.source));
    wanted_.push_back({std::move(tree), mount.target.substr(1), mount.folder});
    return {};
  }

  Problem open_root() {
    for (const char* place : {"/tmp", "/mnt", "/var/tmp", "/usr"}) {
      if (::mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=8m,nr_inodes=4096") != 0) continue;
      root_ = FileDescriptor(::open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (root_ && ::fchdir(root_.get()) == 0) return {};
    }
    return problem_from_errno("mounting the sandbox's root");
  }

  // The folder at `path` in the new root; missing ones are made. Links are never followed: a mounted folder may hold
  // hostile ones.
  Problem make_folder(const std::string& path, FileDescriptor& found) {
    found = FileDescriptor(open_safely(root_.get(), ".", O_PATH | O_DIRECTORY, RESOLVE_BENEATH));
    for (const auto part : split(path, '/')) {
      if (part.empty()) continue;
      const std::string name(part);
      const auto resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
      int next = open_safely(found.get(), name, O_PATH | O_DIRECTORY, resolve);
      if (next < 0 && errno == ENOENT && ::mkdirat(found.get(), name.c_str(), 0755) == 0)
        next = open_safely(found.get(), name, O_PATH | O_DIRECTORY, resolve);
      if (next < 0) return problem_from_errno(fmt::format("making the folder /{} in the sandbox", path));
      found = FileDescriptor(next);
    }
    return {};
  }

  Problem make_place(const std::string& path, bool folder, FileDescriptor& place) {
    if (folder) return make_folder(path, place);
    const auto slash = path.rfind('/');
    FileDescriptor parent;
    if (auto problem = make_folder(slash == std::string::npos ? "" : path.substr(0, slash), parent)) return problem;
    const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
    const FileDescriptor made(
        ::openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!made && errno != EEXIST) return problem_from_errno(fmt::format("making /{} in the sandbox", path));
    place = FileDescriptor(open_safely(parent.get(), name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!place) return problem_from_errno(fmt::format("opening /{} in the sandbox", path));
    return {};
  }

  Problem attach(const Attachment& attachment) {
    FileDescriptor place;
    if (auto problem = make_place(attachment.target, attachment.folder, place)) return problem;
    if (::syscall(SYS_move_mount, attachment.tree.get(), "", place.get(), "",
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
      return problem_from_errno(fmt::format("mounting /{} in the sandbox", attachment.target));
    return {};
  }

  Problem attach_all(const std::vector<Attachment>& all) {
    for (const auto& attachment : all)
      if (auto problem = attach(attachment)) return problem;
    return {};
  }

  Problem write_text(const std::string& path, std::string_view text) {
    FileDescriptor parent;
    const auto slash = path.rfind('/');
    if (auto problem = make_folder(path.substr(0, slash), parent)) return problem;
    const FileDescriptor file(::openat(parent.get(), path.substr(slash + 1).c_str(),
                                       O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return problem_from_errno(fmt::format("writing /{} in the sandbox", path));
    return {};
  }

  // Small files are copied: cheaper than one mount each, and nothing of the machine's /etc stays reachable.
  Problem copy_setting(const std::string& path) {
    const FileDescriptor from(::open(("/" + path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about{};
    if (!from || ::fstat(from.get(), &about) != 0 || !S_ISREG(about.st_mode) ||
        static_cast<std::size_t>(about.st_size) > kCopied)
      return {};
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    const auto count = ::read(from.get(), text.data(), text.size());
    if (count < 0) return {};
    return write_text(path, std::string_view(text).substr(0, static_cast<std::size_t>(count)));
  }

  Problem make_settings() {
    for (const auto& [name, target] : links_)
      if (::symlinkat(target.c_str(), root_.get(), name.c_str()) != 0)
        return problem_from_errno(fmt::format("linking /{} in the sandbox", name));
    if (!instructions_.system) return {};
    if (auto problem = write_text(
            "etc/passwd",
            fmt::format("agent:x:{}:{}:agent:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", uid_, gid_)))
      return problem;
    if (auto problem = write_text("etc/group", fmt::format("agent:x:{}:\nnogroup:x:65534:\n", gid_))) return problem;
    if (auto problem = write_text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"))
      return problem;
    if (auto problem = write_text("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 sandbox\n"))
      return problem;
    for (const auto* name : kSettingFiles)
      if (auto problem = copy_setting(name)) return problem;
    if (!instructions_.network) return {};
    for (const auto* name : kNetworkFiles)
      if (auto problem = copy_setting(name)) return problem;
    return {};
  }

  Problem make_scratch() {
    FileDescriptor place;
    if (auto problem = make_folder("tmp", place)) return problem;
    const auto options = fmt::format("mode=1777,size={},nr_inodes=65536",
                                     std::max<std::int64_t>(instructions_.limits.temporary_bytes, 65536));
    if (::mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
      return problem_from_errno("mounting the sandbox's /tmp");
    // The same place again and no link: a workspace may lie below /var/tmp, and mounting follows no links.
    FileDescriptor again(clone_tree(root_.get(), "tmp", kWritable));
    if (!again) return problem_from_errno("mounting the sandbox's /var/tmp");
    if (auto problem = attach({std::move(again), "var/tmp", true})) return problem;
    return {};
  }

  Problem make_devices() {
    FileDescriptor place;
    if (auto problem = make_folder("dev", place)) return problem;
    if (auto problem = attach_all(devices_)) return problem;
    constexpr std::pair<const char*, const char*> kLinks[] = {{"/proc/self/fd", "fd"},
                                                              {"/proc/self/fd/0", "stdin"},
                                                              {"/proc/self/fd/1", "stdout"},
                                                              {"/proc/self/fd/2", "stderr"},
                                                              {"/tmp", "shm"}};
    for (const auto& [target, name] : kLinks)
      ::symlinkat(target, place.get(), name);
    return {};
  }

  Problem mount_proc(bool& has_proc) {
    FileDescriptor place;
    if (auto problem = make_folder("proc", place)) return problem;
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    has_proc = ::mount("proc", "proc", "proc", kFlags, nullptr) == 0 ||
               ::mount("proc", "proc", "proc", kFlags, "subset=pid") == 0;
    // Inside many containers the kernel refuses a new /proc. The old one would show foreign processes: none is better.
    if (!has_proc) return {};
    limit_process_numbers();
    // As the machine's root the files below /proc/sys belong to us, whatever the namespace: nothing in /proc may be
    // written.
    mount_attr wanted{};
    wanted.attr_set = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, root_.get(), "proc", 0U, &wanted, sizeof wanted) != 0)
      return problem_from_errno("making /proc read-only");
    return {};
  }

  // RLIMIT_NPROC does not bind the machine's root. Since Linux 6.14 a pid namespace has its own highest number; before,
  // the file would change the whole machine.
  void limit_process_numbers() const {
    constexpr int kReserved = 300;
    utsname name{};
    int major = 0;
    int minor = 0;
    if (::uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return;
    if (major < 6 || (major == 6 && minor < 14)) return;
    const FileDescriptor file(::open("proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC));
    if (!file) return;
    const auto text = std::to_string(kReserved + 2 + std::max(1, instructions_.limits.processes));
    (void)!::write(file.get(), text.data(), text.size());
  }

  Problem enter() {
    if (::fchdir(root_.get()) != 0) return problem_from_errno("entering the sandbox's root");
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return problem_from_errno("changing the root");
    if (::umount2(".", MNT_DETACH) != 0) return problem_from_errno("letting go of the old root");
    if (::chdir("/") != 0) return problem_from_errno("entering the new root");
    mount_attr wanted{};
    wanted.attr_set = kReadOnly;
    if (::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0U, &wanted, sizeof wanted) != 0)
      return problem_from_errno("making the root read-only");
    return {};
  }

  const Instructions& instructions_;
  unsigned uid_;
  unsigned gid_;
  FileDescriptor root_;
  std::vector<Attachment> system_;
  std::vector<Attachment> devices_;
  std::vector<Attachment> wanted_;
  std::vector<std::pair<std::string, std::string>> links_;
};

} // namespace

Problem problem_from_errno(std::string what) {
  const int code = errno;
  return fmt::format("{} failed: {}", what, std::strerror(code));
}

Problem build_root(const Instructions& instructions, unsigned uid, unsigned gid, bool& has_proc) {
  return Root(instructions, uid, gid).build(has_proc);
}

} // namespace openclaw::sandbox
