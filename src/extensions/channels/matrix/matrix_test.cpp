#include "async/scope.hpp"
#include "base/json.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_channels_matrix(Registry& registry);
}

namespace openclaw::extensions::matrix {
namespace {

class MatrixChannel : public testing::Test {
protected:
  Result<std::unique_ptr<ports::Channel>> make(std::string settings) {
    ports::register_channels_matrix(registry_);
    ports::ChannelServices services{loop_.get_executor(),
                                    scope_,
                                    time_,
                                    random_,
                                    http_,
                                    "default",
                                    settings,
                                    {},
                                    {},
                                    [settings](std::string_view key) -> Result<Secret> {
                                      return Secret(string_or(parse_json(settings, "settings").value(), key));
                                    }};
    return registry_.find_channel("matrix")->make(std::move(services));
  }
  std::unique_ptr<ports::Channel> made() {
    return make(R"({"homeserver":"https://hs.test/","accessToken":"token-1"})").value();
  }

  async::asio::io_context loop_;
  async::Scope scope_{loop_.get_executor()};
  async::SystemTime time_;
  SeededRandom random_{1};
  ports::FakeHttpClient http_;
  ports::Registry registry_;
};

TEST_F(MatrixChannel, ReadsTargetsThatPeopleWrite) {
  const auto channel = made();
  for (const std::string_view room : {"!abc:example.org", "room:!abc:example.org", "matrix:!abc:example.org"}) {
    const auto chat = channel->chat_of(room);
    ASSERT_TRUE(chat) << room;
    EXPECT_EQ(chat->id, "!abc:example.org");
    EXPECT_EQ(chat->kind, ports::ChatKind::group);
  }
  EXPECT_EQ(channel->chat_of("#ops:example.org")->id, "#ops:example.org");
  EXPECT_EQ(channel->chat_of("user:@ada:example.org")->kind, ports::ChatKind::direct);
  for (const std::string_view nothing : {"", "ada", "@ada", "#ops", "!", "@a b:example.org"})
    EXPECT_FALSE(channel->chat_of(nothing)) << nothing;
}

TEST_F(MatrixChannel, SaysWhatIsMissingInItsSettings) {
  for (const std::string_view settings :
       {R"({"accessToken":"t"})", R"({"homeserver":"matrix.org","accessToken":"t"})", R"({"homeserver":"https://e"})",
        R"({"homeserver":"https://e","password":"p"})"}) {
    const auto channel = make(std::string(settings));
    ASSERT_FALSE(channel) << settings;
    EXPECT_EQ(channel.error().kind, Kind::denied);
    EXPECT_FALSE(channel.error().hint.empty());
  }
  EXPECT_TRUE(make(R"({"homeserver":"https://e","userId":"@claw:e","password":"p"})"));
}

TEST_F(MatrixChannel, FindsPeopleByTheHomeserversDirectory) {
  const auto channel = made();
  http_.answer(
      "https://hs.test/_matrix/client/v3/user_directory/search",
      {200,
       {},
       {R"({"results":[{"user_id":"@ada:e","display_name":"Ada"},{"user_id":"broken"},{"user_id":"@adam:e"}]})"},
       false});
  auto asking = channel->directory()->find(true, "ada", 10);
  const auto found = async::run(loop_, std::move(asking));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].id, "@ada:e");
  EXPECT_EQ((*found)[0].name, "Ada");
  EXPECT_EQ(http_.requests.back().headers.find("Authorization").value_or(""), "Bearer token-1");
}

TEST_F(MatrixChannel, AMessageSaysItsWordsItsMarkupAndWhomItMeans) {
  const auto channel = made();
  ports::rich_text::Node bold{
      ports::rich_text::Type::bold, {}, {}, 0, {{ports::rich_text::Type::text, "so", {}, 0, {}}}};
  ports::rich_text::Node name{ports::rich_text::Type::text, " @ada:e.org", {}, 0, {}};
  ports::rich_text::Node document{ports::rich_text::Type::document, {}, {}, 0, {bold, name}};
  http_.answer("https://hs.test/_matrix/client/v3/rooms/%21r%3Ae/send/m.room.message/key-0",
               {200, {}, {R"({"event_id":"$sent"})"}, false});
  ports::Outgoing message;
  message.chat.id = "!r:e";
  message.chat.thread_id = "$root";
  message.body = channel->render(document);
  message.idempotency_key = "key-0";
  auto sending = channel->send(std::move(message));
  const auto report = async::run(loop_, std::move(sending));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->message_ids, (std::vector<std::string>{"$sent"}));
  const auto sent = parse_json(http_.requests.back().body, "event").value();
  EXPECT_EQ(string_or(sent, "body"), "so @ada:e.org");
  EXPECT_EQ(string_or(sent, "formatted_body"),
            "<strong>so</strong> <a href=\"https://matrix.to/#/@ada:e.org\">@ada:e.org</a>");
  EXPECT_EQ(to_text(sent.at("m.mentions")), R"({"user_ids":["@ada:e.org"]})");
  EXPECT_EQ(
      to_text(sent.at("m.relates_to")),
      R"({"rel_type":"m.thread","event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$root"}})");
}

} // namespace
} // namespace openclaw::extensions::matrix
