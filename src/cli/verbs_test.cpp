#include "cli/verbs.hpp"

#include <gtest/gtest.h>

namespace openclaw::cli {
namespace {

Command command(std::string name, std::string summary, std::string usage = "") {
  return {std::move(name), std::move(summary), std::move(usage), {}, [](Invocation&) { return 0; }};
}

TEST(Verbs, EveryVerbOfTheProgramHasOneMeaning) {
  CommandTable table;
  register_commands(table);
  const auto plan = verb_plan();
  ASSERT_TRUE(plan);
  EXPECT_GE(plan->reserved.size(), 10U);
  for (const auto& clash : verb_clashes(table, *plan))
    ADD_FAILURE() << clash;
}

TEST(Verbs, EachKindOfClashIsFound) {
  CommandTable table;
  table.add(command("start", "Start it."));
  table.add(command("start", "Start it again."));
  table.add(command("begin", "Start it."));
  table.add(command("logs", "Show the log.", "[NAME]"));
  const VerbPlan plan{
      {{"start", "Later.", ""}, {"logs NAME", "Later.", "logs"}, {"scale", "", ""}, {"scale", "Twice.", ""}},
      {{"halt", "stop"}}};
  const auto clashes = verb_clashes(table, plan);
  const auto found = [&](std::string_view part) {
    return std::any_of(clashes.begin(), clashes.end(),
                       [&](const auto& clash) { return clash.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(found("Two commands claim the verb \"start\""));
  EXPECT_TRUE(found("mean the same"));
  EXPECT_TRUE(found("The alias \"halt\" is no command"));
  EXPECT_TRUE(found("leads to \"stop\""));
  EXPECT_TRUE(found("\"start\" is kept for later and is a command"));
  EXPECT_TRUE(found("\"logs\" takes words already"));
  EXPECT_TRUE(found("\"scale\" has no meaning"));
  EXPECT_TRUE(found("\"scale\" is kept for later twice"));
}

} // namespace
} // namespace openclaw::cli
