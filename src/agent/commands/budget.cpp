#include "agent/budget.hpp"
#include "agent/chat_command.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> budget(ChatCommandCall call) {
  auto& services = call.runtime.services();
  CO_TRY(const auto lines, budget_lines(services.database.reader(), call.runtime.settings().budget, call.session_key,
                                        services.time.now_ms()));
  std::string text = "**Budget**\n";
  for (const auto& line : lines) {
    text += fmt::format("- {}: {}", line.what, spend_text(line.spend));
    if (line.cap >= 0) {
      text +=
          fmt::format(" of {}{}", format_usd(line.cap), line.by_default ? " (the limit of a new installation)" : "");
      if (line.spend.reserved > 0) text += fmt::format(", {} reserved", format_usd(line.spend.reserved));
      text += fmt::format(". Change it with `{}`", line.set);
    } else {
      text += fmt::format(", no limit. Set one with `{}`", line.set);
    }
    text += "\n";
  }
  text += "\nModels on this machine cost nothing. A price that is not known is counted as an estimate.";
  co_return text;
}

} // namespace

void register_budget(ChatCommandTable& table) {
  table.add({"budget", {}, "/budget", "show the money limits and what is left", budget});
}

} // namespace openclaw::agent
