#include "agent/chat_command.hpp"

namespace openclaw::agent {
namespace {

Task<std::string> start_anew(ChatCommandCall call) {
  const auto stopped = call.runtime.abort(call.session_key, "", "reset");
  CO_TRY([[maybe_unused]] const auto row, co_await call.runtime.reset_session(call.session_key));
  co_return stopped.empty() ? std::string("A new conversation begins. The old one is kept in the session's files.")
                            : std::string("The running answer was stopped and a new conversation begins. The old one "
                                          "is kept in the session's files.");
}

} // namespace

void register_new(ChatCommandTable& table) {
  table.add({"new", {"reset"}, "/new", "begin a new conversation in this session", start_anew});
}

} // namespace openclaw::agent
