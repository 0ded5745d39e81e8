// The channel as messaging sees it, with Discord's answers scripted.
#include "base/json.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_channels_discord(Registry& registry);
}

namespace openclaw::extensions::discord {
namespace {

using namespace ports;

struct DiscordChannel : testing::Test {
  void SetUp() override {
    register_channels_discord(registry);
    auto made = make(R"({"restBase":"https://discord.test/api"})", "hidden");
    ASSERT_TRUE(made);
    channel = std::move(*made);
  }
  Result<std::unique_ptr<Channel>> make(std::string settings, std::string token) {
    return registry.find_channel("discord")->make(
        {loop.get_executor(),
         background,
         time,
         random,
         http,
         "default",
         std::move(settings),
         "",
         {},
         [token](std::string_view) -> Result<Secret> { return Secret(token); }});
  }
  void answers(const std::string& path, std::string body, int status = 200) {
    http.answer("https://discord.test/api/v10" + path, {status, {}, {std::move(body)}});
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return async::run(loop, std::move(task));
  }
  std::string last() const {
    const auto& request = http.requests.back();
    return request.method + " " + request.url.substr(std::string_view("https://discord.test/api/v10").size());
  }
  json::value sent() const { return *parse_json(http.requests.back().body, "request"); }
  Outgoing message(std::string text) {
    Outgoing outgoing;
    outgoing.chat.id = "600";
    outgoing.body.text = std::move(text);
    outgoing.idempotency_key = "0199-run-0";
    return outgoing;
  }

  async::asio::io_context loop;
  async::Scope background{loop.get_executor()};
  async::SystemTime time;
  SystemRandom random;
  FakeHttpClient http;
  Registry registry;
  std::unique_ptr<Channel> channel;
};

TEST_F(DiscordChannel, SendsWithAKeyThatIsTheSameInEachAttemptAndPingsNobody) {
  answers("/channels/600/messages", R"({"id":"9"})");
  auto outgoing = message("hello @everyone");
  outgoing.reply_to = "55";
  const auto report = run(channel->send(outgoing));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->message_ids, std::vector<std::string>{"9"});
  const auto first = sent();
  EXPECT_EQ(string_or(first, "content"), "hello @everyone");
  EXPECT_EQ(string_or(first, "nonce").size(), 24u);
  EXPECT_TRUE(bool_or(first, "enforce_nonce", false));
  EXPECT_EQ(to_text(*find_path(first, "allowed_mentions.parse")), "[]");
  EXPECT_EQ(to_text(*find_path(first, "message_reference.message_id")), "\"55\"");
  EXPECT_TRUE(run(channel->send(outgoing)));
  EXPECT_EQ(sent(), first);
  outgoing.idempotency_key = "0199-run-1";
  outgoing.chat.thread_id = "601";
  answers("/channels/601/messages", R"({"id":"10"})");
  EXPECT_TRUE(run(channel->send(outgoing)));
  EXPECT_NE(string_or(sent(), "nonce"), string_or(first, "nonce"));
}

TEST_F(DiscordChannel, AnswersACommandInItsPlaceAndAsAMessageWhenThatIsTooLate) {
  auto outgoing = message("done");
  outgoing.reply_token = "100/token";
  answers("/webhooks/100/token/messages/@original", R"({"id":"9"})");
  EXPECT_EQ(run(channel->send(outgoing))->message_ids.size(), 1u);
  EXPECT_EQ(last(), "PATCH /webhooks/100/token/messages/@original");
  EXPECT_FALSE(http.requests.back().headers.find("Authorization"));
  outgoing.idempotency_key = "0199-run-1";
  const auto lost = run(channel->send(outgoing)); // no answer is scripted: the connection breaks
  ASSERT_TRUE(lost && lost->problem);
  EXPECT_EQ(lost->problem->fault, SendFault::unsupported) << "a second copy would be seen";
  EXPECT_FALSE(http.requests.back().repeatable);
  outgoing.idempotency_key = "0199-run-b1-0"; // another block of the same answer
  answers("/webhooks/100/token?wait=true", R"({"id":"12"})");
  EXPECT_EQ(run(channel->send(outgoing))->message_ids, std::vector<std::string>{"12"});
  outgoing.idempotency_key = "0199-run-1";
  outgoing.reply_token = "100/old";
  answers("/webhooks/100/old?wait=true", R"({"code":10015,"message":"Unknown Webhook"})", 404);
  answers("/channels/600/messages", R"({"id":"11"})");
  EXPECT_EQ(run(channel->send(outgoing))->message_ids, std::vector<std::string>{"11"});
}

TEST_F(DiscordChannel, EditsRemovesReactsAndTypes) {
  answers("/channels/600/messages/9", R"({"id":"9"})");
  EXPECT_FALSE(run(channel->editing()->edit("9", message("new")))->problem);
  EXPECT_EQ(last(), "PATCH /channels/600/messages/9");
  EXPECT_FALSE(run(channel->editing()->remove({"600"}, "9"))->problem);
  EXPECT_EQ(last(), "DELETE /channels/600/messages/9");
  answers("/channels/600/messages/9/reactions/%F0%9F%91%80/@me", "{}");
  EXPECT_TRUE(run(channel->reactions()->react({"600"}, "9", "👀", false)));
  EXPECT_EQ(last(), "PUT /channels/600/messages/9/reactions/%F0%9F%91%80/@me");
  answers("/channels/600/messages/9/reactions/cat%3A12/@me", "{}");
  EXPECT_TRUE(run(channel->reactions()->react({"600"}, "9", "<:cat:12>", true)));
  EXPECT_EQ(http.requests.back().method, "DELETE");
  answers("/channels/600/typing", R"({"code":50013,"message":"Missing Permissions"})", 403);
  EXPECT_FALSE(run(channel->typing()->show_typing({"600"}))) << "a refusal is not asked for again";
}

TEST_F(DiscordChannel, SendsSpeechAsAVoiceMessageAndAnyOtherFileWithItsWords) {
  answers("/channels/600/messages", R"({"id":"9"})");
  auto outgoing = message("");
  outgoing.file = OutgoingFile{Attachment::Type::voice, "a.ogg", "audio/ogg", "OggS"};
  EXPECT_TRUE(run(channel->send(outgoing)));
  EXPECT_NE(http.requests.back().body.find(R"("flags":8192)"), std::string::npos);
  EXPECT_EQ(http.requests.back().body.find(R"("content")"), std::string::npos);
  outgoing.body.text = "listen";
  outgoing.file = OutgoingFile{Attachment::Type::voice, "a\"b.ogg", "audio/ogg", "OggS"};
  EXPECT_TRUE(run(channel->send(outgoing)));
  EXPECT_EQ(http.requests.back().body.find(R"("flags")"), std::string::npos);
  EXPECT_NE(http.requests.back().body.find(R"(filename="a_b.ogg")"), std::string::npos);
}

TEST_F(DiscordChannel, ReadsTargetsAndOpensTheChatOfAPersonOnce) {
  EXPECT_EQ(channel->chat_of("channel:600")->id, "600");
  EXPECT_EQ(channel->chat_of("600")->kind, ChatKind::channel);
  EXPECT_EQ(channel->chat_of("<#600>")->id, "600");
  for (const auto* target : {"user:7", "<@7>", "<@!7>", "discord:user:7"}) {
    EXPECT_EQ(channel->chat_of(target)->id, "user:7") << target;
    EXPECT_EQ(channel->chat_of(target)->kind, ChatKind::direct);
  }
  for (const auto* target : {"", "@ada", "user:ada", "../7"})
    EXPECT_FALSE(channel->chat_of(target)) << target;
  answers("/users/@me/channels", R"({"id":"700"})");
  answers("/channels/700/messages", R"({"id":"1"})");
  auto outgoing = message("hi");
  outgoing.chat = *channel->chat_of("user:7");
  EXPECT_FALSE(run(channel->send(outgoing))->problem);
  EXPECT_FALSE(run(channel->send(outgoing))->problem);
  EXPECT_EQ(http.requests.size(), 3u);
}

TEST_F(DiscordChannel, FindsPeopleAndChannelsOfItsServers) {
  answers("/users/@me/guilds", R"([{"id":"500","name":"Home"},{"id":"501","name":"Work"}])");
  answers("/guilds/500/channels",
          R"([{"id":"600","type":0,"name":"general"},{"id":"601","type":2,"name":"General voice"}])");
  answers("/guilds/501/channels", R"([{"id":"602","type":5,"name":"news"}])");
  const auto rooms = run(channel->directory()->find(false, "#GENERAL", 10));
  ASSERT_TRUE(rooms);
  ASSERT_EQ(rooms->size(), 1u);
  EXPECT_EQ(rooms->front().id, "channel:600");
  EXPECT_EQ(rooms->front().name, "#general (Home)");
  EXPECT_EQ(run(channel->directory()->find(false, "", 10))->size(), 2u);
  const std::string ada = R"([{"user":{"id":"7","username":"ada","global_name":"Ada"}}])";
  answers("/guilds/500/members/search?query=ad&limit=10", ada);
  answers("/guilds/501/members/search?query=ad&limit=10", ada);
  const auto people = run(channel->directory()->find(true, "@ad", 10));
  ASSERT_TRUE(people);
  ASSERT_EQ(people->size(), 1u) << "who is in two servers is one person";
  EXPECT_EQ(people->front().id, "user:7");
  answers("/guilds/500/members?limit=10", R"({"code":50001,"message":"Missing Access"})", 403);
  EXPECT_NE(run(channel->directory()->find(true, "", 10)).error().hint.find("Server Members Intent"),
            std::string::npos);
}

TEST_F(DiscordChannel, SaysWhatIsMissing) {
  const auto without = make("{}", "");
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, Kind::denied);
  EXPECT_NE(without.error().hint.find("channels.discord.token"), std::string::npos);
}

TEST_F(DiscordChannel, CountsATallTextAsTooLong) {
  using rich_text::Node;
  using rich_text::Type;
  Node words{Type::text, "line", {}, 0, {}};
  Node list{Type::list, {}, {}, 0, {}};
  for (int line = 0; line < 18; ++line)
    list.children.push_back({Type::item, {}, {}, 0, {words}});
  Node document{Type::document, {}, {}, 0, {list}};
  EXPECT_GT(channel->render(document).length, channel->capabilities().text_limit);
  document.children.front().children.pop_back();
  EXPECT_LE(channel->render(document).length, channel->capabilities().text_limit);
}

} // namespace
} // namespace openclaw::extensions::discord
