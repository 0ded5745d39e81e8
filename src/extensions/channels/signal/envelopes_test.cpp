#include "extensions/channels/signal/envelopes.hpp"

#include "extensions/channels/signal/daemon.hpp"
#include "extensions/channels/signal/daemon_api.hpp"
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::extensions::signal {
namespace {

using ports::EventType;
using ports::SendFault;

const Me kMe{"+15550009999", "aaaa0000-0000-4000-8000-000000000001"};

json::value received(std::string_view content, std::string_view number = R"("+15550000007")") {
  return *parse_json(
      fmt::format(
          R"({{"envelope":{{"sourceNumber":{},"sourceUuid":"BBBB0000-0000-4000-8000-000000000002","sourceName":"Ada","timestamp":1700000000001,{}}},"account":"+15550009999"}})",
          number, content),
      "envelope");
}

TEST(SignalEnvelopes, a_direct_message_is_from_its_number_and_its_uuid) {
  const auto event = event_from(received(R"("dataMessage":{"timestamp":1700000000001,"message":"hi"})"), kMe);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, EventType::message);
  EXPECT_EQ(event->text, "hi");
  EXPECT_EQ(event->chat.id, "+15550000007");
  EXPECT_EQ(event->from.id, "+15550000007");
  EXPECT_EQ(event->from.other_ids,
            (std::vector<std::string>{"bbbb0000-0000-4000-8000-000000000002",
                                      "uuid:bbbb0000-0000-4000-8000-000000000002", "15550000007"}));
  EXPECT_EQ(event->event_id, "1700000000001-bbbb0000-0000-4000-8000-000000000002");
  EXPECT_EQ(event->message_id, "1700000000001");
  EXPECT_FALSE(event->from.is_self);
}

TEST(SignalEnvelopes, who_hides_their_number_is_known_by_uuid_and_answered_by_it) {
  const auto event = event_from(received(R"("dataMessage":{"timestamp":5,"message":"hi"})", "null"), kMe);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->from.id, "uuid:bbbb0000-0000-4000-8000-000000000002");
  EXPECT_EQ(to_text(json::value(target_of(event->chat))), R"({"recipient":["bbbb0000-0000-4000-8000-000000000002"]})");
}

TEST(SignalEnvelopes, mentions_stand_where_their_placeholders_stood_counted_in_utf16) {
  const auto event = event_from(
      received(
          R"("dataMessage":{"timestamp":5,"message":"😀 ￼ and ￼","groupInfo":{"groupId":"Zw==","groupName":"Team"},)"
          R"("mentions":[{"name":"Bo","number":"+15550000008","start":9,"length":1},)"
          R"({"name":"+15550009999","number":"+15550009999","start":3,"length":1}]})"),
      kMe);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "😀 @+15550009999 and @Bo");
  EXPECT_TRUE(event->mentions_me);
  EXPECT_EQ(event->chat.kind, ports::ChatKind::group);
  EXPECT_EQ(event->message_id, "5:+15550000007");
}

TEST(SignalEnvelopes, our_own_mention_at_the_beginning_does_not_hide_a_command) {
  const auto event =
      event_from(received(R"("dataMessage":{"timestamp":5,"message":"￼ /status","groupInfo":{"groupId":"Zw=="},)"
                          R"("mentions":[{"uuid":"AAAA0000-0000-4000-8000-000000000001","start":0,"length":1}]})"),
                 kMe);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "/status");
  EXPECT_TRUE(event->mentions_me);
}

TEST(SignalEnvelopes, mentions_beyond_the_text_or_of_no_length_change_nothing) {
  const auto event = event_from(
      received(
          R"("dataMessage":{"timestamp":5,"message":"ab","mentions":[{"name":"X","start":90,"length":4},)"
          R"({"name":"Y","start":0,"length":0},{"name":"Z","start":-1,"length":1},{"name":"W","start":1,"length":99}]})"),
      kMe);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "a@W");
}

TEST(SignalEnvelopes, an_edit_a_removal_and_a_reaction_name_the_message_they_are_about) {
  const auto edit = event_from(
      received(R"("editMessage":{"targetSentTimestamp":4,"dataMessage":{"timestamp":9,"message":"better"}})"), kMe);
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->type, EventType::edit);
  EXPECT_EQ(edit->message_id, "4");
  EXPECT_EQ(edit->text, "better");
  const auto removal = event_from(received(R"("dataMessage":{"timestamp":9,"remoteDelete":{"timestamp":4}})"), kMe);
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->type, EventType::removal);
  EXPECT_EQ(removal->message_id, "4");
  const auto reaction = event_from(
      received(
          R"("dataMessage":{"timestamp":9,"groupInfo":{"groupId":"Zw=="},"reaction":{"emoji":"👍","targetAuthor":"+15550000008",)"
          R"("targetAuthorNumber":"+15550000008","targetSentTimestamp":4,"isRemove":true}})"),
      kMe);
  ASSERT_TRUE(reaction);
  EXPECT_EQ(reaction->type, EventType::reaction);
  EXPECT_EQ(reaction->message_id, "4:+15550000008");
  EXPECT_TRUE(reaction->reaction_removed);
}

TEST(SignalEnvelopes, a_quote_of_ours_is_a_reply_to_us) {
  const auto event =
      event_from(received(R"("dataMessage":{"timestamp":9,"message":"why?","groupInfo":{"groupId":"Zw=="},)"
                          R"("quote":{"id":4,"authorNumber":"+15550009999","text":"because"}})"),
                 kMe);
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->replies_to_me);
  EXPECT_EQ(event->quote->message_id, "4");
  EXPECT_EQ(event->quote->text, "because");
}

TEST(SignalEnvelopes, an_attachment_is_asked_for_with_its_one_sender_or_its_group) {
  auto event =
      event_from(received(R"("dataMessage":{"timestamp":9,"message":null,"attachments":[)"
                          R"({"contentType":"image/png","filename":"a.png","id":"x.png","size":8},{"id":""}]})"),
                 kMe);
  ASSERT_TRUE(event);
  ASSERT_EQ(event->attachments.size(), 1U);
  EXPECT_EQ(event->attachments[0].type, ports::Attachment::Type::image);
  const auto parameters = attachment_parameters(event->attachments[0].reference);
  ASSERT_TRUE(parameters);
  EXPECT_EQ(string_or(*parameters, "recipient"), "+15550000007");
  EXPECT_EQ(string_or(*parameters, "id"), "x.png");
}

TEST(SignalEnvelopes, what_is_not_said_to_us_is_nothing) {
  for (const std::string_view content :
       {R"("typingMessage":{"action":"STARTED","timestamp":1})", R"("receiptMessage":{"when":1,"isRead":true})",
        R"("syncMessage":{"sentMessage":{"message":"mine"}})", R"("callMessage":{"offerMessage":{"id":1}})",
        R"("storyMessage":{"allowsReplies":true})", R"("dataMessage":7)",
        R"("dataMessage":{"timestamp":"x"},"timestamp":0)"})
    EXPECT_FALSE(event_from(received(content), kMe)) << content;
  const auto group_change =
      event_from(received(R"("dataMessage":{"timestamp":9,"groupInfo":{"groupId":"Zw==","type":"UPDATE"}})"), kMe);
  ASSERT_TRUE(group_change);
  EXPECT_EQ(group_change->type, EventType::membership);
  const auto own = event_from(received(R"("dataMessage":{"timestamp":9,"message":"hi"})", R"("+15550009999")"), kMe);
  ASSERT_TRUE(own);
  EXPECT_TRUE(own->from.is_self);
}

TEST(SignalEnvelopes, message_names_are_times_with_an_author_behind_them_or_none) {
  EXPECT_EQ(message_name("17:+1555")->author, "+1555");
  EXPECT_EQ(message_name("17")->timestamp, 17);
  for (const std::string_view bad : {"", "x", "0", "-4", "17x", "17 ", ":+1555"})
    EXPECT_FALSE(message_name(bad)) << bad;
}

SendFault fault_of(int status, std::string_view body) {
  const auto answer = read_answer(status, body);
  EXPECT_TRUE(answer.problem) << body;
  return answer.problem ? answer.problem->fault : SendFault::bad_format;
}

TEST(SignalAnswers, what_signal_cli_says_decides_what_happens_with_the_message) {
  const auto error = [](int code, std::string_view message) {
    return fmt::format(R"({{"jsonrpc":"2.0","error":{{"code":{},"message":"{}","data":null}},"id":"1"}})", code,
                       message);
  };
  const auto result = [](std::string_view type) {
    return fmt::format(R"({{"jsonrpc":"2.0","result":{{"timestamp":5,"results":[{{"type":"{}"}}]}},"id":"1"}})", type);
  };
  EXPECT_EQ(fault_of(200, error(-32602, "Specified account does not exist")), SendFault::refused);
  EXPECT_EQ(fault_of(200, error(-32601, "Method not implemented")), SendFault::unsupported);
  EXPECT_EQ(fault_of(200, error(-1, "Invalid textStyle syntax (x) expected 'start:length:STYLE'")),
            SendFault::bad_format);
  EXPECT_EQ(fault_of(200, error(-1, "The user +1 is not registered.")), SendFault::missing);
  EXPECT_EQ(fault_of(200, error(-3, "Failed to send message: x (UnknownHostException)")), SendFault::transient);
  EXPECT_EQ(fault_of(200, error(-3, "Failed to send message: Connection closed!")), SendFault::ambiguous);
  EXPECT_EQ(fault_of(200, error(-4, "untrusted")), SendFault::refused);
  EXPECT_EQ(fault_of(200, result("UNREGISTERED_FAILURE")), SendFault::missing);
  EXPECT_EQ(fault_of(200, result("IDENTITY_FAILURE")), SendFault::refused);
  EXPECT_EQ(fault_of(200, result("NETWORK_FAILURE")), SendFault::ambiguous);
  EXPECT_EQ(fault_of(500, ""), SendFault::transient);
  EXPECT_EQ(fault_of(404, "<h1>404</h1>"), SendFault::refused);
  EXPECT_EQ(fault_of(200, "{}"), SendFault::ambiguous);
  const auto limited = read_answer(
      200, R"({"jsonrpc":"2.0","error":{"code":-5,"message":"m","data":{"response":{"timestamp":5,"results":[)"
           R"({"type":"RATE_LIMIT_FAILURE","token":"secret-challenge","retryAfterSeconds":7}]}}},"id":"1"})");
  ASSERT_TRUE(limited.problem);
  EXPECT_EQ(limited.problem->fault, SendFault::retry_after);
  EXPECT_EQ(limited.problem->retry_after_ms, 7000);
  EXPECT_EQ(limited.problem->message.find("secret-challenge"), std::string::npos);
  const auto partly = read_answer(
      200, R"({"result":{"timestamp":5,"results":[{"type":"UNREGISTERED_FAILURE"},{"type":"SUCCESS"}]},"id":"1"})");
  EXPECT_FALSE(partly.problem) << "a group in which one member is gone got it";
}

TEST(SignalDaemon, only_faults_that_a_person_can_mend_are_taken_from_its_output) {
  EXPECT_EQ(remedy_for("User +15550001111 is not registered.")->kind, Kind::denied);
  EXPECT_EQ(remedy_for("java.lang.UnsupportedClassVersionError: org/asamk/signal/Main")->kind, Kind::denied);
  EXPECT_EQ(remedy_for("java.net.BindException: Address already in use")->kind, Kind::busy);
  EXPECT_FALSE(remedy_for("Body: a message that somebody wrote"));
}

} // namespace
} // namespace openclaw::extensions::signal
