#include "agent/chat_command.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> stop(ChatCommandCall call) {
  const auto stopped = call.runtime.abort(call.session_key, "", "stop");
  if (stopped.empty()) co_return std::string("Nothing is running in this session.");
  co_return stopped.size() == 1 ? std::string("Stopped.") : fmt::format("{} runs were stopped.", stopped.size());
}

} // namespace

void register_stop(ChatCommandTable& table) {
  table.add({"stop", {"abort"}, "/stop", "stop what is running in this session", stop});
}

} // namespace openclaw::agent
