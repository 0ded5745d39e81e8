// What may be shown to a confined process at all. The list is code: no configuration widens it.
#pragma once
#include "base/result.hpp"
#include "sandbox/confine.hpp"
#include "sandbox/instructions.hpp"

namespace openclaw::sandbox {

// Resolves links, refuses what must never be mounted (Kind::denied) or is not there, and notes what exactly was judged.
Result<MountInstruction> judge_mount(const Mount& mount);

} // namespace openclaw::sandbox
