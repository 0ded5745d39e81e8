// In a messenger the intake answers it, for it is about the chat; anywhere else there is nothing to do.
#include "agent/chat_command.hpp"

namespace openclaw::agent {
namespace {

Task<std::string> elsewhere(ChatCommandCall) {
  co_return std::string("Everything is shown here as it is said; this is for messengers.");
}

} // namespace

void register_resend(ChatCommandTable& table) {
  table.add(
      {"resend", {}, "/resend", "send the last message of this chat again that could not be delivered", elsewhere});
}

} // namespace openclaw::agent
