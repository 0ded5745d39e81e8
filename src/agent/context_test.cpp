#include "agent/context.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <gtest/gtest.h>
#include <regex>
#include <set>

namespace openclaw::agent {
namespace {

using namespace openclaw::ports;

const DialectRules kOpenAi{};
const DialectRules kAnthropic{true, true, true, 64};
const DialectRules kMistral{false, true, false, 9};
const DialectRules kResponses{false, false, true, 64};
const DialectRules kGoogle{true, true, true, 64};

Message user(std::string text) {
  Message message;
  message.content.emplace_back(TextBlock{std::move(text)});
  return message;
}

Message assistant(std::vector<Block> content, StopReason reason = StopReason::stop) {
  Message message;
  message.role = Role::assistant;
  message.provider = "p";
  message.model = "m";
  message.stop_reason = reason;
  message.content = std::move(content);
  return message;
}

Message result(std::string id, std::string text) {
  Message message = user(std::move(text));
  message.role = Role::tool_result;
  message.tool_call_id = std::move(id);
  message.tool_name = "exec";
  return message;
}

ToolCallBlock call(std::string id, std::string arguments = "{}") {
  return {std::move(id), "exec", std::move(arguments)};
}

std::vector<Message> project(const std::vector<Message>& transcript, const DialectRules& rules = kAnthropic) {
  return project_context(transcript, rules, "p", "m");
}

// One word a block, to compare whole conversations at a glance.
std::string sketch(const std::vector<Message>& messages) {
  std::string out;
  for (const auto& message : messages) {
    if (!out.empty()) out += ' ';
    out += message.role == Role::user ? "U" : message.role == Role::assistant ? "A" : "R";
    if (message.role == Role::tool_result) out += ":" + message.tool_call_id;
    for (const auto& block : message.content) {
      if (const auto* text = std::get_if<TextBlock>(&block)) out += "[" + text->text + "]";
      if (const auto* thought = std::get_if<ThinkingBlock>(&block)) out += "<" + thought->thinking + ">";
      if (const auto* asked = std::get_if<ToolCallBlock>(&block)) out += "(" + asked->id + asked->arguments_json + ")";
      if (std::holds_alternative<ImageBlock>(block)) out += "#";
    }
  }
  return out;
}

// What the vendors check, written without a look at the projection. Empty when the conversation would be accepted.
std::string refusal(const std::vector<Message>& messages, const DialectRules& rules) {
  static const std::regex free_id("[A-Za-z0-9_-]{1,64}");
  static const std::regex nine("[A-Za-z0-9]{9}");
  static const std::regex name("[A-Za-z0-9_-]{1,64}");
  std::set<std::string> every_id;
  std::set<std::string> owed;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& message = messages[i];
    if (message.content.empty()) return "a message without content";
    if (message.role == Role::tool_result) {
      if (owed.erase(message.tool_call_id) != 1) return "a result that nobody waits for: " + message.tool_call_id;
    } else if (!owed.empty()) {
      return "a call without its result: " + *owed.begin();
    }
    for (const auto& block : message.content) {
      if (const auto* text = std::get_if<TextBlock>(&block)) {
        if (trim(text->text).empty()) return "blank text";
        if (!valid_utf8(text->text)) return "text that is not UTF-8";
        if (text->text.find("INJECTED") != std::string::npos) return "the gateway's words as the model's";
      } else if (message.role != Role::assistant) {
        if (!std::holds_alternative<ImageBlock>(block)) return "a block that only assistants have";
      } else if (const auto* asked = std::get_if<ToolCallBlock>(&block)) {
        if (!std::regex_match(asked->id, rules.tool_call_id_limit == 9 ? nine : free_id)) return "id: " + asked->id;
        if (!every_id.insert(asked->id).second) return "an id used twice: " + asked->id;
        owed.insert(asked->id);
        if (!std::regex_match(asked->name, name)) return "name: " + asked->name;
        const auto arguments = parse_json(asked->arguments_json, "arguments");
        if (!arguments || !arguments->is_object()) return "arguments: " + asked->arguments_json;
      } else if (const auto* thought = std::get_if<ThinkingBlock>(&block)) {
        if (!rules.keep_thinking || thought->signature.empty()) return "thinking that must not be sent";
        if (message.provider != "p" || message.model != "m") return "thinking of another model";
        if (&block == &message.content.back()) return "thinking as the last block";
      } else {
        return "an image of the assistant's";
      }
    }
    if (rules.alternate_roles && i > 0 && message.role != Role::tool_result && messages[i - 1].role == message.role)
      return "two messages of one role in a row";
  }
  if (!owed.empty()) return "a call without its result at the end: " + *owed.begin();
  if (!messages.empty() && messages.back().role == Role::assistant) return "nothing to answer";
  if (!messages.empty() && rules.first_is_user && messages.front().role != Role::user)
    return "it does not begin with the user";
  return {};
}

class Dice {
public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  T pick(const T (&items)[N]) {
    return items[below(N)];
  }

private:
  SeededRandom random_;
};

Block random_block(Dice& dice) {
  const std::string ids[] = {"a", "b",         "call_1", "call_1", "", "toolu_01|fc_9", std::string(90, 'x'),
                             "é", "abcdefghi", "a b"};
  const char* texts[] = {"hello", "", " \n\t", "caf\xc3", "ok", "INJECT-free"};
  const char* arguments[] = {"{}", "", "[1]", "{\"a\":1}", "{\"a\":", "null", "\"x\"", "{\"a\":1}}"};
  const char* names[] = {"exec", "functions.exec", "", "read", "a b"};
  switch (dice.below(6)) {
  case 0:
  case 1:
    return TextBlock{dice.pick(texts)};
  case 2:
    return ThinkingBlock{dice.pick(texts), dice.one_in(3) ? "" : "c2ln"};
  case 3:
    return ImageBlock{dice.one_in(3) ? "image/tiff" : "image/png", dice.one_in(4) ? "" : "aGk="};
  default:
    return ToolCallBlock{dice.pick(ids), dice.pick(names), dice.pick(arguments)};
  }
}

std::vector<Message> random_transcript(Dice& dice) {
  constexpr StopReason reasons[] = {StopReason::none,  StopReason::stop,    StopReason::length,  StopReason::tool_use,
                                    StopReason::error, StopReason::aborted, StopReason::injected};
  std::vector<Message> out;
  const auto turns = dice.below(8);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    Message asked = user("question");
    if (dice.one_in(3)) asked.content = {random_block(dice), random_block(dice)};
    out.push_back(asked);
    Message reply = assistant({}, dice.pick(reasons));
    if (dice.one_in(4)) reply.model = "other";
    for (auto blocks = dice.below(5); blocks > 0; --blocks)
      reply.content.push_back(random_block(dice));
    if (reply.stop_reason == StopReason::injected) reply.content.emplace_back(TextBlock{"INJECTED"});
    out.push_back(reply);
    for (const auto& block : reply.content)
      if (const auto* wanted = std::get_if<ToolCallBlock>(&block); wanted && !dice.one_in(4))
        out.push_back(result(wanted->id, "done"));
    if (dice.one_in(5)) out.push_back(result("nobody", "orphan"));
  }
  for (auto swaps = dice.one_in(2) ? dice.below(6) : 0; swaps > 0 && out.size() > 1; --swaps)
    std::swap(out[dice.below(out.size())], out[dice.below(out.size())]);
  if (dice.one_in(3) && !out.empty()) out.push_back(out[dice.below(out.size())]);
  if (dice.one_in(3) && !out.empty()) out.erase(out.begin() + static_cast<std::ptrdiff_t>(dice.below(out.size())));
  if (dice.one_in(3)) out.resize(dice.below(out.size() + 1));
  if (dice.one_in(4) && !out.empty())
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(dice.below(out.size())));
  return out;
}

// parity: 1.5-hygiene
TEST(Context, AnyTranscriptBecomesOneThatTheVendorsAcceptAndProjectingAgainChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    Dice dice(seed);
    const auto transcript = random_transcript(dice);
    for (const auto* rules : {&kOpenAi, &kAnthropic, &kMistral, &kResponses, &kGoogle}) {
      const auto once = project(transcript, *rules);
      ASSERT_EQ(refusal(once, *rules), "") << "seed " << seed << ": " << sketch(transcript) << "\n => " << sketch(once);
      const auto twice = project(once, *rules);
      ASSERT_EQ(sketch(twice), sketch(once)) << "seed " << seed;
    }
  }
}

TEST(Context, AValidConversationIsLeftAsItIs) {
  const std::vector<Message> talk = {
      user("list"),
      assistant({TextBlock{"Sure."}, call("call_1"), call("call_2")}, StopReason::tool_use),
      result("call_1", "one"),
      result("call_2", "two"),
      assistant({TextBlock{"Both."}}),
      user("thanks")};
  for (const auto* rules : {&kOpenAi, &kAnthropic})
    EXPECT_EQ(sketch(project(talk, *rules)), sketch(talk));
}

// parity: 1.5-hygiene
TEST(Context, ACallWithoutResultGetsOneThatSaysUnknown) {
  const auto out = project({user("go"), assistant({call("c1")}, StopReason::tool_use), user("and?")});
  EXPECT_EQ(sketch(out), "U[go] A(c1{}) R:c1[" + std::string(kNoResult) + "] U[and?]");
  EXPECT_TRUE(out[2].is_error);
}

TEST(Context, AResultThatComesLateMovesBehindItsCall) {
  const auto out = project({user("go"), assistant({call("c1"), call("c2")}, StopReason::tool_use), result("c2", "two"),
                            user("wait"), assistant({TextBlock{"I wait."}}), result("c1", "one"), user("well?")});
  EXPECT_EQ(sketch(out), "U[go] A(c1{})(c2{}) R:c1[one] R:c2[two] U[wait] A[I wait.] U[well?]");
}

// parity: 1.5-hygiene
TEST(Context, OrphansAndSecondResultsGo) {
  const auto out = project({result("old", "orphan"), user("go"), assistant({call("c1")}, StopReason::tool_use),
                            result("c1", "first"), result("c1", "second"), user("next")});
  EXPECT_EQ(sketch(out), "U[go] A(c1{}) R:c1[first] U[next]");
}

TEST(Context, AnOldResultIsNeverTakenForALaterCallWithTheSameId) {
  const auto out = project({user("a"), assistant({call("call_0")}, StopReason::tool_use), result("call_0", "first"),
                            user("b"), assistant({call("call_0")}, StopReason::tool_use)});
  ASSERT_EQ(out.size(), 6U);
  EXPECT_EQ(text_of(out[2]), "first");
  EXPECT_EQ(text_of(out[5]), kNoResult);
  EXPECT_NE(out[5].tool_call_id, "call_0");
}

TEST(Context, AbortedAndFailedMessagesKeepTheirTextAndOnlyTheCallsThatRan) {
  const auto out =
      project({user("go"), assistant({TextBlock{"Half a"}, call("c1"), call("c2", "{\"x\":")}, StopReason::aborted),
               result("c1", "it ran"), user("again"), assistant({call("c3")}, StopReason::error), user("hello?")});
  EXPECT_EQ(sketch(out), "U[go] A[Half a](c1{}) R:c1[it ran] U[again][hello?]");
}

TEST(Context, WordsOfTheGatewayAreNotSentAsTheModels) {
  EXPECT_EQ(sketch(project({user("/status"), assistant({TextBlock{"INJECTED"}}, StopReason::injected), user("hi")})),
            "U[/status][hi]");
  EXPECT_EQ(
      sketch(project({user("/status"), assistant({TextBlock{"INJECTED"}}, StopReason::injected), user("hi")}, kOpenAi)),
      "U[/status] U[hi]");
  auto command = user("/status");
  command.stop_reason = StopReason::injected;
  EXPECT_EQ(sketch(project({command, assistant({TextBlock{"INJECTED"}}, StopReason::injected), user("hi")})), "U[hi]");
}

// parity: 1.5-hygiene
TEST(Context, IdsAreRewrittenConsistentlyAndAlwaysToTheSameBytes) {
  const std::vector<Message> talk = {user("go"), assistant({call("toolu_01ABCdef|fc")}, StopReason::tool_use),
                                     result("toolu_01ABCdef|fc", "ok")};
  const auto out = project(talk, kMistral);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[2].tool_call_id.size(), 9U);
  EXPECT_EQ(std::get<ToolCallBlock>(out[1].content[0]).id, out[2].tool_call_id);
  EXPECT_EQ(sketch(project(talk, kMistral)), sketch(out));
}

// parity: 1.5-hygiene
TEST(Context, ThinkingGoesOnlyToTheModelThatSignedIt) {
  const std::vector<Message> talk = {
      user("go"), assistant({ThinkingBlock{"hm", "sig"}, ThinkingBlock{"loud", ""}, TextBlock{"yes"}}), user("why")};
  EXPECT_EQ(sketch(project(talk)), "U[go] A<hm>[yes] U[why]");
  EXPECT_EQ(sketch(project(talk, kOpenAi)), "U[go] A[yes] U[why]");
  EXPECT_EQ(sketch(project_context(talk, kAnthropic, "p", "other")), "U[go] A[yes] U[why]");
}

TEST(Context, NeverEndsWithTheAssistantAndIsEmptyWhenThereIsNothingToAnswer) {
  EXPECT_EQ(sketch(project({user("hi"), assistant({TextBlock{"hello"}})})), "U[hi]");
  EXPECT_TRUE(project({assistant({TextBlock{"hello"}})}).empty());
  EXPECT_TRUE(project({}).empty());
}

// parity: 1.5-hygiene
TEST(Context, BeginsWithTheUserWhereTheDialectWantsIt) {
  const std::vector<Message> talk = {assistant({TextBlock{"Good morning."}}), user("hi")};
  EXPECT_EQ(sketch(project(talk)), "U[" + std::string(kOpening) + "] A[Good morning.] U[hi]");
  EXPECT_EQ(sketch(project(talk, kOpenAi)), "A[Good morning.] U[hi]");
}

} // namespace
} // namespace openclaw::agent
