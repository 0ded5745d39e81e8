#include "agent/chat_command.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> help(ChatCommandCall) {
  std::string text = "These commands are answered at once, without a model:\n";
  for (const auto& command : chat_commands().all())
    text += fmt::format("\n- `{}`: {}", command.usage, command.help);
  text += "\n\nWriting just *stop* also stops a running answer.";
  co_return text;
}

} // namespace

void register_help(ChatCommandTable& table) {
  table.add({"help", {"commands"}, "/help", "show the commands", help});
}

} // namespace openclaw::agent
