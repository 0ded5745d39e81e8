// The parts of sandbox-init that take rights away, and the place where it builds its root. Each returns what went wrong
// as a sentence, or nothing. They run in the small re-executed process, never in the gateway (except seccomp_program).
#pragma once
#include "sandbox/instructions.hpp"
#include <optional>
#include <string>

namespace openclaw::sandbox {

// What failed and why; empty when nothing did.
using Problem = std::optional<std::string>;
Problem problem_from_errno(std::string what);

// mounts.cpp: makes the new root and enters it. `has_proc` says whether a /proc could be mounted.
Problem build_root(const Instructions& instructions, unsigned uid, unsigned gid, bool& has_proc);

// landlock.cpp: 0 when the kernel has none.
int landlock_abi();
Problem apply_landlock(const Instructions& instructions);

// seccomp.cpp: built once per process by libseccomp, then only copied.
Result<std::string> seccomp_program();
Problem apply_seccomp(const std::string& program);

} // namespace openclaw::sandbox
