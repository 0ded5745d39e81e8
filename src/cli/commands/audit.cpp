#include "base/clock.hpp"
#include "cli/setup.hpp"
#include "store/journal.hpp"
#include <charconv>
#include <chrono>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

std::unexpected<Error> unclear(const std::string& text) {
  return fail(Kind::invalid, fmt::format("--since \"{}\" is no time.", text),
              "Write 7d, 12h or a day such as 2026-01-31.");
}

Result<std::int64_t> since(const Invocation& invocation) {
  const auto text = invocation.value("since");
  if (!text) return 0;
  const char* end = text->data() + text->size();
  int number = 0;
  const auto first = std::from_chars(text->data(), end, number);
  if (first.ec == std::errc() && number >= 0 && first.ptr + 1 == end && (*first.ptr == 'd' || *first.ptr == 'h'))
    return SystemClock().now_ms() - number * kHourMs * (*first.ptr == 'd' ? 24 : 1);
  int parts[3] = {number, 0, 0};
  const char* at = first.ptr;
  for (int i = 1; i < 3; ++i) {
    if (first.ec != std::errc() || at == end || *at != '-') return unclear(*text);
    const auto next = std::from_chars(at + 1, end, parts[i]);
    if (next.ec != std::errc() || parts[i] < 0) return unclear(*text);
    at = next.ptr;
  }
  const std::chrono::year_month_day day{std::chrono::year(parts[0]),
                                        std::chrono::month(static_cast<unsigned>(parts[1])),
                                        std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (at != end || !day.ok()) return unclear(*text);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::sys_days(day).time_since_epoch()).count();
}

Result<std::unique_ptr<store::Connection>> open_state(const Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  const auto path = setup.folder.file("state.db");
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0)
    return fail(Kind::missing, fmt::format("There is no journal: {} does not exist.", path),
                "The first start of the gateway makes it: openclaw gateway");
  return store::Connection::open(path, true);
}

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  store::JournalQuery query;
  TRY(query.since_ms, since(invocation));
  TRY(query.limit, invocation.integer("limit", query.limit, 1, 1'000'000));
  query.agent_id = invocation.value("agent").value_or("");
  query.session_key = invocation.value("session").value_or("");
  TRY(const auto state, open_state(invocation));
  TRY(const auto entries, store::journal(*state, query));
  auto& output = invocation.output();
  json::array all;
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : entries) {
    if (output.json())
      all.push_back(json::object{{"sequence", entry.sequence},
                                 {"time", iso_time(entry.time_ms)},
                                 {"actor", entry.actor},
                                 {"behalf", entry.behalf},
                                 {"agent", entry.agent_id},
                                 {"session", entry.session_key},
                                 {"run", entry.run_id},
                                 {"action", entry.action},
                                 {"subject", entry.subject},
                                 {"outcome", entry.outcome},
                                 {"costMicroUsd", entry.cost_micro_usd},
                                 {"hash", entry.hash}});
    else
      rows.push_back({iso_time(entry.time_ms), entry.actor, entry.behalf, entry.action, entry.outcome, entry.subject});
  }
  if (output.json())
    output.value(json::object{{"entries", std::move(all)}});
  else if (rows.empty())
    output.line("The journal has nothing like that.");
  else
    output.table({{"Time"}, {"Actor"}, {"For"}, {"Action"}, {"Outcome"}, {"Subject"}}, rows);
  return 0;
}

Result<int> verify(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto state, open_state(invocation));
  TRY(const auto verdict, store::verify_journal(*state));
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{
        {"ok", verdict.problem.empty()}, {"rows", verdict.rows}, {"head", verdict.head}, {"problem", verdict.problem}});
  else if (verdict.problem.empty())
    output.line(fmt::format("The journal is whole: {} rows. Its last hash is {}.", verdict.rows, verdict.head));
  if (verdict.problem.empty()) return 0;
  if (!output.json())
    output.error({Kind::conflict, "The journal was tampered with or damaged. " + verdict.problem,
                  "Compare it with a backup of state.db.", ""});
  return 1;
}

} // namespace

void register_audit(CommandTable& table) {
  table.add({"audit list",
             "Show what was done, by whom and for whom.",
             "",
             {{"since", 0, "TIME", "Only what is newer: 7d, 12h, 2026-01-31."},
              {"agent", 0, "ID", "Only what this agent did."},
              {"session", 0, "KEY", "Only what belongs to this session."},
              {"limit", 0, "N", "At most so many rows, the newest (default 200)."}},
             reporting(list),
             true});
  table.add({"audit verify", "Check that no row was changed or taken away.", "", {}, reporting(verify)});
}

} // namespace openclaw::cli
