#include "base/file_descriptor.hpp"
#include "sandbox/lockdown.hpp"
#include <cerrno>
#include <fmt/core.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace openclaw::sandbox {
namespace {

// By name, so that a number that this libseccomp does not know yet is simply absent on its architecture.
constexpr const char* kRefused[] = {
    // the root and its mounts
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "open_tree_attr", "open_by_handle_at", "name_to_handle_at",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    // new namespaces
    "unshare", "setns",
    // the kernel's own programs and doors with a long history
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "fanotify_init",
    "lookup_dcookie", "modify_ldt", "vm86", "vm86old", "add_key", "request_key", "keyctl", "uselib", "ustat", "sysfs",
    "_sysctl", "nfsservctl", "remap_file_pages", "set_mempolicy_home_node", "move_pages", "migrate_pages", "mbind",
    "vmsplice", "memfd_secret",
    // the machine
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module", "query_module",
    "get_kernel_syms", "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog", "settimeofday",
    "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "adjtimex", "stime", "iopl", "ioperm",
    "vhangup", "sethostname", "setdomainname"};

constexpr unsigned kNamespaceFlags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                        CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

class Builder {
public:
  Builder() : context_(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release) {}
  bool ready() const { return context_ != nullptr; }
  int code() const { return code_; }

  void refuse(const char* name, int error = EPERM) { add(name, error, {}); }
  void refuse_when(const char* name, std::initializer_list<scmp_arg_cmp> when) { add(name, EPERM, when); }

  Result<std::string> program() const {
    if (code_ != 0)
      return fail(Kind::bug, fmt::format("The seccomp filter cannot be built: {}.", std::strerror(-code_)));
    const FileDescriptor file(::memfd_create("openclaw-seccomp", MFD_CLOEXEC));
    if (!file || ::seccomp_export_bpf(context_.get(), file.get()) != 0)
      return fail(Kind::transient, "The seccomp filter cannot be exported.");
    std::string bytes(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
    if (::pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      return fail(Kind::transient, "The seccomp filter cannot be read back.");
    return bytes;
  }

private:
  void add(const char* name, int error, std::initializer_list<scmp_arg_cmp> when) {
    const int number = ::seccomp_syscall_resolve_name(name);
    // Negative: not on this architecture.
    if (number < 0 || code_ != 0) return;
    code_ = ::seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number,
                                     static_cast<unsigned>(when.size()), when.size() == 0 ? nullptr : std::data(when));
  }
  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
  int code_ = 0;
};

Result<std::string> build() {
  Builder filter;
  if (!filter.ready()) return fail(Kind::transient, "libseccomp does not start.");
  for (const auto* name : kRefused)
    filter.refuse(name);
  // Its flags lie in memory where no filter sees them; with ENOSYS the C library falls back to clone.
  filter.refuse("clone3", ENOSYS);
  for (const scmp_datum_t flag : kNamespaceFlags)
    filter.refuse_when("clone", {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
  filter.refuse_when("personality", {SCMP_A0(SCMP_CMP_NE, 0)});
  // The kernel looks at 32 bits of the request: a filter that compared 64 could be passed with a higher bit
  // (CVE-2019-10063).
  for (const scmp_datum_t request : {TIOCSTI, TIOCLINUX})
    filter.refuse_when("ioctl", {SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, request)});
  for (const char* name : {"socket", "socketpair"}) {
    for (scmp_datum_t family = 0; family < AF_INET6; ++family)
      if (family != AF_UNIX && family != AF_INET) filter.refuse_when(name, {SCMP_A0(SCMP_CMP_EQ, family)});
    filter.refuse_when(name, {SCMP_A0(SCMP_CMP_GT, AF_INET6)});
  }
  return filter.program();
}

} // namespace

Result<std::string> seccomp_program() {
  static const Result<std::string> built = build();
  return built;
}

Problem apply_seccomp(const std::string& program) {
  const auto size = program.size() / sizeof(sock_filter);
  if (size == 0 || size > BPF_MAXINSNS || program.size() % sizeof(sock_filter) != 0)
    return "the seccomp filter is damaged";
  std::vector<sock_filter> filter(size);
  std::memcpy(filter.data(), program.data(), program.size());
  const sock_fprog described{static_cast<unsigned short>(size), filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &described) != 0)
    return problem_from_errno("loading the seccomp filter");
  return {};
}

} // namespace openclaw::sandbox
