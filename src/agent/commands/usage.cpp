#include "agent/budget.hpp"
#include "agent/chat_command.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kDays = 7;
constexpr std::int64_t kModels = 8;
constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;

std::string against_cap(const store::Spend& spend, std::int64_t cap) {
  return cap < 0 ? spend_text(spend) : fmt::format("{} of {}", spend_text(spend), format_usd(cap));
}

Task<std::string> usage(ChatCommandCall call) {
  auto& services = call.runtime.services();
  auto& reader = services.database.reader();
  const auto& budget = call.runtime.settings().budget;
  const auto now = services.time.now_ms();
  const auto first_day = iso_date(now - (kDays - 1) * kDayMs);
  CO_TRY(const auto session, store::spend_of(reader, "session:" + call.session_key, ""));
  CO_TRY(const auto day, store::spend_of(reader, "all", iso_date(now)));
  CO_TRY(const auto week, store::spend_by_scope(reader, "all", first_day, 1));
  CO_TRY(const auto models, store::spend_by_scope(reader, "model:", first_day, kModels));
  std::string text = "**Usage**\n";
  text += fmt::format("- This session: {}, {} model calls, {} tokens in ({} from cache), {} out\n",
                      against_cap(session, budget.per_session_micro_usd), session.calls, session.input_tokens,
                      session.cache_read, session.output_tokens);
  text +=
      fmt::format("- Today, all sessions: {}, {} model calls\n", against_cap(day, budget.per_day_micro_usd), day.calls);
  text += fmt::format("- The last {} days: {}\n", kDays, week.empty() ? "$0" : spend_text(week.front().spend));
  for (const auto& model : models)
    text += fmt::format("  - {}: {}, {} calls\n", model.scope, spend_text(model.spend), model.spend.calls);
  text += "\n\"About\" says that a price was not known and a usual one was counted. Limits: `/budget`. More: `openclaw "
          "usage`.";
  co_return text;
}

} // namespace

void register_usage(ChatCommandTable& table) {
  table.add({"usage", {"cost"}, "/usage", "show tokens and money of this session and of today", usage});
}

} // namespace openclaw::agent
