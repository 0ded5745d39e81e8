#include "base/ids.hpp"
#include "policy/admission.hpp"
#include <gtest/gtest.h>

namespace openclaw::policy {
namespace {

Approach from(std::string id) {
  Approach approach;
  approach.sender_ids = {std::move(id)};
  return approach;
}
Approach in_group(std::string id, bool mentions) {
  auto approach = from(std::move(id));
  approach.direct = false;
  approach.mentions_me = mentions;
  return approach;
}

TEST(Admission, GivesAnUnknownPersonACodeAndNothingElse) {
  const auto admission = admit(from("42"), {});
  EXPECT_EQ(admission.verdict, Entrance::pair);
  EXPECT_FALSE(admission.may_command);
}

TEST(Admission, LetsInWhoWasPairedOrListed) {
  auto paired = from("42");
  paired.paired = true;
  EXPECT_EQ(admit(paired, {}).verdict, Entrance::accept);
  AccessRules rules;
  rules.allow_from = {" telegram:42 "};
  EXPECT_EQ(admit(from("42"), rules).verdict, Entrance::accept);
  rules.direct = DirectPolicy::allowlist;
  EXPECT_EQ(admit(from("43"), rules).verdict, Entrance::ignore);
  paired.sender_ids = {"43"};
  EXPECT_EQ(admit(paired, rules).verdict, Entrance::ignore) << "allowlist means the list alone";
}

TEST(Admission, IsOpenOnlyWithAStar) {
  AccessRules rules;
  rules.direct = DirectPolicy::open;
  EXPECT_EQ(admit(from("42"), rules).verdict, Entrance::ignore);
  rules.allow_from = {"*"};
  const auto admission = admit(from("42"), rules);
  EXPECT_EQ(admission.verdict, Entrance::accept);
  EXPECT_FALSE(admission.may_command) << "a stranger talks, and does not command";
}

TEST(Admission, IgnoresBotsOurselvesAndDisabledChats) {
  auto bot = from("42");
  bot.sender_is_bot = true;
  EXPECT_EQ(admit(bot, {}).verdict, Entrance::ignore);
  auto self = from("1");
  self.sender_is_self = true;
  AccessRules rules;
  rules.allow_from = {"1"};
  EXPECT_EQ(admit(self, rules).verdict, Entrance::ignore);
  rules.direct = DirectPolicy::disabled;
  EXPECT_EQ(admit(from("1"), rules).verdict, Entrance::ignore);
}

TEST(Admission, KeepsWhatIsSaidInAGroupUntilItIsMentioned) {
  AccessRules rules;
  rules.group_listed = true;
  EXPECT_EQ(admit(in_group("42", false), rules).verdict, Entrance::remember);
  EXPECT_EQ(admit(in_group("42", true), rules).verdict, Entrance::accept);
  rules.require_mention = false;
  EXPECT_EQ(admit(in_group("42", false), rules).verdict, Entrance::accept);
  rules.group_enabled = false;
  EXPECT_EQ(admit(in_group("42", true), rules).verdict, Entrance::ignore);
}

TEST(Admission, BlocksAGroupThatNobodyListed) {
  EXPECT_EQ(admit(in_group("42", true), {}).verdict, Entrance::ignore);
  AccessRules rules;
  rules.group = GroupPolicy::open;
  EXPECT_EQ(admit(in_group("42", true), rules).verdict, Entrance::accept);
  rules.group_allow_from = {"7"};
  EXPECT_EQ(admit(in_group("42", true), rules).verdict, Entrance::ignore);
  EXPECT_EQ(admit(in_group("7", true), rules).verdict, Entrance::accept);
}

TEST(Admission, LetsACommandThroughTheMentionGateFromSomebodyKnownOnly) {
  AccessRules rules;
  rules.group_listed = true;
  rules.allow_from = {"7"};
  auto command = in_group("7", false);
  command.command = true;
  EXPECT_EQ(admit(command, rules).verdict, Entrance::accept);
  command.sender_ids = {"8"};
  EXPECT_EQ(admit(command, rules).verdict, Entrance::remember);
}

TEST(Admission, MatchesPatternsWithoutCaseAndSurvivesBadOnes) {
  EXPECT_TRUE(mentioned("Hey CLAW, what is it?", {"\\bclaw\\b"}));
  EXPECT_FALSE(mentioned("clawed", {"\\bclaw\\b"}));
  EXPECT_FALSE(mentioned("anything", {"(unclosed", "a{1000}{1000}"}));
}

TEST(Admission, HoldsItsInvariantsForEveryRandomApproach) {
  SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    const auto bits = random.next();
    const auto bit = [&](int index) { return (bits >> index & 1) != 0; };
    Approach approach;
    approach.direct = bit(0);
    approach.sender_ids = {bit(1) ? "7" : "8"};
    approach.sender_is_bot = bit(2);
    approach.sender_is_self = bit(3);
    approach.paired = bit(4);
    approach.mentions_me = bit(5);
    approach.command = bit(6);
    AccessRules rules;
    rules.direct = static_cast<DirectPolicy>(bits >> 7 & 3);
    rules.group = static_cast<GroupPolicy>((bits >> 9 & 3) % 3);
    rules.group_listed = bit(11);
    rules.require_mention = bit(12);
    rules.allow_bots = bit(13);
    if (bit(14)) rules.allow_from = {"7"};
    if (bit(15)) rules.allow_from.emplace_back("*");
    const auto admission = admit(approach, rules);
    if (approach.sender_is_self || (approach.sender_is_bot && !rules.allow_bots)) {
      EXPECT_EQ(admission.verdict, Entrance::ignore);
    }
    if (admission.may_command) {
      EXPECT_TRUE(admission.verdict == Entrance::accept && (approach.paired || (bit(14) && bit(1))));
    }
    if (approach.direct && rules.direct == DirectPolicy::disabled) {
      EXPECT_EQ(admission.verdict, Entrance::ignore);
    }
    if (!approach.direct) {
      EXPECT_NE(admission.verdict, Entrance::pair);
    }
  }
}

} // namespace
} // namespace openclaw::policy
