#include "extensions/channels/whatsapp/events.hpp"

#include "extensions/channels/whatsapp/dialect.hpp"
#include "extensions/channels/whatsapp/installation.hpp"
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::extensions::whatsapp {
namespace {

using ports::Attachment;
using ports::EventType;

const Me kMe{"15550001111@s.whatsapp.net", "111@lid"};

json::value parsed(std::string_view text) {
  return parse_json(text, "test").value();
}
json::value direct(std::string_view content, std::string_view more = "") {
  return parsed(fmt::format(R"({{"id":"3A01","chat":"15550002222:4@s.whatsapp.net","chatAlt":"222@lid","name":"Ada",)"
                            R"("at":100{},"content":{}}})",
                            more, content));
}
json::value in_group(std::string_view content) {
  return parsed(fmt::format(R"({{"id":"3A02","chat":"1203@g.us","participant":"222:1@lid",)"
                            R"("participantAlt":"15550002222@s.whatsapp.net","name":"Ada","at":100,"content":{}}})",
                            content));
}
ports::InboundEvent event(const json::value& message) {
  return event_from(message, kMe).value();
}

TEST(WhatsAppEvents, AMessageNamesItsPersonByNumberWithTheHiddenNameBeside) {
  const auto got = event(direct(R"({"conversation":"hello"})"));
  EXPECT_EQ(got.type, EventType::message);
  EXPECT_EQ(got.text, "hello");
  EXPECT_EQ(got.from.id, "+15550002222");
  EXPECT_EQ(got.from.other_ids, (std::vector<std::string>{"15550002222@s.whatsapp.net", "15550002222", "222@lid"}));
  EXPECT_EQ(got.chat.id, "15550002222@s.whatsapp.net");
  EXPECT_EQ(got.chat.kind, ports::ChatKind::direct);
  EXPECT_EQ(got.message_id, "3A01");
  EXPECT_EQ(got.sent_ms, 100'000);
  EXPECT_FALSE(got.from.is_self);
}

TEST(WhatsAppEvents, TheSameMessageHasTheSameIdInEachDeliveryAndAnotherPersonsAnother) {
  const auto once = event(direct(R"({"conversation":"a"})"));
  EXPECT_EQ(once.event_id, event(direct(R"({"conversation":"a"})", R"(,"self":false)")).event_id);
  EXPECT_NE(once.event_id, event(in_group(R"({"conversation":"a"})")).event_id);
  EXPECT_LE(once.event_id.size(), 100u);
}

TEST(WhatsAppEvents, SomebodyWithoutANumberIsNamedByTheHiddenName) {
  const auto got = event(parsed(R"({"id":"1","chat":"333@lid","chatAlt":"","content":{"conversation":"x"}})"));
  EXPECT_EQ(got.from.id, "333@lid");
  EXPECT_EQ(got.chat.id, "333@lid");
  const auto known =
      event(parsed(R"({"id":"1","chat":"333@lid","chatAlt":"1555@s.whatsapp.net","content":{"conversation":"x"}})"));
  EXPECT_EQ(known.from.id, "+1555");
  EXPECT_EQ(known.chat.id, "1555@s.whatsapp.net");
}

TEST(WhatsAppEvents, BothOfOurNamesAreAMentionAndAQuoteOfUsIsAReply) {
  for (const char* name : {"15550001111@s.whatsapp.net", "111@lid", "111:7@lid"})
    EXPECT_TRUE(
        event(in_group(fmt::format(
                  R"({{"extendedTextMessage":{{"text":"hi","contextInfo":{{"mentionedJid":["{}"]}}}}}})", name)))
            .mentions_me)
        << name;
  EXPECT_FALSE(
      event(in_group(R"({"extendedTextMessage":{"text":"@15550001111","contextInfo":{"mentionedJid":["9@lid"]}}})"))
          .mentions_me);
  const auto reply =
      event(in_group(R"({"extendedTextMessage":{"text":"yes","contextInfo":{"stanzaId":"Q1","participant":"111@lid",)"
                     R"("quotedMessage":{"conversation":"shall I?"}}}})"));
  EXPECT_TRUE(reply.replies_to_me);
  ASSERT_TRUE(reply.quote);
  EXPECT_EQ(reply.quote->text, "shall I?");
  EXPECT_EQ(reply.message_id, "3A02/222@lid") << "who quotes it must name its author";
  EXPECT_EQ(reply.chat.kind, ports::ChatKind::group);
  EXPECT_EQ(reply.from.id, "+15550002222");
}

TEST(WhatsAppEvents, EditsRemovalsAndReactionsNameTheirMessage) {
  const auto edit = event(direct(
      R"({"protocolMessage":{"key":{"id":"3A00"},"type":"MESSAGE_EDIT","editedMessage":{"conversation":"new"}}})"));
  EXPECT_EQ(edit.type, EventType::edit);
  EXPECT_EQ(edit.message_id, "3A00");
  EXPECT_EQ(edit.text, "new");
  EXPECT_EQ(event(direct(R"({"protocolMessage":{"key":{"id":"3A00"},"type":"REVOKE"}})")).type, EventType::removal);
  EXPECT_EQ(event(direct(R"({"protocolMessage":{"type":"REVOKE"}})")).type, EventType::membership);
  const auto reaction = event(direct(R"({"reactionMessage":{"key":{"id":"3EB0"},"text":"👍"}})"));
  EXPECT_EQ(reaction.type, EventType::reaction);
  EXPECT_EQ(reaction.emoji, "👍");
  EXPECT_TRUE(event(direct(R"({"reactionMessage":{"key":{"id":"3EB0"},"text":""}})")).reaction_removed);
}

TEST(WhatsAppEvents, FilesAreNamedWithWhatFetchingNeeds) {
  const auto got = event(direct(
      R"({"audioMessage":{"mimetype":"audio/ogg; codecs=opus","ptt":true,"fileLength":300,"mediaKey":"AA==","directPath":"/v/1"}})"));
  ASSERT_EQ(got.attachments.size(), 1u);
  EXPECT_EQ(got.attachments[0].type, Attachment::Type::voice);
  EXPECT_EQ(got.attachments[0].mime_type, "audio/ogg");
  EXPECT_EQ(got.attachments[0].bytes, 300);
  EXPECT_EQ(got.attachments[0].reference, R"({"kind":"audio","media":{"directPath":"/v/1","mediaKey":"AA=="}})");
  EXPECT_EQ(event(direct(R"({"imageMessage":{"caption":"look"}})")).text, "look");
  EXPECT_EQ(event(direct(R"({"stickerMessage":{}})")).attachments[0].type, Attachment::Type::sticker);
}

TEST(WhatsAppEvents, WhatIsNoMessageIsNothing) {
  for (const char* text :
       {"{}", "[]", R"({"id":"1"})", R"({"id":"1","chat":"x","content":{}})",
        R"({"id":"1","chat":"status@broadcast","content":{"conversation":"x"}})",
        R"({"id":"1","chat":"1@g.us","content":{"conversation":"x"}})", R"({"id":1,"chat":[],"content":5})"})
    EXPECT_FALSE(event_from(parsed(text), kMe)) << text;
  EXPECT_EQ(event(direct("{}")).type, EventType::membership);
}

TEST(WhatsAppEvents, TargetsAreNumbersAndNamesOfWhatsApps) {
  EXPECT_EQ(chat_from("+1 (555) 000-2222")->id, "15550002222@s.whatsapp.net");
  EXPECT_EQ(chat_from("whatsapp:15550002222")->id, "15550002222@s.whatsapp.net");
  EXPECT_EQ(chat_from("120363-1@g.us")->kind, ports::ChatKind::group);
  for (const char* target : {"", "ada", "123", "@g.us", "x@g.us", "status@broadcast", "1234567890123456"})
    EXPECT_FALSE(chat_from(target)) << target;
}

TEST(WhatsAppEvents, NumbersBehindAnAtAreMentions) {
  EXPECT_EQ(mentions_in("hi @15550002222 and (@15550003333), again @15550002222"),
            (std::vector<std::string>{"15550002222@s.whatsapp.net", "15550003333@s.whatsapp.net"}));
  EXPECT_TRUE(mentions_in("mail a@15550002222, @everyone, @12").empty());
}

TEST(WhatsAppEvents, AKeyIsAlwaysTheSameMessage) {
  EXPECT_EQ(message_id_of("run-1-0"), message_id_of("run-1-0"));
  EXPECT_NE(message_id_of("run-1-0"), message_id_of("run-1-1"));
  EXPECT_EQ(message_id_of("x").size(), 22u);
  EXPECT_EQ(message_id_of("x").find_first_not_of("0123456789ABCDEF"), std::string::npos);
}

TEST(WhatsAppEvents, TheCodeOfACloseDecidesWhatIsDone) {
  EXPECT_EQ(judge_close(401, true).action, CloseAction::relink);
  for (const int code : {403, 405, 411, 440}) {
    EXPECT_EQ(judge_close(code, true).action, CloseAction::stop) << code;
    EXPECT_EQ(judge_close(code, true).error.kind, Kind::denied) << code;
    EXPECT_FALSE(judge_close(code, true).error.hint.empty()) << code;
  }
  for (const int code : {0, 408, 428, 500, 503, 515})
    EXPECT_EQ(judge_close(code, true).action, CloseAction::retry) << code;
  EXPECT_EQ(judge_close(408, false).action, CloseAction::stop) << "nobody scanned the code";
}

TEST(WhatsAppDialect, CodeCannotEndItsOwnBlockAndLinksAreBare) {
  const auto& all = marks();
  EXPECT_EQ(all.escape_code("a ``` b"), "a ``\xE2\x80\x8B` b");
  EXPECT_EQ(all.escape_code("a `` b"), "a `` b");
  EXPECT_EQ(all.link("here", "https://x.example"), "here (https://x.example)");
  EXPECT_EQ(all.link("https://x.example", "https://x.example"), "https://x.example");
  EXPECT_EQ(all.code_block("cpp", "int x;\n"), "```\nint x;\n```");
}

TEST(WhatsAppInstallation, TheVersionOfNodeIsRead) {
  EXPECT_EQ(node_major("v20.11.1"), 20);
  EXPECT_EQ(node_major("v9.0.0"), 9);
  EXPECT_EQ(node_major("nothing"), 0);
  EXPECT_EQ(node_major(""), 0);
}

} // namespace
} // namespace openclaw::extensions::whatsapp
