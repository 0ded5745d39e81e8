// The tool apply_patch: one patch over several files of the workspace, all of it or nothing.
#pragma once
#include "ports/tool.hpp"
#include <memory>

namespace openclaw::tools {

std::unique_ptr<ports::Tool> make_apply_patch_tool();

} // namespace openclaw::tools
