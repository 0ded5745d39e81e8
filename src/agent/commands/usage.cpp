#include "agent/chat_command.hpp"
#include "agent/settings.hpp"
#include "store/ledger.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

std::string against_cap(std::int64_t spent, std::int64_t cap) {
  return cap < 0 ? format_usd(spent) : fmt::format("{} of {}", format_usd(spent), format_usd(cap));
}

Task<std::string> usage(ChatCommandCall call) {
  auto& services = call.runtime.services();
  auto& reader = services.database.reader();
  const auto& budget = call.runtime.settings().budget;
  const auto today = iso_date(services.time.now_ms());
  CO_TRY(const auto session, store::spend_of(reader, "session:" + call.session_key, ""));
  CO_TRY(const auto day, store::spend_of(reader, "all", today));
  CO_TRY(const auto days, store::spend_by_day(reader, "all", 7));
  std::int64_t week = 0;
  for (const auto& row : days)
    week += row.spend.spent;
  std::string text = "**Usage**\n";
  text += fmt::format("- This session: {}, {} model calls, {} tokens in, {} out\n",
                      against_cap(session.spent, budget.per_session_micro_usd), session.calls, session.input_tokens,
                      session.output_tokens);
  text += fmt::format("- Today, all sessions: {}, {} model calls\n", against_cap(day.spent, budget.per_day_micro_usd),
                      day.calls);
  text += fmt::format("- The last {} days with use: {}\n", days.size(), format_usd(week));
  if (!budget.any_cap()) text += "- No budget is set. Set one with `openclaw config set budget.perDayUsd 2`.";
  co_return text;
}

} // namespace

void register_usage(ChatCommandTable& table) {
  table.add({"usage", {"cost"}, "/usage", "show tokens and money of this session and of today", usage});
}

} // namespace openclaw::agent
