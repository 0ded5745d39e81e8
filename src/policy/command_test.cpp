#include "policy/command.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace openclaw::policy {
namespace {

using Words = std::vector<std::string>;

CommandEffect effect(Words argv, std::string binary = {}) {
  CommandEffect command;
  command.resolved_binary = binary.empty() ? "/usr/bin/" + argv.at(0) : std::move(binary);
  command.argv = std::move(argv);
  return command;
}
Verdict judged(const CommandEffect& command, const CommandPolicy& policy = {}) {
  return judge_command(command, policy).verdict;
}

TEST(PlainArguments, SplitsWordsAndQuotes) {
  EXPECT_EQ(plain_arguments("ls -la 'a b' \"c d\" e'f'\"g\""), (Words{"ls", "-la", "a b", "c d", "efg"}));
  EXPECT_EQ(plain_arguments("  grep  ''  x\t"), (Words{"grep", "", "x"}));
  EXPECT_EQ(plain_arguments("jq '.a[] | select(.b > 1)' file"), (Words{"jq", ".a[] | select(.b > 1)", "file"}));
  EXPECT_EQ(plain_arguments("echo a=b"), (Words{"echo", "a=b"}));
}

TEST(PlainArguments, AnythingAShellWouldInterpretIsNotPlain) {
  for (const char* text : {"ls | cat",
                           "ls; id",
                           "ls && id",
                           "ls &",
                           "cat < x",
                           "cat > x",
                           "echo $HOME",
                           "echo ${HOME}",
                           "echo \"$HOME\"",
                           "echo `id`",
                           "echo \"`id`\"",
                           "echo $(id)",
                           "ls *",
                           "ls ?",
                           "ls [a]",
                           "echo {a,b}",
                           "ls ~",
                           "ls ~root",
                           "A=b ls",
                           "PATH=/tmp ls",
                           "ls \\; id",
                           "ls\nid",
                           "ls \n",
                           "echo 'unfinished",
                           "echo \"unfinished",
                           "# ls",
                           "! ls",
                           "",
                           "   ",
                           "''",
                           "cd /",
                           ". x",
                           "source x",
                           "eval id",
                           "exec id",
                           "command ls",
                           "if",
                           "export A",
                           "echo \"a\\\"b\"",
                           "ls\r",
                           "echo a#b",
                           "echo \"!x\""})
    EXPECT_FALSE(plain_arguments(text)) << text;
  EXPECT_FALSE(plain_arguments(std::string_view("ls\0x", 4)));
  EXPECT_FALSE(plain_arguments(std::string(100'000, 'a')));
}

TEST(PlainArguments, NoMetacharacterEverComesThroughUnquoted) {
  std::mt19937 random(7); // NOLINT: the same texts every time
  const std::string alphabet = "ab -='\"|&;<>()$`*?[]{}!#~\\\n\t/.";
  const std::string special = "|&;<>()$`*?[]{}!#~\\\n";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    const auto length = random() % 24;
    for (std::size_t i = 0; i < length; ++i)
      text += alphabet[random() % alphabet.size()];
    const auto words = plain_arguments(text);
    if (!words) continue;
    char quote = 0;
    for (const char character : text) {
      if (quote != 0 && character == quote)
        quote = 0;
      else if (quote == 0 && (character == '\'' || character == '"'))
        quote = character;
      else if (quote == 0)
        EXPECT_EQ(special.find(character), std::string::npos) << text;
    }
    EXPECT_EQ(quote, 0) << text;
  }
}

TEST(JudgeCommand, KnownReadersRunWithoutAsking) {
  for (const Words& argv : {Words{"ls", "-la", "src"}, Words{"cat", "a", "b"}, Words{"grep", "-rn", "--", "-x", "."},
                            Words{"head", "-n", "5", "f"}, Words{"date", "-u", "+%s"}, Words{"jq", "-r", ".a", "f"},
                            Words{"sort", "-k", "2", "f"}, Words{"uniq", "-c"}, Words{"true"},
                            Words{"diff", "-u", "a", "b"}, Words{"echo", "hi"}})
    EXPECT_EQ(judged(effect(argv)), Verdict::allow) << argv[0];
}

// T23
TEST(JudgeCommand, AnUnlistedFlagAbbreviationOrClusterIsAMiss) {
  for (const Words& argv : {Words{"sort", "--compress-program=sh", "f"},
                            Words{"sort", "--comp", "sh"},
                            Words{"sort", "--compress-prog", "sh", "f"},
                            Words{"sort", "-o", "out", "f"},
                            Words{"sort", "-oout"},
                            Words{"sort", "-T", "/x"},
                            Words{"sort", "--files0-from=f"},
                            Words{"grep", "-f", "secret"},
                            Words{"grep", "-rf", "x"},
                            Words{"grep", "--fil", "x"},
                            Words{"grep", "-xyz"},
                            Words{"wc", "--files0-from=f"},
                            Words{"uniq", "in", "out"},
                            Words{"date", "-s", "now"},
                            Words{"date", "01010000"},
                            Words{"date", "-f", "x"},
                            Words{"file", "-f", "x"},
                            Words{"file", "-C"},
                            Words{"file", "-m", "x"},
                            Words{"jq", "-L", "x"},
                            Words{"jq", "--from-file", "x"},
                            Words{"jq", "-rf", "x"},
                            Words{"tail", "-f", "x"},
                            Words{"tail", "--pid=1"},
                            Words{"tail", "-n"},
                            Words{"head", "-n", "-5"},
                            Words{"head", "-n5"},
                            Words{"stat", "--printf=x"},
                            Words{"diff", "-l"},
                            Words{"diff", "--to-file=x"},
                            Words{"ls", "--hyperlink"},
                            Words{"cut", "-d,"},
                            Words{"cut", "--output-delimiter=x"},
                            Words{"sha256sum", "-c", "x"},
                            Words{"pwd", "x"},
                            Words{"true", "x"}})
    EXPECT_EQ(judged(effect(argv)), Verdict::ask) << argv[0] << " " << argv.back();
}

TEST(JudgeCommand, AProgramIsKnownByItsResolvedPlaceAndNotByItsName) {
  EXPECT_EQ(judged(effect({"cat", "x"}, "/home/me/work/cat")), Verdict::ask);
  EXPECT_EQ(judged(effect({"cat", "x"}, "/usr/bin/python3")), Verdict::ask);
  EXPECT_EQ(judged(effect({"./cat", "x"}, "/usr/bin/cat")), Verdict::ask);
  EXPECT_EQ(judged(effect({"/usr/bin/cat", "x"}, "/usr/bin/cat")), Verdict::allow);
  EXPECT_EQ(judged(effect({"cat", "x"}, "/usr/bin/evil/cat")), Verdict::ask);
  auto changed = effect({"cat", "x"});
  changed.environment["LD_PRELOAD"] = "./x.so";
  EXPECT_EQ(judged(changed), Verdict::ask);
  auto shell = effect({"/bin/sh", "-c", "cat x"}, "/usr/bin/dash");
  shell.through_shell = true;
  EXPECT_EQ(judged(shell), Verdict::ask);
  auto elsewhere = effect({"cat", "x"});
  elsewhere.target = "host";
  EXPECT_EQ(judged(elsewhere), Verdict::ask);
}

const std::vector<Words>& wrappers() {
  static const std::vector<Words> all = {{"env", "-S", "sh -c id"},
                                         {"env", "ls"},
                                         {"nice", "ls"},
                                         {"timeout", "5", "ls"},
                                         {"xargs", "rm"},
                                         {"sudo", "ls"},
                                         {"busybox", "sh"},
                                         {"find", ".", "-exec", "id", ";"},
                                         {"find", ".", "-delete"},
                                         {"awk", "BEGIN{system(\"id\")}"},
                                         {"gawk", "x"},
                                         {"git", "-c", "core.pager=sh", "log"},
                                         {"tar", "--to-command=sh", "-xf", "x"},
                                         {"tar", "--checkpoint-action=exec=sh"},
                                         {"ssh", "-o", "ProxyCommand=sh", "x"},
                                         {"python", "-c", "x"},
                                         {"python3", "-c", "x"},
                                         {"python3.11", "-c", "x"},
                                         {"node", "-e", "x"},
                                         {"perl", "-e", "x"},
                                         {"perl5.36.0", "-e", "x"},
                                         {"ruby", "-e", "x"},
                                         {"php", "-r", "x"},
                                         {"sh", "-c", "id"},
                                         {"bash", "-c", "id"},
                                         {"dash", "x"},
                                         {"zsh", "-c", "x"},
                                         {"nohup", "x"},
                                         {"setsid", "x"},
                                         {"stdbuf", "-o0", "x"},
                                         {"strace", "x"},
                                         {"time", "x"},
                                         {"watch", "x"},
                                         {"flock", "f", "x"},
                                         {"parallel", "x"},
                                         {"make", "x"},
                                         {"npm", "run", "x"},
                                         {"npx", "x"},
                                         {"pip", "install", "x"},
                                         {"vim", "-c", "!id"},
                                         {"less", "x"},
                                         {"man", "x"},
                                         {"ed", "x"},
                                         {"sed", "e", "x"},
                                         {"docker", "run"},
                                         {"chroot", "x"},
                                         {"unshare", "x"},
                                         {"nsenter", "x"},
                                         {"systemd-run", "x"},
                                         {"gdb", "x"},
                                         {"lua5.4", "x"},
                                         {"tclsh8.6", "x"},
                                         {"gcc-12", "x"},
                                         {"rsync", "-e", "sh"},
                                         {"scp", "x"},
                                         {"zip", "-TT", "sh"},
                                         {"openssl", "x"},
                                         {"curl", "-K", "x"},
                                         {"split", "--filter=sh"},
                                         {"script", "-c", "x"},
                                         {"expect", "x"},
                                         {"socat", "x"},
                                         {"su", "-c", "x"},
                                         {"doas", "x"},
                                         {"go", "run", "x"},
                                         {"cargo", "run"}};
  return all;
}

// T24
TEST(JudgeCommand, AWrapperIsNeverSafeAndNeverAllowedByItsNameAlone) {
  for (const auto& argv : wrappers()) {
    EXPECT_TRUE(runs_other_programs(argv[0])) << argv[0];
    EXPECT_TRUE(runs_other_programs("/usr/bin/" + argv[0])) << argv[0];
    EXPECT_EQ(judged(effect(argv)), Verdict::ask) << argv[0];
    const CommandPolicy broad{.allow = {{"/usr/bin/*", {}}, {"**", {}}, {"/usr/bin/" + argv[0], {}}}};
    EXPECT_EQ(judged(effect(argv), broad), Verdict::ask) << argv[0];
    // Under another name it is the same program.
    auto renamed = effect(argv, "/usr/bin/" + argv[0]);
    renamed.argv[0] = "innocent";
    EXPECT_EQ(judged(renamed, broad), Verdict::ask) << argv[0];
  }
  for (const char* name : {"ls", "cat", "pdftotext", "sha256sum", "b2sum", "md5sum"})
    EXPECT_FALSE(runs_other_programs(name)) << name;
}

// T25
TEST(RuleFor, IsBoundToTheBinaryAndItsExactArguments) {
  const auto command = effect({"pdftotext", "a.pdf", "-"});
  const auto rule = rule_for(command);
  ASSERT_TRUE(rule);
  const CommandPolicy policy{.allow = {*rule}};
  EXPECT_EQ(judged(command, policy), Verdict::allow);
  EXPECT_EQ(judged(effect({"pdftotext", "b.pdf", "-"}), policy), Verdict::ask);
  EXPECT_EQ(judged(effect({"pdftotext", "a.pdf", "-", "x"}), policy), Verdict::ask);
  EXPECT_EQ(judged(effect({"pdftotext", "a.pdf", "-"}, "/home/me/pdftotext"), policy), Verdict::ask);
  auto other = command;
  other.environment["A"] = "b";
  EXPECT_EQ(judged(other, policy), Verdict::ask);
  EXPECT_FALSE(rule_for(other));
  other = command;
  other.network = "host";
  EXPECT_EQ(judged(other, policy), Verdict::ask);
}

TEST(RuleFor, IsBoundToWhatTheProgramContainsUnlessOnlyTheMachineChangesIt) {
  auto command = effect({"/work/tool", "x"}, "/work/tool");
  command.binary_sha256 = "as approved";
  auto rule = rule_for(command);
  ASSERT_TRUE(rule);
  EXPECT_EQ(judged(command, {.allow = {*rule}}), Verdict::allow);
  auto changed = command;
  changed.binary_sha256 = "exchanged";
  EXPECT_EQ(judged(changed, {.allow = {*rule}}), Verdict::ask);
  rule->sha256.clear();
  EXPECT_EQ(judged(changed, {.allow = {*rule}}), Verdict::allow);
}

TEST(RuleFor, GivesNoneForShellTextAndWrappers) {
  auto shell = effect({"/bin/sh", "-c", "ls | wc"}, "/usr/bin/dash");
  shell.through_shell = true;
  EXPECT_FALSE(rule_for(shell));
  for (const auto& argv : wrappers())
    EXPECT_FALSE(rule_for(effect(argv))) << argv[0];
  EXPECT_FALSE(rule_for(effect({"x", "y"}, "/usr/bin/*")));
}

TEST(RuleFor, NamesExactlyTheArgumentsThatWereApproved) {
  const auto rule = rule_for(effect({"pdftotext"}));
  ASSERT_TRUE(rule);
  const CommandPolicy policy{.allow = {*rule}};
  EXPECT_EQ(judged(effect({"pdftotext"}), policy), Verdict::allow);
  EXPECT_EQ(judged(effect({"pdftotext", "x"}), policy), Verdict::ask);
}

TEST(JudgeCommand, SecurityAndAskMeanWhatTheySay) {
  const auto known = effect({"ls"});
  const auto unknown = effect({"pdftotext", "x"});
  EXPECT_EQ(judged(known, {.security = ExecSecurity::deny}), Verdict::deny);
  EXPECT_EQ(judged(known, {.security = ExecSecurity::deny, .ask = ExecAsk::always}), Verdict::deny);
  EXPECT_EQ(judged(unknown, {.security = ExecSecurity::full, .ask = ExecAsk::off}), Verdict::allow);
  EXPECT_EQ(judged(unknown, {.security = ExecSecurity::full, .ask = ExecAsk::always}), Verdict::ask);
  EXPECT_EQ(judged(known, {.ask = ExecAsk::always}), Verdict::ask);
  EXPECT_EQ(judged(known, {.ask = ExecAsk::off}), Verdict::allow);
  const auto refused = judge_command(unknown, {.ask = ExecAsk::off});
  EXPECT_EQ(refused.verdict, Verdict::deny);
  EXPECT_NE(refused.remedy.find("openclaw approvals"), std::string::npos);
  EXPECT_NE(refused.remedy.find("tools.exec.security"), std::string::npos);
}

TEST(CommandRule, AStarStaysInItsFolder) {
  const CommandPolicy policy{.allow = {{"/opt/tools/*", {}}}};
  EXPECT_EQ(judged(effect({"x"}, "/opt/tools/x"), policy), Verdict::allow);
  EXPECT_EQ(judged(effect({"x"}, "/opt/tools/deep/x"), policy), Verdict::ask);
  EXPECT_EQ(judged(effect({"x"}, "/opt/tools"), policy), Verdict::ask);
  EXPECT_EQ(judged(effect({"x"}, "/opt/tools/deep/x"), {.allow = {{"/opt/**", {}}}}), Verdict::allow);
  EXPECT_EQ(judged(effect({"x"}, "/opt/tools/x"), {.allow = {{"", {}}}}), Verdict::ask);
}

} // namespace
} // namespace openclaw::policy
