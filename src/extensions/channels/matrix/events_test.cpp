#include "extensions/channels/matrix/client_api.hpp"
#include "extensions/channels/matrix/events.hpp"
#include "extensions/channels/matrix/rooms.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::matrix {
namespace {

using ports::Attachment;
using ports::EventType;

const Me kMe{"@claw:example.org", "Claw"};

RoomFacts team() {
  RoomFacts room;
  room.id = "!team:example.org";
  room.title = "Team";
  room.names = {{"@ada:example.org", "Ada"}};
  return room;
}

json::value event(std::string_view content, std::string_view type = "m.room.message") {
  json::object whole{{"type", type},
                     {"event_id", "$one"},
                     {"sender", "@ada:example.org"},
                     {"origin_server_ts", 1234},
                     {"content", parse_json(content, "content").value()}};
  return whole;
}

ports::InboundEvent read(std::string_view content, const RoomFacts& room = team()) {
  const auto found = event_from(event(content), kMe, room);
  EXPECT_TRUE(found.has_value()) << content;
  return found.value_or(ports::InboundEvent{});
}

TEST(MatrixEvents, AMessageSaysWhoSaidWhatWhere) {
  const auto said = read(R"({"msgtype":"m.text","body":"hello"})");
  EXPECT_EQ(said.type, EventType::message);
  EXPECT_EQ(said.message_id, "$one");
  EXPECT_EQ(said.event_id.size(), 40u);
  EXPECT_EQ(said.from.id, "@ada:example.org");
  EXPECT_EQ(said.from.name, "Ada");
  EXPECT_EQ(said.chat.id, "!team:example.org");
  EXPECT_EQ(said.chat.kind, ports::ChatKind::group);
  EXPECT_EQ(said.text, "hello");
  EXPECT_FALSE(said.mentions_me);
  EXPECT_FALSE(said.from.is_bot);
}

TEST(MatrixEvents, NoticesAreWhatProgramsSay) {
  EXPECT_TRUE(read(R"({"msgtype":"m.notice","body":"beep"})").from.is_bot);
}

TEST(MatrixEvents, OurOwnEchoesStateAndOtherThingsAreNothing) {
  auto own = event(R"({"msgtype":"m.text","body":"me"})");
  own.as_object()["sender"] = kMe.id;
  EXPECT_FALSE(event_from(own, kMe, team()));
  auto state = event(R"({"msgtype":"m.text","body":"me"})");
  state.as_object()["state_key"] = "";
  EXPECT_FALSE(event_from(state, kMe, team()));
  EXPECT_FALSE(event_from(event(R"({"msgtype":"org.example.game","body":"me"})"), kMe, team()));
  EXPECT_FALSE(event_from(json::value(7), kMe, team()));
}

TEST(MatrixEvents, IntentionalMentionsSayWhoIsMeantAndWordsDoNot) {
  EXPECT_TRUE(read(R"({"msgtype":"m.text","body":"x","m.mentions":{"user_ids":["@claw:example.org"]}})").mentions_me);
  EXPECT_TRUE(read(R"({"msgtype":"m.text","body":"x","m.mentions":{"room":true}})").mentions_me);
  EXPECT_FALSE(read(R"({"msgtype":"m.text","body":"claw, hello","m.mentions":{}})").mentions_me);
  EXPECT_TRUE(read(R"({"msgtype":"m.text","body":"x","m.mentions":{},
      "formatted_body":"<a href=\"https://matrix.to/#/@claw:example.org\">Claw</a>"})")
                  .mentions_me);
  EXPECT_FALSE(read(R"({"msgtype":"m.text","body":"x",
      "formatted_body":"<a href=\"https://matrix.to/#/@claw:example.org.evil\">Claw</a>"})")
                   .mentions_me);
}

TEST(MatrixEvents, AnOldClientMentionsByOurName) {
  EXPECT_TRUE(read(R"({"msgtype":"m.text","body":"CLAW: hello"})").mentions_me);
  EXPECT_TRUE(read(R"({"msgtype":"m.text","body":"hello @claw:example.org"})").mentions_me);
  EXPECT_FALSE(read(R"({"msgtype":"m.text","body":"the clawfoot tub"})").mentions_me);
}

TEST(MatrixEvents, ACommandBehindOurNameIsACommand) {
  for (const std::string_view body : {"/status", "Claw: /status", "@claw:example.org /status", "@claw, /status"}) {
    const auto said = read(to_text(json::object{{"msgtype", "m.text"}, {"body", body}}));
    EXPECT_EQ(said.type, EventType::command) << body;
    EXPECT_EQ(said.text, "/status") << body;
  }
  EXPECT_EQ(read(R"({"msgtype":"m.text","body":"Claw: what is /status?"})").type, EventType::message);
}

TEST(MatrixEvents, AReplyIsAQuoteWithoutTheOldFallback) {
  auto said = read(R"({"msgtype":"m.text","body":"> <@bo:example.org> before\n> more\n\nyes",
      "m.relates_to":{"m.in_reply_to":{"event_id":"$before"}}})");
  ASSERT_TRUE(said.quote);
  EXPECT_EQ(said.quote->message_id, "$before");
  EXPECT_EQ(said.text, "yes");
  auto replied = event(R"({"msgtype":"m.text","body":"what I said"})");
  replied.as_object()["sender"] = kMe.id;
  fill_quote(said, replied, kMe, team());
  EXPECT_TRUE(said.replies_to_me);
  EXPECT_EQ(said.quote->text, "what I said");
}

constexpr std::string_view kInThread =
    R"({"msgtype":"m.text","body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$root","is_falling_back":true,
        "m.in_reply_to":{"event_id":"$root"}}})";

TEST(MatrixEvents, AThreadIsAPlaceAndItsFallbackNoReply) {
  const auto said = read(kInThread);
  EXPECT_EQ(said.chat.thread_id, "$root");
  EXPECT_FALSE(said.quote);
}

TEST(MatrixEvents, ThreadsCanBeOffOrForEveryMessage) {
  auto room = team();
  room.threads = ThreadReplies::off;
  EXPECT_EQ(read(kInThread, room).chat.thread_id, "");
  room.threads = ThreadReplies::always;
  EXPECT_EQ(read(kInThread, room).chat.thread_id, "$root");
  EXPECT_EQ(read(R"({"msgtype":"m.text","body":"x"})", room).chat.thread_id, "$one");
  room.direct = true;
  EXPECT_EQ(read(R"({"msgtype":"m.text","body":"x"})", room).chat.thread_id, "");
}

TEST(MatrixEvents, AnEditARemovalAndAReactionNameTheirMessage) {
  const auto edit = read(R"({"msgtype":"m.text","body":"* new","m.new_content":{"msgtype":"m.text","body":"new"},
      "m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})");
  EXPECT_EQ(edit.type, EventType::edit);
  EXPECT_EQ(edit.message_id, "$old");
  EXPECT_EQ(edit.text, "new");
  const auto removal = event_from(event(R"({"redacts":"$old"})", "m.room.redaction"), kMe, team());
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->type, EventType::removal);
  EXPECT_EQ(removal->message_id, "$old");
  const auto reaction = event_from(
      event(R"({"m.relates_to":{"rel_type":"m.annotation","event_id":"$old","key":"👍"}})", "m.reaction"), kMe, team());
  ASSERT_TRUE(reaction);
  EXPECT_EQ(reaction->emoji, "👍");
  EXPECT_EQ(reaction->message_id, "$old");
}

TEST(MatrixEvents, FilesHaveANameACaptionAndAnAddress) {
  const auto plain = read(R"({"msgtype":"m.image","body":"cat.png","url":"mxc://example.org/abc",
      "info":{"mimetype":"image/png","size":12}})");
  ASSERT_EQ(plain.attachments.size(), 1u);
  EXPECT_EQ(plain.attachments[0].type, Attachment::Type::image);
  EXPECT_EQ(plain.attachments[0].file_name, "cat.png");
  EXPECT_EQ(plain.attachments[0].bytes, 12);
  EXPECT_EQ(plain.attachments[0].reference, "mxc://example.org/abc");
  EXPECT_EQ(plain.text, "");
  const auto captioned = read(R"({"msgtype":"m.file","body":"read this","filename":"a.pdf","url":"mxc://e/x"})");
  EXPECT_EQ(captioned.text, "read this");
  EXPECT_EQ(captioned.attachments[0].file_name, "a.pdf");
  const auto voice =
      read(R"({"msgtype":"m.audio","body":"Voice message","url":"mxc://e/x","org.matrix.msc3245.voice":{}})");
  EXPECT_EQ(voice.attachments[0].type, Attachment::Type::voice);
}

TEST(MatrixEvents, OnlyAddressesOfFilesAreFetched) {
  EXPECT_EQ(parse_mxc("mxc://example.org:8448/Ab-c_1"),
            (std::pair<std::string, std::string>{"example.org:8448", "Ab-c_1"}));
  for (const std::string_view bad : {"", "https://example.org/a", "mxc://example.org", "mxc:///a", "mxc://e/../x",
                                     "mxc://e/a?b", "mxc://e/..", "mxc://a b/c"})
    EXPECT_FALSE(parse_mxc(bad)) << bad;
}

json::array timeline(std::string_view text) {
  return parse_json(text, "timeline").value().as_array();
}

TEST(MatrixEvents, WhatWasSaidBeforeWeWereInvitedIsNotForUs) {
  constexpr std::string_view kInvite =
      R"({"type":"m.room.member","state_key":"@claw:example.org","content":{"membership":"invite"}})";
  constexpr std::string_view kJoin =
      R"({"type":"m.room.member","state_key":"@claw:example.org","content":{"membership":"join"},
          "unsigned":{"prev_content":{"membership":"invite"}}})";
  constexpr std::string_view kNewName =
      R"({"type":"m.room.member","state_key":"@claw:example.org","content":{"membership":"join"},
          "unsigned":{"prev_content":{"membership":"join"}}})";
  const auto of = [](std::initializer_list<std::string_view> events) {
    std::string text = "[";
    for (const auto one : events)
      text += (text.size() > 1 ? "," : "") + std::string(one);
    return first_for_us(timeline(text + "]"), kMe.id);
  };
  EXPECT_EQ(of({"{}", kInvite, "{}", kJoin, "{}"}), 2u);
  EXPECT_EQ(of({"{}", kJoin, "{}"}), 2u);
  EXPECT_EQ(of({"{}", kNewName, "{}"}), 0u);
  EXPECT_EQ(of({"{}", "{}"}), 0u);
  EXPECT_EQ(of({kInvite, kJoin, "{}", kInvite}), 1u);
}

TEST(MatrixRooms, TwoInARoomWithoutANameAndMarkedRoomsAreDirectAThirdPersonMakesAGroup) {
  Rooms rooms;
  const auto count = [](int members, std::string_view state = "") {
    return parse_json(R"({"summary":{"m.joined_member_count":)" + std::to_string(members) + R"(},"state":{"events":[)" +
                          std::string(state) + "]}}",
                      "room")
        .value();
  };
  rooms.take("!two", count(2));
  rooms.take("!named", count(2, R"({"type":"m.room.name","state_key":"","content":{"name":"Ops"}})"));
  rooms.take("!three", count(3));
  EXPECT_TRUE(rooms.is_direct("!two"));
  EXPECT_FALSE(rooms.is_direct("!named"));
  EXPECT_FALSE(rooms.is_direct("!three"));
  rooms.take_direct(parse_json(R"({"@ada:e":["!named","!three","!gone"],"nobody":["!two"],"@bo:e":7})", "d").value());
  EXPECT_TRUE(rooms.is_direct("!named"));
  EXPECT_FALSE(rooms.is_direct("!three"));
  EXPECT_EQ(rooms.direct_room("@ada:e"), "!named");
  EXPECT_EQ(rooms.direct_room("@bo:e"), "");
  EXPECT_EQ(rooms.title("!named"), "Ops");
  EXPECT_FALSE(rooms.encrypted("!two"));
  rooms.take("!two", count(2, R"({"type":"m.room.encryption","state_key":"","content":{}})"));
  EXPECT_TRUE(rooms.encrypted("!two"));
}

TEST(MatrixRooms, AnUpgradeCountsWhenBothRoomsSaySo) {
  Rooms rooms;
  const auto state = [](std::string_view event) {
    return parse_json(R"({"state":{"events":[)" + std::string(event) + "]}}", "room").value();
  };
  const auto replaced_by = [&](std::string_view next) {
    return state(
        R"({"type":"m.room.tombstone","state_key":"","sender":"@ada:far.test","content":{"replacement_room":")" +
        std::string(next) + R"("}})");
  };
  const auto made_for = [&](std::string_view former) {
    return state(R"({"type":"m.room.create","state_key":"","content":{"predecessor":{"room_id":")" +
                 std::string(former) + R"("}}})");
  };
  rooms.take("!old", replaced_by("!new"));
  EXPECT_EQ(rooms.named_replacement("!old"), "!new");
  EXPECT_EQ(rooms.replaced_by("!old"), "far.test");
  EXPECT_EQ(rooms.latest("!old"), "!old") << "we are not in the new one";
  rooms.take("!false", made_for("!old"));
  EXPECT_EQ(rooms.predecessor("!false"), "");
  rooms.take("!new", made_for("!old"));
  EXPECT_EQ(rooms.latest("!old"), "!new");
  EXPECT_EQ(rooms.predecessor("!new"), "!old");
  rooms.take("!new", replaced_by("!newest"));
  rooms.take("!newest", made_for("!new"));
  EXPECT_EQ(rooms.latest("!old"), "!newest");
  rooms.take("!stolen", replaced_by("!newest"));
  EXPECT_EQ(rooms.latest("!stolen"), "!stolen") << "the new room does not know it";
  // Two rooms that name each other in a circle.
  rooms.take("!newest", replaced_by("!old"));
  rooms.take("!old", made_for("!newest"));
  EXPECT_FALSE(rooms.latest("!old").empty());
}

TEST(MatrixJson, OneUnreadableEventDoesNotHideTheOthers) {
  const std::string deep =
      R"({"a":[)" + std::string(1000, '[') + "1,\"]\"" + std::string(1000, ']') + R"(],"b":"x]\"["})";
  ASSERT_FALSE(parse_json(deep, "deep"));
  const auto read = parse_json(readable_json(deep, 10), "deep");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(string_or(*read, "b"), "x]\"[");
  EXPECT_TRUE(parse_json(readable_json("{\"a\":\"\xff\xfe\"}", 10), "bytes"));
  EXPECT_EQ(readable_json(R"({"a":[1,{"b":"c"}]})", 10), R"({"a":[1,{"b":"c"}]})");
}

TEST(MatrixApi, IdsInPathsAreEncoded) {
  EXPECT_EQ(client_path({"rooms", "!a/b:e", "send"}), "/_matrix/client/v3/rooms/%21a%2Fb%3Ae/send");
}

} // namespace
} // namespace openclaw::extensions::matrix
