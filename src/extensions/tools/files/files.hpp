// The three tools that look at and change the workspace's files. Each acts on the path that its permit names, resolved
// beneath the workspace, and on nothing else.
#pragma once
#include "ports/tool.hpp"
#include <memory>

namespace openclaw::tools {

std::unique_ptr<ports::Tool> make_read_tool();
std::unique_ptr<ports::Tool> make_write_tool();
std::unique_ptr<ports::Tool> make_edit_tool();

// An error as the model reads it.
ports::ToolResult error_result(const Error& error);
// The effect of a tool on one file.
Result<policy::Effect> file_effect(policy::Risk risk, std::string tool, std::string_view path,
                                   const sandbox::Workspace& workspace);
// The path that a permit names, in the form that cannot be read as "~/".
std::string permitted_path(const policy::Permit& permit);

// Pure parts, for their tests.
struct Replacement {
  std::string content;
  std::string diff; // unified, without file names
  std::size_t line = 0;
};
Result<Replacement> replace_once(std::string_view content, std::string_view old_text, std::string_view new_text,
                                 std::string_view path);

} // namespace openclaw::tools
