#include "extensions/channels/telegram/updates.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::extensions::telegram {
namespace {

using ports::Attachment;
using ports::EventType;

const Me kMe{"4242", "claw_bot"};

json::value parsed(std::string_view text) {
  return parse_json(text, "test").value();
}
// A message in a private chat with `more` beside the usual fields.
json::value message(std::string_view more, std::int64_t number = 1) {
  return parsed(
      fmt::format(R"({{"update_id":{},"message":{{"message_id":5,"date":100,"from":{{"id":7,"first_name":"Ada",)"
                  R"("last_name":"L","username":"ada"}},"chat":{{"id":7,"type":"private"}}{}{}}}}})",
                  number, more.empty() ? "" : ",", more));
}
ports::InboundEvent event(const json::value& update) {
  return event_from(update, kMe).value();
}

TEST(TelegramUpdates, AMessageHasItsPersonItsPlaceAndWhereTheStreamGoesOn) {
  const auto got = event(message(R"("text":"hello")", 41));
  EXPECT_EQ(got.type, EventType::message);
  EXPECT_EQ(got.text, "hello");
  EXPECT_EQ(got.from.id, "7");
  EXPECT_EQ(got.from.name, "Ada L");
  EXPECT_EQ(got.from.handle, "@ada");
  EXPECT_EQ(got.chat.kind, ports::ChatKind::direct);
  EXPECT_EQ(got.message_id, "5");
  EXPECT_EQ(got.sent_ms, 100'000);
  EXPECT_EQ(got.event_id, "update-41");
  EXPECT_EQ(got.checkpoint, "42");
}

TEST(TelegramUpdates, OffsetsCountUtf16UnitsSoAMentionBehindAnEmojiIsSeen) {
  EXPECT_TRUE(
      event(message(R"("text":"👍 @Claw_Bot hi","entities":[{"type":"mention","offset":3,"length":9}])")).mentions_me);
  EXPECT_FALSE(
      event(message(R"("text":"👍 @claw_bot hi","entities":[{"type":"mention","offset":2,"length":9}])")).mentions_me);
  EXPECT_FALSE(event(message(R"("text":"@other","entities":[{"type":"mention","offset":0,"length":6}])")).mentions_me);
  EXPECT_TRUE(
      event(message(R"("text":"you","entities":[{"type":"text_mention","offset":0,"length":3,"user":{"id":4242}}])"))
          .mentions_me);
}

TEST(TelegramUpdates, ACommandLosesOurNameAndOneForAnotherBotIsNone) {
  const auto ours =
      event(message(R"("text":"/status@claw_bot now","entities":[{"type":"bot_command","offset":0,"length":16}])"));
  EXPECT_EQ(ours.type, EventType::command);
  EXPECT_EQ(ours.text, "/status now");
  const auto others =
      event(message(R"("text":"/status@other_bot","entities":[{"type":"bot_command","offset":0,"length":17}])"));
  EXPECT_EQ(others.type, EventType::message);
  const auto inside =
      event(message(R"("text":"see /status","entities":[{"type":"bot_command","offset":4,"length":7}])"));
  EXPECT_EQ(inside.type, EventType::message);
}

TEST(TelegramUpdates, OnlyTopicsAreThreads) {
  EXPECT_EQ(event(message(R"("text":"x","message_thread_id":9,"is_topic_message":true)")).chat.thread_id, "9");
  EXPECT_EQ(event(message(R"("text":"x","message_thread_id":9)")).chat.thread_id, "");
  // Each message of a topic says that it replies to the one that opened it.
  EXPECT_FALSE(event(message(R"("text":"x","reply_to_message":{"message_id":9,"forum_topic_created":{}})")).quote);
}

TEST(TelegramUpdates, AReplyToOurMessageIsSeenAndQuoted) {
  const auto got = event(message(
      R"("text":"and?","reply_to_message":{"message_id":3,"from":{"id":4242,"first_name":"Claw"},"caption":"before"})"));
  EXPECT_TRUE(got.replies_to_me);
  ASSERT_TRUE(got.quote);
  EXPECT_EQ(got.quote->text, "before");
  EXPECT_EQ(got.quote->message_id, "3");
}

TEST(TelegramUpdates, TheLargestPictureIsTakenAndAnAnimationOnce) {
  const auto photo =
      event(message(R"("caption":"look","photo":[{"file_id":"small"},{"file_id":"large","file_size":90}])"));
  ASSERT_EQ(photo.attachments.size(), 1U);
  EXPECT_EQ(photo.attachments[0].reference, "large");
  EXPECT_EQ(photo.attachments[0].bytes, 90);
  EXPECT_EQ(photo.text, "look");
  const auto moving = event(message(R"("animation":{"file_id":"A"},"document":{"file_id":"A"})"));
  ASSERT_EQ(moving.attachments.size(), 1U);
  EXPECT_EQ(moving.attachments[0].type, Attachment::Type::video);
  EXPECT_EQ(event(message(R"("voice":{"file_id":"V"})")).attachments.at(0).type, Attachment::Type::voice);
}

TEST(TelegramUpdates, AnAlbumIsOneEventAndWhatIsBetweenEndsIt) {
  const auto item = [](std::string_view id, std::string_view more, std::int64_t number) {
    return message(fmt::format(R"("media_group_id":"g","photo":[{{"file_id":"{}"}}]{})", id, more), number);
  };
  const json::array updates{item("A", R"(,"caption":"three")", 1), item("B", "", 2), message(R"("text":"between")", 3),
                            item("C", "", 4)};
  const auto events = events_from(updates, kMe);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].event_id, "update-1");
  EXPECT_EQ(events[0].checkpoint, "3");
  EXPECT_EQ(events[0].text, "three");
  ASSERT_EQ(events[0].attachments.size(), 2U);
  EXPECT_EQ(events[0].attachments[1].reference, "B");
  EXPECT_EQ(events[1].text, "between");
  EXPECT_EQ(events[2].attachments.size(), 1U);
  EXPECT_EQ(album_of(updates[0]), "7/g");
  EXPECT_EQ(album_of(updates[2]), "");
  EXPECT_EQ(album_of(parsed(R"({"update_id":1,"edited_message":{"chat":{"id":7},"media_group_id":"g"}})")), "");
}

TEST(TelegramUpdates, EditsButtonsReactionsAndMembershipsAreWhatTheyAre) {
  const auto edit = event(
      parsed(R"({"update_id":1,"edited_message":{"message_id":5,"chat":{"id":7,"type":"private"},"text":"new"}})"));
  EXPECT_EQ(edit.type, EventType::edit);
  EXPECT_EQ(edit.text, "new");
  const auto button = event(parsed(
      R"({"update_id":1,"callback_query":{"id":"q","data":"yes","from":{"id":7},"message":{"message_id":5,"from":{"id":4242},"chat":{"id":7,"type":"private"},"text":"?"}}})"));
  EXPECT_EQ(button.type, EventType::callback);
  EXPECT_EQ(button.text, "yes");
  EXPECT_EQ(button.from.id, "7");
  EXPECT_EQ(button.reply_token, "q");
  const auto reaction = [](std::string_view before, std::string_view now) {
    return event(parsed(fmt::format(
        R"({{"update_id":1,"message_reaction":{{"chat":{{"id":-5,"type":"group"}},"message_id":5,"user":{{"id":7}},"old_reaction":[{}],"new_reaction":[{}]}}}})",
        before, now)));
  };
  const auto set = reaction("", R"({"type":"emoji","emoji":"👍"})");
  EXPECT_EQ(set.type, EventType::reaction);
  EXPECT_EQ(set.emoji, "👍");
  EXPECT_FALSE(set.reaction_removed);
  const auto taken = reaction(R"({"type":"emoji","emoji":"👍"})", "");
  EXPECT_TRUE(taken.reaction_removed);
  EXPECT_EQ(taken.emoji, "👍");
  EXPECT_FALSE(reaction("", R"({"type":"custom_emoji","custom_emoji_id":"1"})").reaction_removed);
  EXPECT_EQ(event(message(R"("new_chat_members":[{"id":4242}])")).type, EventType::membership);
}

TEST(TelegramUpdates, AGroupThatMovedIsNoticed) {
  const auto moved = moved_group(parsed(
      R"({"update_id":1,"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"migrate_to_chat_id":-1005}})"));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->first, "-5");
  EXPECT_EQ(moved->second, "-1005");
  EXPECT_FALSE(moved_group(message(R"("text":"x")")));
}

TEST(TelegramUpdates, BrokenUpdatesAreNothing) {
  for (const std::string_view text :
       {"{}", "[]", "7", R"({"update_id":"x","message":{}})", R"({"update_id":1})", R"({"update_id":1,"message":5})",
        R"({"update_id":1,"message":{"message_id":"x","chat":5,"from":[],"text":{}}})",
        R"({"update_id":1,"callback_query":{"message":[]}})",
        R"({"update_id":1,"message_reaction":{"chat":{},"user":4}})"})
    EXPECT_FALSE(event_from(parsed(text), kMe)) << text;
  // A part that is not what it should be is left out; the rest is read.
  EXPECT_EQ(event(message(R"("location":[1,2],"photo":{},"entities":{},"reply_to_message":[])")).type,
            EventType::membership);
  EXPECT_EQ(event(message(R"("location":{"latitude":1.5,"longitude":2})")).text, "[Location: 1.50000, 2.00000]");
}

TEST(TelegramUpdates, TheGeneralTopicIsLeftOutWhereASendGoes) {
  ports::Chat chat;
  chat.id = "-5";
  chat.thread_id = "1";
  EXPECT_FALSE(target_of(chat).contains("message_thread_id"));
  chat.thread_id = "9";
  EXPECT_EQ(target_of(chat).at("message_thread_id").as_int64(), 9);
}

TEST(TelegramUpdates, CommandNamesAreThoseThatTelegramTakes) {
  EXPECT_TRUE(is_command_name("status_2"));
  for (const std::string_view name : {"", "Status", "new-session", "ü", "a23456789012345678901234567890123"})
    EXPECT_FALSE(is_command_name(name)) << name;
}

} // namespace
} // namespace openclaw::extensions::telegram
