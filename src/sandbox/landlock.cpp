#include "base/file_descriptor.hpp"
#include "sandbox/lockdown.hpp"
#include <cerrno>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace openclaw::sandbox {
namespace {

// Defined by hand: Debian 12's headers end at ABI 2.
constexpr std::uint64_t kExecute = 1ULL << 0;
constexpr std::uint64_t kWriteFile = 1ULL << 1;
constexpr std::uint64_t kReadFile = 1ULL << 2;
constexpr std::uint64_t kReadFolder = 1ULL << 3;
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;
constexpr std::uint64_t kNetBind = 1ULL << 0;
constexpr std::uint64_t kNetConnect = 1ULL << 1;
constexpr std::uint64_t kScopeAbstractSocket = 1ULL << 0;
constexpr std::uint64_t kScopeSignal = 1ULL << 1;
constexpr unsigned kVersionFlag = 1;
constexpr int kRulePathBeneath = 1;

struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed;
  std::int32_t parent;
};

std::uint64_t file_rights(int abi) {
  if (abi >= 5) return (1ULL << 16) - 1;
  if (abi >= 3) return (1ULL << 15) - 1;
  if (abi >= 2) return (1ULL << 14) - 1;
  return (1ULL << 13) - 1;
}

Problem allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const FileDescriptor at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!at) return problem_from_errno("opening " + path + " for Landlock");
  struct stat about{};
  if (::fstat(at.get(), &about) != 0) return problem_from_errno("examining " + path + " for Landlock");
  if (!S_ISDIR(about.st_mode)) rights &= kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
  const PathBeneath rule{rights, at.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0)
    return problem_from_errno("adding a Landlock rule for " + path);
  return {};
}

} // namespace

int landlock_abi() {
  const auto abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Problem apply_landlock(const Instructions& instructions) {
  const int abi = landlock_abi();
  if (abi == 0) return {};
  const auto handled = file_rights(abi);
  Ruleset attributes{.files = handled, .network = 0, .scoped = 0};
  if (abi >= 4 && !instructions.network) attributes.network = kNetBind | kNetConnect;
  if (abi >= 6) attributes.scoped = kScopeAbstractSocket | kScopeSignal;
  // Older kernels refuse a longer struct unless the rest is zero, which it is for them.
  const FileDescriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return problem_from_errno("creating a Landlock ruleset");
  if (auto problem = allow(ruleset.get(), "/", handled & (kExecute | kReadFile | kReadFolder))) return problem;
  if (auto problem =
          allow(ruleset.get(), "/dev", handled & (kReadFile | kReadFolder | kWriteFile | kTruncate | kIoctlDevice)))
    return problem;
  if (auto problem = allow(ruleset.get(), "/tmp", handled)) return problem;
  for (const auto& mount : instructions.mounts)
    if (mount.writable)
      if (auto problem = allow(ruleset.get(), mount.target, handled)) return problem;
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return problem_from_errno("entering Landlock");
  return {};
}

} // namespace openclaw::sandbox
