// In a messenger the intake answers it, for it is about the chat; anywhere else there is nothing to do.
#include "agent/chat_command.hpp"

namespace openclaw::agent {
namespace {

Task<std::string> elsewhere(ChatCommandCall) {
  co_return std::string("This is for groups of messengers: write it there.");
}

} // namespace

void register_activation(ChatCommandTable& table) {
  table.add({"activation",
             {},
             "/activation [always|mention]",
             "answer every message in this group, or mentions only",
             elsewhere});
}

} // namespace openclaw::agent
