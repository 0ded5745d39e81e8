#include "ports/tool.hpp"

namespace openclaw::ports {

ToolResult text_result(std::string text) {
  ToolResult result;
  result.content.emplace_back(TextBlock{std::move(text)});
  return result;
}

} // namespace openclaw::ports
