// What Discord says and what is said to it, without a network.
#include "base/encoding.hpp"
#include "extensions/channels/discord/dialect.hpp"
#include "extensions/channels/discord/events.hpp"
#include "extensions/channels/discord/rest_api.hpp"
#include "extensions/channels/discord/voice.hpp"
#include "ports/fake_http_client.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::discord {
namespace {

using ports::EventType;
using ports::rich_text::Node;
using ports::rich_text::Type;

const Me kMe{"100", "claw", "100"};

json::value parsed(std::string_view text) {
  auto value = parse_json(text, "test");
  EXPECT_TRUE(value) << text;
  return value ? *value : json::value();
}
std::optional<ports::InboundEvent> event(std::string_view type, std::string_view data, std::string_view role = "") {
  return event_from(type, parsed(data), 9, kMe, role);
}

TEST(DiscordEvents, ReadAGuildMessageWithMentionReplyAndFile) {
  const auto got = event("MESSAGE_CREATE", R"({"id":"175928847299117063","channel_id":"600","guild_id":"500",
    "author":{"id":"7","username":"ada","global_name":"Ada"},"member":{"nick":"Countess"},"content":"<@100> hi <@8> <:cat:12>",
    "mentions":[{"id":"100"},{"id":"8","username":"bo","global_name":"Bo"}],"type":19,
    "referenced_message":{"id":"5","content":"old","author":{"id":"100","username":"claw"}},
    "attachments":[{"id":"1","filename":"a.png","content_type":"image/png","size":9,"url":"https://cdn.discordapp.com/a"}]})");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->type, EventType::message);
  EXPECT_EQ(got->event_id, "message-175928847299117063");
  EXPECT_EQ(got->sent_ms, 1462015105796); // as in Discord's documentation of its ids
  EXPECT_EQ(got->chat.kind, ports::ChatKind::channel);
  EXPECT_EQ(got->chat.space_id, "500");
  EXPECT_EQ(got->from.name, "Countess");
  EXPECT_EQ(got->text, "hi @Bo :cat:");
  EXPECT_TRUE(got->mentions_me);
  EXPECT_TRUE(got->replies_to_me);
  ASSERT_EQ(got->attachments.size(), 1u);
  EXPECT_EQ(got->attachments[0].type, ports::Attachment::Type::image);
}

TEST(DiscordEvents, TakeTheRoleThatDiscordMadeForUsAsAMention) {
  const auto text =
      R"({"id":"1","channel_id":"6","guild_id":"5","author":{"id":"7"},"content":"<@&501> hi","mention_roles":["501"]})";
  EXPECT_TRUE(event("MESSAGE_CREATE", text, "501")->mentions_me);
  EXPECT_EQ(event("MESSAGE_CREATE", text, "501")->text, "hi");
  EXPECT_FALSE(event("MESSAGE_CREATE", text, "502")->mentions_me);
  EXPECT_FALSE(event("MESSAGE_CREATE", text, "")->mentions_me);
  EXPECT_EQ(own_role(parsed(R"({"roles":[{"id":"5"},{"id":"501","tags":{"bot_id":"100"}}]})"), kMe), "501");
}

TEST(DiscordEvents, KnowOurselvesBotsAndWebhooks) {
  EXPECT_TRUE(event("MESSAGE_CREATE", R"({"id":"1","channel_id":"6","author":{"id":"100","bot":true},"content":"x"})")
                  ->from.is_self);
  EXPECT_TRUE(
      event("MESSAGE_CREATE", R"({"id":"1","channel_id":"6","webhook_id":"3","author":{"id":"3"},"content":"x"})")
          ->from.is_bot);
}

TEST(DiscordEvents, LeaveOutWhatCannotBeUsed) {
  for (const auto* text :
       {R"({})", R"({"id":5,"channel_id":[],"author":"x"})", R"({"id":"1","channel_id":"../6","author":{"id":"7"}})",
        R"({"id":"1","channel_id":"6","author":{"id":"7"},"type":6})", R"([])", "null"})
    EXPECT_FALSE(event("MESSAGE_CREATE", text)) << text;
  EXPECT_FALSE(event("MESSAGE_UPDATE", R"({"id":"1","channel_id":"6","author":{"id":"7"},"edited_timestamp":null})"));
  EXPECT_FALSE(event("SOMETHING_NEW", R"({"id":"1"})"));
}

TEST(DiscordEvents, ReadCommandsWithTheirArgumentsAndToken) {
  const auto got =
      event("INTERACTION_CREATE", R"({"id":"55","application_id":"100","type":2,"token":"abc.DEF-_","channel_id":"600",
    "guild_id":"500","member":{"user":{"id":"7","username":"ada"}},
    "data":{"name":"think","options":[{"name":"arguments","type":3,"value":"high"},{"name":"n","type":4,"value":3}]}})");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->type, EventType::command);
  EXPECT_EQ(got->text, "/think high 3");
  EXPECT_EQ(got->reply_token, "100/abc.DEF-_");
  EXPECT_EQ(reply_token(parsed(R"({"application_id":"100","token":"a/../b"})")), "");
}

TEST(DiscordEvents, PutAThreadToItsChannel) {
  ports::Chat chat;
  chat.id = "900";
  place(chat, {11, "500", "600", "alpha"});
  EXPECT_EQ(chat.id, "600");
  EXPECT_EQ(chat.thread_id, "900");
  EXPECT_EQ(chat.space_id, "500");
  ports::Chat room;
  room.id = "600";
  place(room, {0, "500", "400", "general"}); // below a category
  EXPECT_EQ(room.id, "600");
  EXPECT_EQ(room.thread_id, "");
  EXPECT_EQ(room.title, "general");
}

TEST(DiscordSession, SurvivesItsCheckpointAndKeepsTheChatsThatWereActiveLast) {
  Session session{"s1", "wss://gateway.discord.gg", 42, kMe, {}};
  for (int channel = 0; channel < 40; ++channel)
    session.saw(std::to_string(1000 + channel), "5");
  session.saw("1020", "70");
  session.saw("1020", "8"); // older, though it looks larger
  const auto again = session_from(to_checkpoint(session));
  EXPECT_EQ(again.id, "s1");
  EXPECT_EQ(again.sequence, 42);
  EXPECT_EQ(again.me.name, "claw");
  EXPECT_EQ(again.seen, session.seen);
  EXPECT_EQ(again.seen.size(), 32u);
  EXPECT_EQ(again.seen.back(), (std::pair<std::string, std::string>("1020", "70")));
  EXPECT_LT(to_checkpoint(session).size(), 4096u);
  for (const auto* bad : {"", "{", "[]", R"({"session":5,"seen":[["a","b"],7],"me":3})"})
    EXPECT_TRUE(session_from(bad).id.empty()) << bad;
}

TEST(DiscordSession, KnowsWhichCloseCodesNeedAPerson) {
  for (const int code : {4004, 4010, 4011, 4012, 4013, 4014}) {
    EXPECT_EQ(verdict_of(code).next, Next::give_up);
    EXPECT_EQ(verdict_of(code).error.kind, Kind::denied);
    EXPECT_FALSE(verdict_of(code).error.hint.empty());
  }
  for (const int code : {4007, 4009})
    EXPECT_EQ(verdict_of(code).next, Next::identify);
  for (const int code : {1000, 1001, 1006, 4000, 4008})
    EXPECT_EQ(verdict_of(code).next, Next::resume);
}

Node text(std::string words) {
  return {Type::text, std::move(words), {}, 0, {}};
}
std::string markdown(Node block) {
  return to_markdown({Type::document, {}, {}, 0, {std::move(block)}});
}

TEST(DiscordDialect, EscapesWhatDiscordWouldReadAsMarkup) {
  EXPECT_EQ(escape("a_b *c* `d` ~~e~~ ||f|| [g](h)"), "a\\_b \\*c\\* \\`d\\` \\~\\~e\\~\\~ \\|\\|f\\|\\| \\[g](h)");
  EXPECT_EQ(escape("# no heading\n- no list\n1. no number\n> no quote"),
            "\\# no heading\n\\- no list\n1\\. no number\n\\> no quote");
  EXPECT_EQ(escape("#tag 3 - 4 and 5 > 4"), "#tag 3 - 4 and 5 > 4");
  EXPECT_EQ(escape("<@7> <#6> <:a:1> <b> <script>"), "\\<@7> \\<#6> \\<:a:1> <b> <script>");
}

TEST(DiscordDialect, WritesLinksWithoutPreviewsAndCodeThatEndsWhereItEnds) {
  Node link{Type::link, {}, "https://example.org/a_b", 0, {text("here")}};
  EXPECT_EQ(markdown({Type::paragraph, {}, {}, 0, {link}}), "[here](<https://example.org/a_b>)");
  link.children = {text("https://example.org/a_b")};
  EXPECT_EQ(markdown({Type::paragraph, {}, {}, 0, {link}}), "<https://example.org/a_b>");
  link.target = "javascript:x";
  EXPECT_EQ(markdown({Type::paragraph, {}, {}, 0, {link}}), "https://example.org/a\\_b (javascript:x)");
  const auto block = markdown({Type::code_block, "a ``` b", "cpp title", 0, {}});
  EXPECT_EQ(block, "```cpp\na `\u200b`\u200b` b\n```");
  EXPECT_EQ(markdown({Type::paragraph, {}, {}, 0, {{Type::code, "a`b", {}, 0, {}}}}), "a\\`b");
  EXPECT_EQ(codepoints("añ漢👍"), 4u);
  EXPECT_EQ(lines("a\nb"), 2u);
}

TEST(DiscordRest, SortsRefusals) {
  using ports::SendFault;
  EXPECT_EQ(problem_of(429, parsed(R"({"retry_after":0.7005,"global":false})")).retry_after_ms, 701);
  EXPECT_EQ(problem_of(429, parsed("null")).fault, SendFault::retry_after);
  EXPECT_EQ(problem_of(502, parsed("null")).fault, SendFault::transient);
  EXPECT_EQ(problem_of(403, parsed(R"({"code":50013})")).fault, SendFault::refused);
  EXPECT_EQ(problem_of(404, parsed(R"({"code":10003})")).fault, SendFault::missing);
  const auto tall =
      problem_of(400, parsed(R"({"code":50035,"message":"Invalid Form Body","errors":{"content":{"_errors":
    [{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}}})"));
  EXPECT_EQ(tall.fault, SendFault::too_long);
  EXPECT_NE(tall.message.find("content: Must be 2000"), std::string::npos);
}

TEST(DiscordRest, GivesCallsThatShareALimitOneRoute) {
  EXPECT_EQ(route_of("PATCH", "/channels/1/messages/2"), route_of("PATCH", "/channels/1/messages/3"));
  EXPECT_NE(route_of("PATCH", "/channels/1/messages/2"), route_of("PATCH", "/channels/2/messages/2"));
  EXPECT_NE(route_of("PATCH", "/channels/1/messages/2"), route_of("DELETE", "/channels/1/messages/2"));
  EXPECT_EQ(route_of("PUT", "/channels/1/messages/2/reactions/%F0%9F/@me"),
            route_of("PUT", "/channels/1/messages/3/reactions/x/@me"));
  EXPECT_EQ(percent_encoded("👍 a:1"), "%F0%9F%91%8D%20a%3A1");
}

// Time that passes at once when somebody sleeps.
class QuickTime final : public async::Time {
public:
  std::int64_t now_ms() const override { return now; }
  std::int64_t monotonic_ms() const override { return now; }
  Task<> sleep_ms(std::int64_t milliseconds) override {
    now += milliseconds;
    co_return Result<>{};
  }
  std::int64_t now = 1'000'000;
};

struct DiscordRestApi : testing::Test {
  RestAnswer call(std::string method, std::string path, bool patient = false) {
    RestCall wanted{std::move(method), std::move(path), {}, {}};
    wanted.patient = patient;
    auto answer = async::run(loop, rest.call(std::move(wanted)));
    EXPECT_TRUE(answer);
    return answer ? *answer : RestAnswer{};
  }
  void answers(const std::string& path, int status, net::Headers headers, std::string body) {
    http.answer("https://discord.test/api/v10" + path, {status, std::move(headers), {std::move(body)}});
  }
  async::asio::io_context loop;
  QuickTime time;
  ports::FakeHttpClient http;
  RestApi rest{time, http, "https://discord.test/api/", Secret("hidden")};
  const std::int64_t began = time.now;
};

TEST_F(DiscordRestApi, WaitsUntilASpentBucketIsFullAgainAndOthersDoNotWaitForIt) {
  answers("/channels/1/messages", 200, {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset-After", "2.5"}}, "{}");
  answers("/channels/2/messages", 200, {}, "{}");
  call("POST", "/channels/1/messages");
  call("POST", "/channels/2/messages");
  EXPECT_EQ(time.now, began);
  call("POST", "/channels/1/messages");
  EXPECT_EQ(time.now, began + 2500);
}

TEST_F(DiscordRestApi, SaysALimitToWhoSendsAndWaitsItOutForWhoIsPatient) {
  answers("/a", 429, {}, R"({"retry_after":3,"global":true})");
  answers("/a", 200, {}, R"({"id":"1"})");
  const auto limited = call("GET", "/a");
  ASSERT_TRUE(limited.problem);
  EXPECT_EQ(limited.problem->retry_after_ms, 3000);
  EXPECT_EQ(time.now, began);
  answers("/b", 200, {}, "{}");
  call("GET", "/b");
  EXPECT_EQ(time.now, began + 3000) << "a global limit holds for every call";
  answers("/c", 429, {}, R"({"retry_after":1.5})");
  answers("/c", 200, {}, R"({"id":"2"})");
  EXPECT_FALSE(call("GET", "/c", true).problem);
  EXPECT_EQ(time.now, began + 4500);
  answers("/d", 429, {}, R"({"retry_after":3000})");
  EXPECT_TRUE(call("GET", "/d", true).problem) << "nobody waits for an hour";
}

TEST_F(DiscordRestApi, NeverSaysItsTokenOrAnAddress) {
  const auto lost = call("POST", "/webhooks/1/secret-of-an-interaction");
  ASSERT_TRUE(lost.problem);
  EXPECT_EQ(lost.problem->message.find("secret"), std::string::npos);
  EXPECT_EQ(*http.requests.back().headers.find("Authorization"), "Bot hidden");
  answers("/users/@me", 401, {}, R"({"message":"401: Unauthorized","code":0})");
  const auto refused = refusal(call("GET", "/users/@me"));
  EXPECT_EQ(refused.kind, Kind::denied);
  EXPECT_NE(refused.hint.find("channels.discord.token"), std::string::npos);
}

TEST_F(DiscordRestApi, FetchesFilesFromDiscordAloneAndNoWebPages) {
  http.answer("https://cdn.discordapp.com/a.png", {200, {{"Content-Type", "image/png"}}, {"picture"}});
  http.answer("https://discord.test/page", {200, {{"Content-Type", "text/html; charset=utf-8"}}, {"<!doctype html>"}});
  http.answer("https://evil.test/a.png", {200, {}, {"x"}});
  const auto fetch = [&](std::string url) {
    return async::run(loop, rest.download(std::move(url), 1000, "image/png"));
  };
  EXPECT_EQ(*fetch("https://cdn.discordapp.com/a.png"), "picture");
  EXPECT_FALSE(http.requests.back().headers.find("Authorization"));
  EXPECT_FALSE(fetch("https://discord.test/page"));
  for (const auto* other :
       {"https://evil.test/a.png", "http://cdn.discordapp.com/a.png", "https://cdn.discordapp.com.evil.test/a", "x"})
    EXPECT_FALSE(fetch(other)) << other;
}

TEST(DiscordVoice, ReadsTheLengthFromTheLastPage) {
  std::string ogg = std::string("OggS\0\2", 6) + std::string(20, '\0') + std::string("OggS\0\4", 6);
  const std::uint64_t samples = 3 * 48000;
  for (int i = 0; i < 8; ++i)
    ogg += static_cast<char>(samples >> (8 * i));
  const auto told = voice_attachment(ogg, "a.ogg");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->at("duration_secs").as_double(), 3);
  EXPECT_EQ(voice_attachment("OggS", "a.ogg")->at("duration_secs").as_double(), 1);
  EXPECT_FALSE(voice_attachment("ID3", "a.mp3"));
}

} // namespace
} // namespace openclaw::extensions::discord
