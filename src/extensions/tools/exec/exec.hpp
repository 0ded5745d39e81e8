// exec runs a command in the sandbox, process looks after what exec left running. Both share one table; nothing else
// sees it.
#pragma once
#include "extensions/tools/exec/running.hpp"
#include "ports/tool.hpp"
#include <memory>

namespace openclaw::tools {

std::unique_ptr<ports::Tool> make_exec_tool(std::shared_ptr<ProcessTable> table);
std::unique_ptr<ports::Tool> make_process_tool(std::shared_ptr<ProcessTable> table);

// What the model gets at most of one output.
inline constexpr std::size_t kTextLimit = 30'000;

} // namespace openclaw::tools
