#include "extensions/channels/imessage/messages.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::extensions::imessage {
namespace {

using ports::EventType;

Rules rules() {
  return {[](std::string_view chat) { return chat == "42"; }, [](std::string_view guid) { return guid == "OURS"; }};
}

std::optional<ports::InboundEvent> event_of(std::string_view fields) {
  const auto value = parse_json(fmt::format(R"({{"subscription":1,"message":{{{}}}}})", fields), "message");
  EXPECT_TRUE(value);
  return event_from(*value, rules());
}

TEST(IMessage, a_direct_message_is_from_a_handle_in_its_chat_and_goes_on_behind_its_row) {
  const auto event = event_of(
      R"("id":17,"chat_id":7,"guid":"A-1","sender":"iMessage:+1 (555) 000-0007","text":" hi ","is_group":false)");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, EventType::message);
  EXPECT_EQ(event->from.id, "+15550000007");
  EXPECT_EQ(event->chat.id, "7");
  EXPECT_EQ(event->chat.kind, ports::ChatKind::direct);
  EXPECT_EQ(event->text, "hi");
  EXPECT_EQ(event->event_id, "A-1");
  EXPECT_EQ(event->checkpoint, "17");
  EXPECT_EQ(event->from.other_ids, (std::vector<std::string>{"15550000007", "chat_id:7"}));
}

TEST(IMessage, a_chat_that_the_settings_call_a_group_is_one) {
  EXPECT_EQ(event_of(R"("id":1,"chat_id":42,"sender":"a@b.c","text":"x")")->chat.kind, ports::ChatKind::group);
  EXPECT_EQ(event_of(R"("id":1,"chat_id":43,"sender":"a@b.c","text":"x","is_group":true)")->chat.kind,
            ports::ChatKind::group);
}

TEST(IMessage, addresses_are_lower_case_and_numbers_hold_no_decoration) {
  EXPECT_EQ(handle_of(" Ada@Example.ORG "), "ada@example.org");
  EXPECT_EQ(handle_of("sms:+1 (555) 123-4567"), "+15551234567");
}

TEST(IMessage, files_are_no_words_and_one_that_is_not_loaded_has_no_reference) {
  const auto event = event_of(
      R"("id":1,"chat_id":7,"sender":"+1555","text":"￼look","attachments":[)"
      R"({"original_path":"/Users/a/Library/Messages/Attachments/x/p.png","mime_type":"image/png","total_bytes":9,"missing":false},)"
      R"({"original_path":"/x","mime_type":"image/png","transfer_name":"late.png","missing":true},7])");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "look");
  ASSERT_EQ(event->attachments.size(), 2U);
  EXPECT_EQ(event->attachments[0].file_name, "p.png");
  EXPECT_EQ(event->attachments[1].file_name, "late.png");
  EXPECT_TRUE(event->attachments[1].reference.empty());
}

TEST(IMessage, a_reply_to_ours_speaks_to_us) {
  EXPECT_TRUE(event_of(R"("id":1,"chat_id":42,"sender":"+1555","text":"x","reply_to_guid":"OURS")")->replies_to_me);
  EXPECT_FALSE(event_of(R"("id":1,"chat_id":42,"sender":"+1555","text":"x","reply_to_guid":"THEIRS")")->replies_to_me);
}

TEST(IMessage, reactions_and_our_own_messages_are_told_apart) {
  const auto reaction = event_of(
      R"("id":1,"chat_id":7,"sender":"+1555","text":"Liked","is_reaction":true,"reaction_emoji":"👍","is_reaction_add":false,"reacted_to_guid":"OURS")");
  ASSERT_TRUE(reaction);
  EXPECT_EQ(reaction->type, EventType::reaction);
  EXPECT_TRUE(reaction->reaction_removed);
  EXPECT_EQ(reaction->message_id, "OURS");
  EXPECT_TRUE(event_of(R"("id":1,"chat_id":7,"sender":"","text":"mine","is_from_me":true)")->from.is_self);
  EXPECT_FALSE(event_of(R"("id":1,"chat_id":7,"sender":"","text":"nobody's")"));
}

TEST(IMessage, targets_of_people_are_what_imsg_takes) {
  const auto sent_to = [](std::string_view target) {
    const auto chat = chat_from_target(target);
    return chat ? to_text(json::value(target_of(*chat))) : std::string("refused");
  };
  EXPECT_EQ(sent_to("chat_id:42"), R"({"chat_id":42})");
  EXPECT_EQ(sent_to("chat_guid:iMessage;+;c1"), R"({"chat_guid":"iMessage;+;c1"})");
  EXPECT_EQ(sent_to("sms:+1 555 1234567"), R"({"to":"+15551234567","service":"sms"})");
  EXPECT_EQ(sent_to("Ada@example.org"), R"({"to":"ada@example.org"})");
  EXPECT_EQ(sent_to("chat_id:"), "refused");
  EXPECT_EQ(sent_to("not a person"), "refused");
}

TEST(IMessage, only_files_that_messages_stored_are_fetched) {
  EXPECT_TRUE(is_attachment_path("/Users/a/Library/Messages/Attachments/ab/x y.png"));
  EXPECT_TRUE(is_attachment_path("~/Library/Messages/Attachments/ab/x.png"));
  for (const std::string_view path :
       {"/etc/passwd", "/Users/a/Library/Messages/Attachments/../chat.db",
        "-oProxyCommand=x/Library/Messages/Attachments/y", "/Users/a/Library/Messages/Attachments/*",
        "/Users/a/Library/Messages/Attachments/a\nb"})
    EXPECT_FALSE(is_attachment_path(path)) << path;
}

TEST(IMessage, ssh_gets_words_and_nothing_that_a_shell_reads_otherwise) {
  const auto command = ssh_command("/usr/bin/ssh", "bot@mac-mini", "/opt/homebrew/bin/imsg", "/Users/bot/chat.db");
  ASSERT_TRUE(command);
  const std::vector<std::string> end(command->end() - 7, command->end());
  EXPECT_EQ(end, (std::vector<std::string>{"-T", "--", "bot@mac-mini", "/opt/homebrew/bin/imsg", "rpc", "--db",
                                           "/Users/bot/chat.db"}));
  EXPECT_FALSE(ssh_command("ssh", "-oProxyCommand=x", "imsg", ""));
  EXPECT_FALSE(ssh_command("ssh", "mac", "imsg; rm", ""));
  EXPECT_FALSE(ssh_command("ssh", "mac", "imsg", "$(x)"));
  EXPECT_FALSE(ssh_command("ssh", "mac mini", "imsg", ""));
}

TEST(IMessage, what_stands_on_standard_error_is_forgotten_but_for_what_a_person_can_mend) {
  EXPECT_EQ(remedy_for("Host key verification failed.")->kind, Kind::denied);
  EXPECT_EQ(remedy_for("zsh:1: command not found: imsg")->kind, Kind::denied);
  EXPECT_EQ(remedy_for("Error: unable to open database file (authorization denied)")->kind, Kind::denied);
  EXPECT_FALSE(remedy_for("a private message of somebody"));
}

} // namespace
} // namespace openclaw::extensions::imessage
