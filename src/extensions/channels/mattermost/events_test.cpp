#include "extensions/channels/mattermost/dialect.hpp"
#include "extensions/channels/mattermost/events.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::mattermost {
namespace {

using ports::ChatKind;
using ports::EventType;

const Me kMe{"clawid", "claw"};

json::object post(std::string_view message, json::object more = {}) {
  json::object post{{"id", "p1"},    {"channel_id", "c1"}, {"user_id", "adaid"}, {"create_at", 17},
                    {"root_id", ""}, {"type", ""},         {"message", message}};
  for (auto& [key, value] : more)
    post[key] = value;
  return post;
}
std::optional<ports::InboundEvent> event(std::string_view name, json::object post, std::string_view type = "O",
                                         const Addressing& addressing = {}) {
  json::object data{{"channel_type", type},
                    {"channel_display_name", "Town"},
                    {"team_id", "t1"},
                    {"post", to_text(json::value(std::move(post)))}};
  return event_from(json::object{{"event", name}, {"data", std::move(data)}}, kMe, addressing);
}

TEST(MattermostEvents, APostIsAMessageOfItsChannelAndThread) {
  const auto direct = event("posted", post("hello"), "D");
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->type, EventType::message);
  EXPECT_EQ(direct->chat.kind, ChatKind::direct);
  EXPECT_EQ(direct->from.id, "adaid");
  EXPECT_EQ(direct->text, "hello");
  EXPECT_EQ(direct->event_id, "post-p1");
  EXPECT_EQ(direct->sent_ms, 17);
  const auto thread = event("posted", post("hello", {{"root_id", "p0"}}));
  EXPECT_EQ(thread->chat.thread_id, "p0");
  EXPECT_EQ(thread->chat.kind, ChatKind::channel);
  EXPECT_EQ(thread->chat.space_id, "t1");
  EXPECT_EQ(thread->chat.title, "Town");
  EXPECT_EQ(event("posted", post("hello"), "G")->chat.kind, ChatKind::group);
}

TEST(MattermostEvents, AMentionIsAWordOfItsOwn) {
  EXPECT_TRUE(event("posted", post("@claw what now"))->mentions_me);
  EXPECT_EQ(event("posted", post("@Claw what now"))->text, "what now");
  EXPECT_EQ(event("posted", post("ask @claw."))->text, "ask @claw.");
  EXPECT_TRUE(event("posted", post("ask @claw."))->mentions_me);
  EXPECT_FALSE(event("posted", post("@clawdia what now"))->mentions_me);
  EXPECT_FALSE(event("posted", post("@claw.x what now"))->mentions_me);
  EXPECT_FALSE(event("posted", post("me@claw what now"))->mentions_me);
  EXPECT_TRUE(event("posted", post("@clawdia and @claw"))->mentions_me);
}

TEST(MattermostEvents, TheChatModesMeanItWithoutAMention) {
  EXPECT_TRUE(event("posted", post("anything"), "O", {true, {}})->mentions_me);
  const Addressing marks{false, {">", "!"}};
  EXPECT_FALSE(event("posted", post("anything"), "O", marks)->mentions_me);
  EXPECT_TRUE(event("posted", post("! do it"), "O", marks)->mentions_me);
  EXPECT_EQ(event("posted", post("! do it"), "O", marks)->text, "do it");
}

TEST(MattermostEvents, BotsNoticesCommandsFilesAndReactionsAreKnown) {
  EXPECT_TRUE(event("posted", post("x", {{"props", json::object{{"from_webhook", "true"}}}}))->from.is_bot);
  EXPECT_TRUE(event("posted", post("x", {{"user_id", "clawid"}}))->from.is_self);
  EXPECT_EQ(event("posted", post("joined", {{"type", "system_join_channel"}}))->type, EventType::membership);
  EXPECT_EQ(event("posted", post(" /status"))->type, EventType::command);
  EXPECT_EQ(event("posted", post("@claw /status"))->type, EventType::command);
  EXPECT_EQ(event("post_edited", post("other"))->type, EventType::edit);
  EXPECT_EQ(event("post_deleted", post("other"))->type, EventType::removal);
  const auto file = json::object{{"id", "f1"}, {"name", "a.png"}, {"mime_type", "image/png"}, {"size", 7}};
  const auto with_file = event("posted", post("", {{"metadata", json::object{{"files", json::array{file, 5}}}}}));
  ASSERT_EQ(with_file->attachments.size(), 1U);
  EXPECT_EQ(with_file->attachments[0].type, ports::Attachment::Type::image);
  EXPECT_EQ(with_file->attachments[0].bytes, 7);
  const auto reaction = event_from(
      json::object{{"event", "reaction_added"},
                   {"data", json::object{{"reaction", R"({"user_id":"adaid","post_id":"p1","emoji_name":"+1"})"}}},
                   {"broadcast", json::object{{"channel_id", "c1"}}}},
      kMe, {});
  ASSERT_TRUE(reaction);
  EXPECT_EQ(reaction->emoji, "👍");
  EXPECT_EQ(reaction->chat.id, "c1");
  EXPECT_EQ(emoji_of("parrot"), ":parrot:");
}

TEST(MattermostEvents, WhatIsBrokenIsNothing) {
  EXPECT_FALSE(event_from(json::object{{"event", "posted"}}, kMe, {}));
  EXPECT_FALSE(event_from(json::array{}, kMe, {}));
  EXPECT_FALSE(event("posted", {}));
  EXPECT_FALSE(event("posted", post("x", {{"id", "../../users/me"}})));
  EXPECT_FALSE(event("posted", post("x", {{"root_id", "a/b"}})));
  EXPECT_FALSE(event("typing", post("x")));
  EXPECT_FALSE(event_of_post(post("x", {{"delete_at", 5}}), json::object{}, kMe, {}));
  EXPECT_EQ(event_of_post(post("x"), json::object{{"type", "D"}}, kMe, {})->chat.kind, ChatKind::direct);
}

TEST(MattermostDialect, WordsStayWordsAndNobodyIsRung) {
  using ports::rich_text::Node;
  using ports::rich_text::Type;
  const auto paragraph = [](Node inner) {
    return markdown_of(Node{Type::document, "", "", 0, {Node{Type::paragraph, "", "", 0, {std::move(inner)}}}});
  };
  const auto text = [](std::string words) { return Node{Type::text, std::move(words), "", 0, {}}; };
  EXPECT_EQ(paragraph(text("a*b* <c> #d")), "a\\*b\\* \\<c\\> \\#d");
  EXPECT_EQ(paragraph(text("1. no list")), "1\\. no list");
  EXPECT_EQ(paragraph(text("- no list")), "\\- no list");
  EXPECT_EQ(paragraph(text("1.5 and 1")), "1\\.5 and 1");
  EXPECT_EQ(paragraph(text("@all and @ada")), "@\u200ball and @ada");
  EXPECT_EQ(paragraph(text("@Channel")), "@\u200bChannel");
  EXPECT_EQ(paragraph(Node{Type::link, "", "https://a_b.example/x", 0, {text("https://a_b.example/x")}}),
            "https://a_b.example/x");
  EXPECT_EQ(paragraph(Node{Type::link, "", "https://a.example/(x) y", 0, {text("x")}}),
            "[x](https://a.example/%28x%29%20y)");
  const Node code{Type::code_block, "a```b", "c++ x", 0, {}};
  EXPECT_EQ(markdown_of(Node{Type::document, "", "", 0, {code}}), "```c++\na``\u200b`b\n```");
}

} // namespace
} // namespace openclaw::extensions::mattermost
