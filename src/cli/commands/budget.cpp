// Money limits: what they are, what is left of them, and changing them.
#include "agent/settings.hpp"
#include "base/ids.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

using agent::format_usd;

Result<int> show(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "budget.status", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  if (const auto* limits = find(answer, "limits"); limits && limits->is_array())
    for (const auto& limit : limits->get_array()) {
      const auto cap = integer_or(limit, "capMicroUsd", -1);
      rows.push_back({terminal_safe(string_or(limit, "what")),
                      cap < 0 ? "none" : format_usd(cap) + (bool_or(limit, "default", false) ? " (default)" : ""),
                      (integer_or(limit, "estimatedMicroUsd", 0) > 0 ? "about " : "") +
                          format_usd(integer_or(limit, "spentMicroUsd", 0)),
                      format_usd(integer_or(limit, "reservedMicroUsd", 0)), terminal_safe(string_or(limit, "set"))});
    }
  output.table({{"Limit"}, {"Amount", true}, {"Spent", true}, {"Reserved", true}, {"To change it"}}, rows);
  output.line(fmt::format("Where no price is known, {} for a million tokens in and {} out are counted, as an estimate.",
                          format_usd(integer_or(answer, "assumedInputMicroUsd", 0)),
                          format_usd(integer_or(answer, "assumedOutputMicroUsd", 0))));
  return 0;
}

// Which key of the configuration the options mean.
Result<config::Path> limit_path(const Invocation& invocation) {
  const int kinds = static_cast<int>(invocation.has("daily")) + static_cast<int>(invocation.has("monthly")) +
                    static_cast<int>(invocation.has("session")) + static_cast<int>(invocation.has("run"));
  if (kinds > 1)
    return fail(Kind::invalid, "A limit is for a day, a month, a session or a run, and not for several of them.",
                "Use one of --daily, --monthly, --session, --run.");
  const auto agent = invocation.value("agent");
  if (agent && (invocation.has("session") || invocation.has("run")))
    return fail(Kind::invalid, "A limit of an agent is for a day or a month.",
                "Use --daily or --monthly with --agent.");
  config::Path path{"budget"};
  if (agent) {
    TRY_VOID(check_id(*agent, "agent id"));
    path.insert(path.end(), {"agents", *agent});
  }
  path.emplace_back(invocation.has("monthly")   ? "perMonthUsd"
                    : invocation.has("session") ? "perSessionUsd"
                    : invocation.has("run")     ? "perRunUsd"
                                                : "perDayUsd");
  return path;
}

int finish(Invocation& invocation, const config::Path& path, const std::string& file, const std::string& sentence) {
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{{"ok", true}, {"path", config::path_text(path)}, {"file", file}});
  else
    output.line(sentence);
  return 0;
}

Result<int> set(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto path, limit_path(invocation));
  auto amount = invocation.argument(0);
  if (const auto slash = amount.find('/'); slash != std::string::npos) { // "2usd/day"
    const auto period = amount.substr(slash + 1);
    if (period != (invocation.has("monthly") ? "month" : "day") || invocation.has("session") || invocation.has("run"))
      return fail(Kind::invalid, fmt::format("\"{}\" does not fit the options.", invocation.argument(0)),
                  "Write 2usd/day, or 50usd/month with --monthly.");
    amount.resize(slash);
  }
  TRY(const auto micro_usd, agent::parse_micro_usd(json::value(json::string(amount)), "The amount"));
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(setup.folder.prepare());
  json::value value = "off";
  if (micro_usd >= 0) {
    auto text = fmt::format("{}.{:06}", micro_usd / 1'000'000, micro_usd % 1'000'000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    value = json::value(json::string(text));
  }
  TRY(const auto after, setup.config.set(path, value, {}));
  return finish(invocation, path, after.path,
                micro_usd < 0 ? fmt::format("{} is off: nothing limits it now.", config::path_text(path))
                              : fmt::format("{} is {} now.", config::path_text(path), format_usd(micro_usd)));
}

Result<int> clear(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto path, limit_path(invocation));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto before, setup.config.load());
  const bool daily = path.size() == 2 && path.back() == "perDayUsd";
  const auto sentence =
      daily ? fmt::format("{} is {} again, as in a new installation. To have none: openclaw budget set off",
                          config::path_text(path), format_usd(agent::BudgetSettings::kDefaultPerDay))
            : fmt::format("{} is not limited now.", config::path_text(path));
  if (!config::value_at(before.value, path)) return finish(invocation, path, before.path, sentence);
  TRY(const auto after, setup.config.unset(path, {.base_hash = before.hash}));
  return finish(invocation, path, after.path, sentence);
}

std::vector<Option> limit_options() {
  return {{"daily", 0, "", "The limit of a day, from midnight UTC (this is meant without an option)."},
          {"monthly", 0, "", "The limit of a calendar month."},
          {"session", 0, "", "The limit of each session."},
          {"run", 0, "", "The limit of each answer."},
          {"agent", 0, "ID", "Of this agent alone; with --daily or --monthly."}};
}

} // namespace

void register_budget(CommandTable& table) {
  table.add({"budget show", "Show the money limits and what is left of them.", "", gateway_call_options(),
             reporting(show), true});
  table.add({"budget set", "Set a money limit.", "AMOUNT|off", limit_options(), reporting(set)});
  table.add({"budget clear", "Take a money limit away.", "", limit_options(), reporting(clear)});
}

} // namespace openclaw::cli
