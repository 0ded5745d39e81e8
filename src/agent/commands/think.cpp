#include "agent/chat_command.hpp"
#include "agent/session_change.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> think(ChatCommandCall call) {
  if (call.argument.empty()) {
    CO_TRY(const auto session, store::find_session(call.runtime.services().database.reader(), call.session_key));
    const auto level = session ? session->thinking.value_or("default") : std::string("default");
    co_return fmt::format(
        "Thinking is set to **{}** in this session. Levels: off, minimal, low, medium, high, xhigh, default.", level);
  }
  SessionChange change;
  if (call.argument == "default") {
    change.thinking = std::optional<std::string>();
  } else {
    const auto level = ports::thinking_from(call.argument);
    if (!level)
      co_return fail(Kind::invalid, fmt::format("\"{}\" is not a thinking level.", printable(call.argument, 40)),
                     "Use off, minimal, low, medium, high, xhigh or default.");
    change.thinking = std::optional<std::string>(std::string(ports::thinking_name(*level)));
  }
  const auto chosen = *change.thinking;
  CO_TRY([[maybe_unused]] const auto row, co_await change_session(call.runtime, call.session_key, std::move(change)));
  co_return fmt::format("Thinking is now **{}** in this session.", chosen.value_or("default"));
}

} // namespace

void register_think(ChatCommandTable& table) {
  table.add(
      {"think", {"thinking", "t"}, "/think [LEVEL]", "show or set how much the model thinks in this session", think});
}

} // namespace openclaw::agent
