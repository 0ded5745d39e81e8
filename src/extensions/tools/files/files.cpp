#include "extensions/tools/files/files.hpp"

#include "base/text.hpp"
#include "ports/registry.hpp"
#include <fmt/core.h>

namespace openclaw::tools {

ports::ToolResult error_result(const Error& error) {
  auto result = ports::text_result(error.text());
  result.is_error = true;
  return result;
}

Result<policy::Effect> file_effect(policy::Risk risk, std::string tool, std::string_view path,
                                   const sandbox::Workspace& workspace) {
  TRY(auto relative, workspace.relative(path));
  policy::Effect effect;
  effect.risk = risk;
  effect.summary = fmt::format("{} {}", tool, printable(relative, 300));
  effect.tool = std::move(tool);
  effect.paths.push_back(std::move(relative));
  return effect;
}

std::string permitted_path(const policy::Permit& permit) {
  return permit.effect().paths.empty() ? std::string() : "./" + permit.effect().paths.front();
}

} // namespace openclaw::tools

namespace openclaw::ports {

void register_tools_files(Registry& registry);
void register_tools_files(Registry& registry) {
  registry.add_tool(tools::make_read_tool());
  registry.add_tool(tools::make_write_tool());
  registry.add_tool(tools::make_edit_tool());
}

} // namespace openclaw::ports
