#include "base/hmac.hpp"
#include "extensions/channels/slack/events.hpp"
#include "extensions/channels/slack/outgoing.hpp"
#include "extensions/channels/slack/signature.hpp"
#include "extensions/channels/slack/socket_mode.hpp"
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::extensions::slack {
namespace {

using ports::ChatKind;
using ports::EventType;

const Me kMe{"UBOT", "BBOT", "T1", "claw"};
const NameOf kNames = [](std::string_view id) { return id == "U7" ? std::string("Ada") : std::string(); };

json::value parsed(std::string_view text) {
  return *parse_json(text, "test");
}
std::optional<ports::InboundEvent> event(std::string_view text) {
  return event_from(parsed(fmt::format(R"({{"team_id":"T1","event_id":"Ev1","event":{}}})", text)), kMe, kNames);
}
namespace rich_text = ports::rich_text;
rich_text::Node node(rich_text::Type type, std::string text, std::string target = {}) {
  return {type, std::move(text), std::move(target), 0, {}};
}
rich_text::Node holder(rich_text::Type type, std::vector<rich_text::Node> children, std::string target = {}) {
  return {type, {}, std::move(target), 0, std::move(children)};
}
std::string mrkdwn(rich_text::Node block) {
  return render_mrkdwn(holder(rich_text::Type::document, {std::move(block)}));
}
std::string words(std::string text) {
  return mrkdwn(holder(rich_text::Type::paragraph, {node(rich_text::Type::text, std::move(text))}));
}
std::string linked(std::string text, std::string address) {
  return mrkdwn(
      holder(rich_text::Type::paragraph,
             {holder(rich_text::Type::link, {node(rich_text::Type::text, std::move(text))}, std::move(address))}));
}

TEST(SlackEvents, AMessageAndItsMentionAreTheSameEvent) {
  const auto message = event(
      R"({"type":"message","channel":"C1","channel_type":"channel","user":"U7","text":"<@UBOT> a &lt;b","ts":"17.000200"})");
  const auto mention =
      event(R"({"type":"app_mention","channel":"C1","user":"U7","text":"<@UBOT> a","ts":"17.000200"})");
  ASSERT_TRUE(message && mention);
  EXPECT_EQ(message->event_id, "C1:17.000200");
  EXPECT_EQ(mention->event_id, message->event_id);
  EXPECT_TRUE(message->mentions_me && mention->mentions_me);
  EXPECT_EQ(message->text, "a <b");
  EXPECT_EQ(message->from.name, "Ada");
  EXPECT_EQ(message->chat.kind, ChatKind::channel);
  EXPECT_EQ(message->chat.space_id, "T1");
  EXPECT_EQ(message->sent_ms, 17'000);
  EXPECT_EQ(message->checkpoint, "17.000200");
}

TEST(SlackEvents, TheKindOfARoomIsReadFromItsIdWhenSlackDoesNotSayIt) {
  EXPECT_EQ(kind_of("", "D1"), ChatKind::direct);
  EXPECT_EQ(kind_of("app_home", "D1"), ChatKind::direct);
  EXPECT_EQ(kind_of("", "G1"), ChatKind::group);
  EXPECT_EQ(kind_of("", "C1"), ChatKind::channel);
  EXPECT_EQ(kind_of("group", "C1"), ChatKind::channel); // a private room
  EXPECT_EQ(kind_of("mpim", "C1"), ChatKind::group);
}

TEST(SlackEvents, OnlyTheMessagesBelowAnotherOneAreAThread) {
  const auto root = event(R"({"type":"message","channel":"C1","user":"U7","text":"x","ts":"1.1","thread_ts":"1.1"})");
  const auto reply = event(
      R"({"type":"message","channel":"C1","user":"U7","text":"x","ts":"1.2","thread_ts":"1.1","parent_user_id":"UBOT"})");
  ASSERT_TRUE(root && reply);
  EXPECT_EQ(root->chat.thread_id, "");
  EXPECT_EQ(reply->chat.thread_id, "1.1");
  EXPECT_TRUE(reply->replies_to_me);
  EXPECT_FALSE(root->replies_to_me);
}

TEST(SlackEvents, BotsAndOurOwnEchoAreKnown) {
  const auto old_bot = event(
      R"({"type":"message","subtype":"bot_message","channel":"C1","bot_id":"B9","username":"CI","text":"x","ts":"1.1"})");
  const auto new_bot = event(R"({"type":"message","channel":"C1","user":"U9","bot_id":"B9","text":"x","ts":"1.1"})");
  const auto echo = event(R"({"type":"message","channel":"C1","user":"UBOT","bot_id":"BBOT","text":"x","ts":"1.1"})");
  ASSERT_TRUE(old_bot && new_bot && echo);
  EXPECT_TRUE(old_bot->from.is_bot && new_bot->from.is_bot);
  EXPECT_EQ(old_bot->from.id, "B9");
  EXPECT_EQ(old_bot->from.name, "CI");
  EXPECT_EQ(new_bot->from.other_ids, std::vector<std::string>{"B9"});
  EXPECT_TRUE(echo->from.is_self);
  EXPECT_FALSE(new_bot->from.is_self);
}

TEST(SlackEvents, EditsAndDeletionsNameTheMessageThatTheyChange) {
  const auto edit = event(
      R"({"type":"message","subtype":"message_changed","channel":"C1","ts":"1.9","message":{"user":"U7","text":"new","ts":"1.1"}})");
  const auto gone = event(
      R"({"type":"message","subtype":"message_deleted","channel":"C1","ts":"1.9","deleted_ts":"1.1","previous_message":{"user":"U7","ts":"1.1"}})");
  ASSERT_TRUE(edit && gone);
  EXPECT_EQ(edit->type, EventType::edit);
  EXPECT_EQ(edit->message_id, "1.1");
  EXPECT_EQ(edit->text, "new");
  EXPECT_EQ(gone->type, EventType::removal);
  EXPECT_EQ(gone->message_id, "1.1");
}

TEST(SlackEvents, WhatIsNotWholeOrNotForUsIsNoEvent) {
  for (const std::string_view text :
       {R"({})", R"({"type":"message"})", R"({"type":"message","channel":"C1","user":"U7","text":"x"})",
        R"({"type":"message","channel":5,"ts":1.5})", R"({"type":"message","channel":"C1","ts":"now"})",
        R"({"type":"message","channel":"C 1","ts":"1.1"})",
        R"({"type":"message","subtype":"channel_join","channel":"C1","user":"U7","ts":"1.1"})",
        R"({"type":"message","subtype":"message_changed","channel":"C1"})",
        R"({"type":"reaction_added","user":"U7","item":{"type":"file"}})", R"({"type":"galaxy_exploded"})", R"([])"})
    EXPECT_FALSE(event(text)) << text;
  EXPECT_FALSE(event_from(parsed("[]"), kMe, kNames));
}

TEST(SlackEvents, FilesSayWhatTheyAreAndWhereTheyLie) {
  const auto found = event(
      R"({"type":"message","subtype":"file_share","channel":"D1","user":"U7","text":"","ts":"1.1","files":[
        {"id":"F1","name":"a.png","mimetype":"image/png","size":3,"url_private":"https://files.slack.com/a","url_private_download":"https://files.slack.com/d"},
        {"id":"F2","file_access":"check_file_info"},{"id":"F3","mode":"tombstone"},
        {"id":"F4","name":"v.mp4","mimetype":"audio/mp4","subtype":"slack_audio","url_private":"https://files.slack.com/v"}]})");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->attachments.size(), 3U);
  EXPECT_EQ(found->attachments[0].type, ports::Attachment::Type::image);
  EXPECT_EQ(found->attachments[0].reference, "https://files.slack.com/d");
  EXPECT_EQ(found->attachments[1].reference, "id:F2");
  EXPECT_EQ(found->attachments[2].type, ports::Attachment::Type::voice);
}

TEST(SlackEvents, AMessageThatWasPassedOnIsAQuote) {
  const auto shared = event(
      R"({"type":"message","channel":"D1","user":"U7","text":"look","ts":"1.1","attachments":[{"is_share":true,"author_name":"Bo","text":"the words","ts":"0.9"}]})");
  ASSERT_TRUE(shared && shared->quote);
  EXPECT_EQ(shared->quote->from, "Bo");
  EXPECT_EQ(shared->quote->text, "the words");
  EXPECT_EQ(shared->text, "look");
}

TEST(SlackEvents, ReactionsHaveTheSignThatPeopleSee) {
  const auto reaction = event(
      R"({"type":"reaction_removed","user":"U7","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1.1"}})");
  ASSERT_TRUE(reaction);
  EXPECT_EQ(reaction->emoji, "👀");
  EXPECT_TRUE(reaction->reaction_removed);
  EXPECT_EQ(emoji_of("party-parrot"), ":party-parrot:");
  EXPECT_EQ(emoji_name("👀"), "eyes");
  EXPECT_EQ(emoji_name("❤️"), "heart");
  EXPECT_EQ(emoji_name(":party-parrot:"), "party-parrot");
  EXPECT_FALSE(emoji_name("🪬"));
}

TEST(SlackCommands, TheOwnCommandCarriesWordsAndAnyOtherIsItself) {
  const auto command = [](std::string_view name, std::string_view text) {
    return command_from(
        parsed(fmt::format(
            R"({{"command":"{}","text":"{}","user_id":"U7","user_name":"ada","channel_id":"C1","channel_name":"team","trigger_id":"1.2.ab","response_url":"https://hooks.slack.com/x"}})",
            name, text)),
        kMe, "openclaw");
  };
  const auto words = command("/openclaw", "what is new");
  ASSERT_TRUE(words);
  EXPECT_EQ(words->text, "what is new");
  EXPECT_EQ(words->chat.thread_id, "slash-U7"); // seen by one, so a talk of its own
  EXPECT_EQ(words->event_id, "slash:1.2.ab");
  EXPECT_EQ(command("/openclaw", "/status")->chat.thread_id, "");
  EXPECT_EQ(command("/openclaw", "")->text, "/help");
  EXPECT_EQ(command("/status", "now")->text, "/status now");
  const auto token = reply_token_from(words->reply_token);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->user_id, "U7");
  EXPECT_EQ(token->response_url, "https://hooks.slack.com/x");
  EXPECT_FALSE(command_from(parsed(R"({"command":"/openclaw"})"), kMe, "openclaw"));
}

TEST(SlackText, WhatPeopleWroteBecomesPlainWords) {
  EXPECT_EQ(plain_words("<@U7> &amp; <@U8|bo> in <#C1|team>, <!here>", "UBOT", kNames), "@Ada & @bo in #team, @here");
  EXPECT_EQ(plain_words("see <https://a.b/?x=1&amp;y=2|this> and <https://a.b>", "UBOT", kNames),
            "see this (https://a.b/?x=1&y=2) and https://a.b");
  EXPECT_EQ(plain_words("<mailto:a@b.c|a@b.c>", "UBOT", kNames), "a@b.c");
  EXPECT_EQ(plain_words("<!date^1^{date}|Monday> <!subteam^S1|@team>", "UBOT", kNames), "Monday @team");
  EXPECT_EQ(plain_words("<@UBOT> /status", "UBOT", kNames), "/status");
  EXPECT_EQ(plain_words("a < b <", "UBOT", kNames), "a < b <");
  EXPECT_EQ(plain_words("&amp;lt;", "UBOT", kNames), "&lt;");
  EXPECT_EQ(mentioned_people("<@U1> <@U2|x> <@U1> <@", 8), (std::vector<std::string>{"U1", "U2"}));
}

TEST(SlackText, WhatAnAgentSaysBecomesMrkdwnThatRingsNobody) {
  using rich_text::Type;
  const auto bold = [] { return holder(Type::bold, {node(Type::text, "b")}); };
  EXPECT_EQ(mrkdwn(holder(Type::paragraph, {bold(), node(Type::text, " "), node(Type::code, "c<d")})), "*b* `c&lt;d`");
  EXPECT_EQ(mrkdwn(holder(Type::heading, {node(Type::text, "A "), bold()})), "*A b*");
  EXPECT_EQ(words("<!channel> and <@U7> and <@everyone> & <b>"),
            "&lt;!channel&gt; and <@U7> and &lt;@everyone&gt; &amp; &lt;b&gt;");
  EXPECT_EQ(linked("w|x", "https://a.b/?x=1&y=2|3"), "<https://a.b/?x=1&amp;y=2%7C3|w x>");
  EXPECT_EQ(linked("https://a.b", "https://a.b"), "<https://a.b>");
  EXPECT_EQ(linked("w", "javascript:alert(1)"), "w (javascript:alert(1))");
  EXPECT_EQ(mrkdwn(node(Type::code_block, "a < b", "cpp")), "```\na &lt; b\n```");
  EXPECT_EQ(mrkdwn(node(Type::code_block, "```")).find("```\n```"), std::string::npos);
}

TEST(SlackSignature, IsGoodOnceWithinFiveMinutesAndForTheseBytesOnly) {
  const Secret secret("8f742231b10e8888abcd99yyyzzz85a5");
  // The example of Slack's own documentation.
  const std::string body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
      "foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks."
      "slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
      "803a0bc887a14d10d2c447fce8b6703c";
  net::Headers headers{{"X-Slack-Request-Timestamp", "1531420618"},
                       {"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}};
  constexpr std::int64_t now = 1'531'420'618'000;
  using Verdict = SignatureCheck::Verdict;
  SignatureCheck check(secret);
  EXPECT_EQ(check.judge({}, body, now), Verdict::missing);
  EXPECT_EQ(check.judge(headers, body + " ", now), Verdict::wrong);
  EXPECT_EQ(check.judge(headers, body, now + 301'000), Verdict::stale);
  EXPECT_EQ(check.judge(headers, body, now - 301'000), Verdict::stale);
  EXPECT_EQ(check.judge(headers, body, now + 299'000), Verdict::good);
  EXPECT_EQ(check.judge(headers, body, now), Verdict::replayed);
  check.forget(headers);
  EXPECT_EQ(check.judge(headers, body, now), Verdict::good);
  headers.set("X-Slack-Request-Timestamp", "1531420618x");
  EXPECT_EQ(check.judge(headers, body, now), Verdict::stale);
}

TEST(SlackAnswers, SayWhetherAMessageMayHaveArrived) {
  const auto fault = [](int status, std::string body, net::Headers headers = {}) {
    const auto answer = read_answer({status, std::move(headers), std::move(body)});
    return answer.problem ? answer.problem->fault : ports::SendFault::unsupported;
  };
  using ports::SendFault;
  EXPECT_FALSE(read_answer({200, {}, R"({"ok":true})"}).problem);
  EXPECT_EQ(fault(429, ""), SendFault::retry_after);
  EXPECT_EQ(read_answer({429, {{"Retry-After", "7"}}, ""}).problem->retry_after_ms, 7000);
  EXPECT_EQ(fault(503, "<html>"), SendFault::transient);
  EXPECT_EQ(fault(200, "<html>"), SendFault::transient);
  EXPECT_EQ(fault(200, R"({"ok":false,"error":"fatal_error"})"), SendFault::ambiguous);
  EXPECT_EQ(fault(200, R"({"ok":false,"error":"invalid_auth"})"), SendFault::refused);
  EXPECT_EQ(fault(200, R"({"ok":false,"error":"channel_not_found"})"), SendFault::missing);
  EXPECT_EQ(fault(200, R"({"ok":false,"error":"msg_too_long"})"), SendFault::too_long);
  const auto scope = read_answer({200, {}, R"({"ok":false,"error":"missing_scope","needed":"files:read"})"});
  EXPECT_NE(scope.problem->message.find("files:read"), std::string::npos);
  EXPECT_EQ(refusal(scope, "botToken").kind, Kind::denied);
}

TEST(SlackAddresses, TheTokenGoesToSlackOnly) {
  constexpr std::string_view root = "https://slack.com/api/";
  EXPECT_TRUE(is_slack_address("https://files.slack.com/files-pri/x", root));
  EXPECT_TRUE(is_slack_address("https://hooks.slack.com/commands/x", root));
  EXPECT_FALSE(is_slack_address("http://files.slack.com/x", root));
  EXPECT_FALSE(is_slack_address("https://evilslack.com/x", root));
  EXPECT_FALSE(is_slack_address("https://slack.com.evil.org/x", root));
  EXPECT_FALSE(is_slack_address("https://slack.com@evil.org/x", root));
  EXPECT_TRUE(is_slack_address("http://127.0.0.1:8083/x", "http://127.0.0.1:8083/api/"));
  EXPECT_FALSE(is_slack_address("http://127.0.0.1:8084/x", "http://127.0.0.1:8083/api/"));
}

TEST(SlackTargets, AreIdsHoweverTheyAreWritten) {
  for (const std::string_view text : {"U12", "user:U12", "slack:U12", "@U12", "<@U12>", "user:u12"}) {
    const auto chat = chat_from_target(text);
    ASSERT_TRUE(chat) << text;
    EXPECT_EQ(chat->id, "U12");
    EXPECT_EQ(chat->kind, ChatKind::direct);
  }
  const auto thread = chat_from_target("channel:C12:thread:1.5");
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->id, "C12");
  EXPECT_EQ(thread->thread_id, "1.5");
  for (const std::string_view text : {"", "general", "#general", "user:", "C12:thread:x", "X12"})
    EXPECT_FALSE(chat_from_target(text)) << text;
}

TEST(SlackLanes, KeepTheOrderOfAChat) {
  EXPECT_EQ(lane_of({"e", "events_api", parsed(R"({"event":{"channel":"C1"}})")}), "C1");
  EXPECT_EQ(lane_of({"e", "events_api", parsed(R"({"event":{"item":{"channel":"C2"}}})")}), "C2");
  EXPECT_EQ(lane_of({"e", "slash_commands", parsed(R"({"channel_id":"C3"})")}), "C3");
  EXPECT_EQ(lane_of({"e", "interactive", json::value()}), "");
}

} // namespace
} // namespace openclaw::extensions::slack
