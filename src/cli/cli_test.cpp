#include "base/text.hpp"
#include "cli/completion.hpp"
#include "cli/conversation.hpp"
#include "cli/help.hpp"
#include "cli/run.hpp"
#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::cli {
namespace {

struct Ran {
  int status = 0;
  std::string out, error;
};

Ran run_words(std::vector<std::string> words, const CommandTable* table = nullptr, Services services = {},
              std::size_t width = 0) {
  Ran ran;
  Output output([&](std::string_view text) { ran.out += text; }, [&](std::string_view text) { ran.error += text; },
                width, false);
  ran.status = table ? run(words, *table, services, output) : run(words, services, output);
  return ran;
}

// A table whose one command prints what it was given.
CommandTable echo_table() {
  CommandTable table;
  table.add({"echo",
             "Echo.",
             "[TEXT...]",
             {{"count", 'c', "N", "How often."}, {"loud", 'l', "", "Loud."}},
             [](Invocation& invocation) {
               const auto count = invocation.integer("count", 1, 1, 9);
               if (!count) return invocation.fail_with(count.error());
               invocation.output().line(fmt::format("{}|{}|{}|{}", join(invocation.arguments(), ","), *count,
                                                    invocation.has("loud"), invocation.output().json()));
               return 0;
             }});
  table.add({"box open",
             "Open.",
             "",
             {},
             [](Invocation& invocation) {
               invocation.output().line("open");
               return 0;
             },
             true});
  table.add({"box close", "Close.", "", {}, [](Invocation& invocation) {
               invocation.output().line("close");
               return 0;
             }});
  return table;
}

TEST(CommandTable, EveryCommandHasANameOfItsOwnASummaryAHelpTextAndExplainedOptions) {
  CommandTable table;
  register_commands(table);
  EXPECT_GT(table.commands().size(), 20U);
  for (const auto& problem : table.problems())
    ADD_FAILURE() << problem;
}

TEST(CommandTable, NoticesWhatIsWrong) {
  CommandTable table;
  const auto nothing = [](Invocation&) { return 0; };
  table.add({"version", "Once.", "", {{"json", 0, "", ""}}, nothing});
  table.add({"version", "Twice.", "", {}, nothing});
  table.add({"unexplained", "", "", {}, {}});
  EXPECT_EQ(table.problems().size(), 6U);
}

TEST(Arguments, ReadsEverySpellingOfAnOption) {
  const auto table = echo_table();
  for (const auto& words : std::vector<std::vector<std::string>>{{"echo", "--count", "3", "-l", "a"},
                                                                 {"echo", "a", "--count=3", "--loud"},
                                                                 {"echo", "-c3", "a", "-l"},
                                                                 {"echo", "-l", "-c=3", "a"}})
    EXPECT_EQ(run_words(words, &table).out, "a|3|true|false\n");
  EXPECT_EQ(run_words({"echo", "--", "--loud", "-5"}, &table).out, "--loud,-5|1|false|false\n");
  EXPECT_EQ(run_words({"echo", "-5"}, &table).out, "-5|1|false|false\n");
  EXPECT_EQ(run_words({"--json", "--profile", "x", "echo", "a"}, &table).out, "a|1|false|true\n");
}

TEST(Arguments, SaysWhatIsWrongAndSuggests) {
  const auto table = echo_table();
  EXPECT_EQ(
      run_words({"echo", "--cuont", "3"}, &table).error,
      "openclaw: openclaw echo has no option --cuont; did you mean --count?\nopenclaw help echo lists its options.\n");
  EXPECT_NE(run_words({"echo", "--count"}, &table).error.find("--count needs a value"), std::string::npos);
  EXPECT_NE(run_words({"echo", "--loud=yes"}, &table).error.find("--loud takes no value"), std::string::npos);
  EXPECT_NE(run_words({"echo", "--count", "ten"}, &table).error.find("whole number from 1 to 9"), std::string::npos);
  EXPECT_EQ(run_words({"echo", "--count", "ten"}, &table).status, 2);
  EXPECT_NE(run_words({"ecoh"}, &table).error.find("did you mean \"echo\"?"), std::string::npos);
  EXPECT_NE(run_words({"box", "clsoe"}, &table).error.find("did you mean \"close\"?"), std::string::npos);
}

TEST(Arguments, AGroupAloneRunsItsDefault) {
  const auto table = echo_table();
  EXPECT_EQ(run_words({"box"}, &table).out, "open\n");
  EXPECT_EQ(run_words({"box", "--json"}, &table).out, "open\n");
  EXPECT_EQ(run_words({"box", "close"}, &table).out, "close\n");
}

TEST(Arguments, AnErrorIsJsonForPrograms) {
  const auto ran = run_words({"--json", "config", "get", "a..b"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(string_or(json::parse(ran.out).at("error"), "kind"), "invalid");
}

TEST(Help, ExplainsEveryCommand) {
  CommandTable table;
  register_commands(table);
  for (const auto& command : table.commands()) {
    const auto words = split(command.name, ' ');
    std::vector<std::string> help{"help"};
    help.insert(help.end(), words.begin(), words.end());
    const auto ran = run_words(help);
    EXPECT_EQ(ran.status, 0) << command.name;
    EXPECT_NE(ran.out.find("Usage: openclaw " + command.name), std::string::npos) << ran.out;
  }
  EXPECT_EQ(run_words({"--help"}).out, run_words({"help"}).out);
  EXPECT_EQ(run_words({"config", "set", "--help"}).out, run_words({"help", "config", "set"}).out);
  EXPECT_EQ(run_words({"--version"}).out, run_words({"version"}).out);
}

TEST(Help, CompletionKnowsGroupsCommandsAndOptions) {
  CommandTable table;
  register_commands(table);
  const auto script = bash_completion(table);
  EXPECT_NE(script.find("\"models\") words=\"list "), std::string::npos) << script;
  EXPECT_NE(script.find("--ready-json"), std::string::npos);
}

TEST(Output, AlignsByDisplayWidthAndCutsToTheTerminal) {
  std::string text;
  Output output([&](std::string_view more) { text += more; }, {}, 20, false);
  output.table({{"Name"}, {"N", true}, {"What"}}, {{"日本", "5", "x"}, {"e\u0301", "12", "a long description\nof it"}});
  EXPECT_EQ(text, "Name   N  What\n日本   5  x\ne\u0301     12  a long de…\n");
}

TEST(Output, LetsNoEscapeSequenceThrough) {
  EXPECT_EQ(terminal_safe("a\x1b[31mb\r\nc\xc2\x9b"
                          "d\xff"),
            "a[31mb\ncd\xef\xbf\xbd");
  EXPECT_EQ(fit("日本語", 5), "日本…");
  EXPECT_EQ(duration_text(150'000), "2 min");
  EXPECT_EQ(size_text(1'930'000'000), "1.9 GB");
}

TEST(GrowingText, PrintsOnlyWhatIsNew) {
  GrowingText text;
  EXPECT_EQ(text.grow("Let me"), "Let me");
  EXPECT_EQ(text.grow("Let me look."), " look.");
  EXPECT_EQ(text.grow("Found"), "\nFound");
  EXPECT_EQ(text.grow("Found it."), " it.");
  EXPECT_EQ(text.grow("Let me look.\n\nFound it."), "");
}

TEST(Gateway, ForceIsRefusedAndOptionsReachTheService) {
  EXPECT_EQ(run_words({"gateway", "--force"}).status, exit_status(Kind::denied));
  EXPECT_EQ(run_words({"gateway"}).status, exit_status(Kind::missing));
  std::optional<GatewayOptions> seen;
  Services services;
  services.run_gateway = [&](const GatewayOptions& options) {
    seen = options;
    return 7;
  };
  EXPECT_EQ(
      run_words({"gateway", "run", "--port", "0", "--ready-json", "--no-model-download"}, nullptr, services).status, 7);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->port, 0);
  EXPECT_TRUE(seen->ready_json);
  EXPECT_FALSE(seen->model_download);
  EXPECT_EQ(run_words({"gateway", "--port", "99999"}, nullptr, services).status, 2);
}

} // namespace
} // namespace openclaw::cli
