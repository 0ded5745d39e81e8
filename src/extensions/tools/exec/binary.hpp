// Which file a command name means inside the sandbox, and what it contains: what a decision about the command is bound
// to.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>

namespace openclaw::tools {

// Looks `name` up as the sandbox would (its PATH, or beneath `directory` when it contains a slash) and resolves links.
// Only files that the sandbox shows are found: the system's folders and the workspace.
Result<std::string> resolve_binary(const std::string& name, std::string_view path, const std::string& directory,
                                   const std::string& workspace_root);
// SHA-256 of the file; remembered while its inode, size and times stay the same. Blocking.
Result<std::string> binary_hash(const std::string& path);

} // namespace openclaw::tools
