#include "extensions/channels/msteams/activities.hpp"
#include "extensions/channels/msteams/html.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::msteams {
namespace {

using ports::ChatKind;
using ports::EventType;

json::value parsed(std::string_view text) {
  auto value = parse_json(text, "activity");
  EXPECT_TRUE(value) << text;
  return value.value_or(json::value());
}
std::vector<ports::InboundEvent> events(std::string_view text) {
  return events_from(parsed(text), "app");
}

constexpr std::string_view kDirect = R"({"type":"message","id":"17","text":"hello","serviceUrl":"https://s/",
  "from":{"id":"29:x","aadObjectId":"Ada-1","name":"Ada"},"recipient":{"id":"28:app","name":"Claw"},
  "conversation":{"id":"a:1","conversationType":"personal","tenantId":"t"}})";

TEST(TeamsActivities, ADirectMessageIsFromTheDirectorysPerson) {
  const auto found = events(kDirect);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].type, EventType::message);
  EXPECT_EQ(found[0].chat.id, "a:1");
  EXPECT_EQ(found[0].chat.kind, ChatKind::direct);
  EXPECT_EQ(found[0].from.id, "Ada-1");
  EXPECT_EQ(found[0].from.other_ids, std::vector<std::string>{"29:x"});
  EXPECT_EQ(found[0].text, "hello");
  EXPECT_EQ(found[0].message_id, "17");
  EXPECT_FALSE(found[0].mentions_me);
  EXPECT_TRUE(valid_id(found[0].event_id));
  EXPECT_LE(found[0].event_id.size(), 100U);
  EXPECT_EQ(events(kDirect)[0].event_id, found[0].event_id) << "the same in each delivery";
}

TEST(TeamsActivities, AChannelsThreadIsItsFirstMessage) {
  const auto found = events(R"({"type":"message","id":"18","text":"<at>Claw</at>&nbsp;ask <at id=\"1\">Bo</at> <ath>",
    "from":{"id":"29:x"},"recipient":{"id":"28:app"},
    "entities":[{"type":"clientInfo"},{"type":"mention","text":"<at>Claw</at>","mentioned":{"id":"28:app"}},
                {"type":"mention","text":"<at id=\"1\">Bo</at>","mentioned":{"id":"29:bo"}}],
    "conversation":{"id":"19:c@thread.tacv2;messageid=17","conversationType":"channel","isGroup":true},
    "channelData":{"team":{"id":"19:t@thread.tacv2"},"channel":{"id":"19:c@thread.tacv2","name":"General"}}})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].chat.id, "19:c@thread.tacv2");
  EXPECT_EQ(found[0].chat.thread_id, "17");
  EXPECT_EQ(found[0].chat.space_id, "19:t@thread.tacv2");
  EXPECT_EQ(found[0].chat.title, "General");
  EXPECT_EQ(found[0].chat.kind, ChatKind::channel);
  EXPECT_TRUE(found[0].mentions_me);
  EXPECT_EQ(found[0].text, "ask @Bo <ath>");
}

TEST(TeamsActivities, AnAnswerToOurMessageIsSeenInItsQuote) {
  const auto quoted = [](std::string_view who) {
    auto activity = parsed(kDirect);
    activity.as_object()["attachments"] = json::array{json::object{
        {"contentType", "text/html"},
        {"content", "<blockquote itemscope=\"\" itemtype=\"http://schema.skype.com/Reply\" itemid=\"16\">\r\n<strong "
                    "itemprop=\"mri\" itemid=\"" +
                        std::string(who) +
                        "\">Claw</strong><span itemprop=\"time\" itemid=\"16\"></span>\r\n<p itemprop=\"preview\">it "
                        "is 5 &lt; 6</p>\r\n</blockquote>\r\n<p>hello</p>"}}};
    return events_from(activity, "app")[0];
  };
  EXPECT_TRUE(quoted("28:app").replies_to_me);
  EXPECT_FALSE(quoted("29:bo").replies_to_me);
  const auto event = quoted("28:app");
  ASSERT_TRUE(event.quote);
  EXPECT_EQ(event.quote->message_id, "16");
  EXPECT_EQ(event.quote->from, "Claw");
  EXPECT_EQ(event.quote->text, "it is 5 < 6");
  EXPECT_TRUE(event.attachments.empty());
}

TEST(TeamsActivities, FilesArePicturesWithOurTokenAndDownloadsWithout) {
  auto activity = parsed(kDirect);
  activity.as_object()["attachments"] = parsed(R"([
    {"contentType":"image/*","contentUrl":"https://smba/v3/attachments/1/views/original"},
    {"contentType":"application/vnd.microsoft.teams.file.download.info","name":"a.PDF","contentUrl":"https://x.sharepoint.com/a.PDF",
     "content":{"downloadUrl":"https://x.sharepoint.com/d?temp=1","fileType":"pdf"}},
    {"contentType":"application/vnd.microsoft.card.adaptive","content":{}},
    {"contentType":"text/html","content":"<p>hello</p>"}, 7])");
  const auto event = events_from(activity, "app").at(0);
  ASSERT_EQ(event.attachments.size(), 2U);
  EXPECT_EQ(event.attachments[0].type, ports::Attachment::Type::image);
  EXPECT_TRUE(file_address(event.attachments[0].reference).with_token);
  EXPECT_EQ(event.attachments[1].type, ports::Attachment::Type::document);
  EXPECT_EQ(event.attachments[1].file_name, "a.PDF");
  EXPECT_FALSE(file_address(event.attachments[1].reference).with_token);
  EXPECT_EQ(file_address(event.attachments[1].reference).url, "https://x.sharepoint.com/d?temp=1");
}

TEST(TeamsActivities, EditsRemovalsReactionsAndChangesAreEventsOfTheirOwn) {
  const auto changed = [](std::string_view type, json::object more = {}) {
    auto activity = parsed(kDirect);
    activity.as_object()["type"] = type;
    for (auto& [key, value] : more)
      activity.as_object()[key] = value;
    return events_from(activity, "app");
  };
  EXPECT_EQ(changed("messageUpdate").at(0).type, EventType::edit);
  EXPECT_EQ(changed("messageDelete").at(0).type, EventType::removal);
  EXPECT_EQ(changed("conversationUpdate").at(0).type, EventType::membership);
  EXPECT_EQ(changed("message", {{"text", "/status now"}}).at(0).type, EventType::command);
  EXPECT_EQ(changed("message", {{"text", ""}}).at(0).type, EventType::membership);
  EXPECT_TRUE(changed("typing").empty());
  EXPECT_TRUE(changed("invoke").empty());
  const auto reactions =
      changed("messageReaction", {{"replyToId", "9"},
                                  {"reactionsAdded", json::array{json::object{{"type", "like"}}}},
                                  {"reactionsRemoved", json::array{json::object{{"type", "1f525"}}, 5}}});
  ASSERT_EQ(reactions.size(), 3U);
  EXPECT_EQ(reactions[0].emoji, "👍");
  EXPECT_EQ(reactions[0].message_id, "9");
  EXPECT_FALSE(reactions[0].reaction_removed);
  EXPECT_TRUE(reactions[1].reaction_removed);
  EXPECT_NE(reactions[0].event_id, reactions[1].event_id);
}

TEST(TeamsActivities, BotsAndOurOwnEchoAreKnown) {
  auto activity = parsed(kDirect);
  activity.as_object()["from"] = json::object{{"id", "28:other"}};
  EXPECT_TRUE(events_from(activity, "app").at(0).from.is_bot);
  EXPECT_FALSE(events_from(activity, "app").at(0).from.is_self);
  activity.as_object()["from"] = json::object{{"id", "28:app"}};
  EXPECT_TRUE(events_from(activity, "app").at(0).from.is_self);
}

TEST(TeamsActivities, WrongTypesAreSimplyAbsent) {
  EXPECT_TRUE(events("5").empty());
  EXPECT_TRUE(events("{}").empty());
  EXPECT_TRUE(events(R"({"type":"message","conversation":{"id":"a:1"}})").empty());
  const auto found =
      events(R"({"type":"message","id":"1","text":{"a":1},"from":[],"conversation":{"id":"a:1"},"entities":"none",
    "attachments":7,"channelData":[]})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].type, EventType::membership);
}

TEST(TeamsActivities, AConversationIsRememberedAsWritten) {
  const auto reference = reference_from(parsed(kDirect));
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->service_url, "https://s/");
  EXPECT_EQ(reference_of(reference_text(*reference)), reference);
  EXPECT_FALSE(reference_of(""));
  EXPECT_FALSE(reference_from(parsed("{}")));
}

TEST(TeamsHtml, WordsAreEscapedAndListsNested) {
  using ports::rich_text::Node;
  using ports::rich_text::Type;
  const Node words{Type::text, "a < b & \"c\"\nd", "", 0, {}};
  const Node paragraph{Type::paragraph, "", "", 0, {words}};
  const Node inner{Type::list, "", "", 3, {Node{Type::item, "", "", 0, {paragraph}}}};
  const Node list{Type::list, "", "", 0, {Node{Type::item, "", "", 0, {paragraph, inner}}}};
  EXPECT_EQ(html_of(Node{Type::document, "", "", 0, {list}}),
            "<ul><li>a &lt; b &amp; &quot;c&quot;<br>d<ol start=\"3\"><li>a &lt; b &amp; "
            "&quot;c&quot;<br>d</li></ol></li></ul>");
  const Node link{Type::link, "", "javascript:alert(1)", 0, {Node{Type::text, "x", "", 0, {}}}};
  EXPECT_EQ(html_of(link), "x (javascript:alert(1))");
}

} // namespace
} // namespace openclaw::extensions::msteams
