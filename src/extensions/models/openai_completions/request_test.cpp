#include "async/scope.hpp"
#include "extensions/models/openai_completions/wire.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_openai_completions(Registry& registry);
namespace openai {
namespace {

ModelRequest conversation() {
  ModelRequest request;
  request.model = "gpt";
  request.system = "Be kind.";
  request.tools = {{"exec", "Runs.", R"({"type":"object"})"}};
  Message user;
  user.content = {TextBlock{"go"}, ImageBlock{"image/png", "aGk="}};
  Message assistant;
  assistant.role = Role::assistant;
  assistant.content = {ThinkingBlock{"hm", "reasoning_content"}, ToolCallBlock{"a", "exec", "{\"x\":1}"},
                       ToolCallBlock{"b", "exec", "{}"}};
  Message first;
  first.role = Role::tool_result;
  first.tool_call_id = "a";
  first.content = {ImageBlock{"image/png", "aGk="}};
  Message second = first;
  second.tool_call_id = "b";
  second.content = {TextBlock{"two"}};
  request.messages = {user, assistant, first, second};
  return request;
}

TEST(OpenAiRequest, IsTheBodyThatServersKnow) {
  const auto body = encode_request(conversation(), {});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"j({"model":"gpt","messages":[{"role":"system","content":"Be kind."},)j"
      R"j({"role":"user","content":[{"type":"text","text":"go"},)j"
      R"j({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},)j"
      R"j({"role":"assistant","content":null,"tool_calls":[)j"
      R"j({"id":"a","type":"function","function":{"name":"exec","arguments":"{\"x\":1}"}},)j"
      R"j({"id":"b","type":"function","function":{"name":"exec","arguments":"{}"}}]},)j"
      R"j({"role":"tool","tool_call_id":"a","content":"(see the image below)"},)j"
      R"j({"role":"tool","tool_call_id":"b","content":"two"},)j"
      R"j({"role":"user","content":[{"type":"text","text":"Images of the tool results above:"},)j"
      R"j({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}],)j"
      R"j("stream":true,"stream_options":{"include_usage":true},"max_tokens":8192,)j"
      R"j("tools":[{"type":"function","function":{"name":"exec","description":"Runs.","parameters":{"type":"object"}}}]})j");
}

TEST(OpenAiRequest, PlainWordsAreAStringAndNoList) {
  auto request = conversation();
  request.messages.resize(1);
  request.messages[0].content = {TextBlock{"go"}};
  const auto body = encode_request(request, {});
  ASSERT_TRUE(body);
  EXPECT_NE(body->find(R"({"role":"user","content":"go"})"), std::string::npos) << *body;
}

TEST(OpenAiRequest, FlagsOfTheEndpointChangeWhatIsSent) {
  auto request = conversation();
  request.reasoning = true;
  request.thinking = Thinking::minimal;
  const auto body = encode_request(
      request, {"max_completion_tokens", "store_false", "reasoning_effort", "no_stream_options", "reasoning_content"});
  ASSERT_TRUE(body);
  EXPECT_NE(body->find("\"max_completion_tokens\":8192"), std::string::npos);
  EXPECT_EQ(body->find("\"max_tokens\""), std::string::npos);
  EXPECT_NE(body->find("\"store\":false"), std::string::npos);
  EXPECT_NE(body->find("\"reasoning_effort\":\"low\""), std::string::npos);
  EXPECT_EQ(body->find("stream_options"), std::string::npos);
  EXPECT_NE(body->find("\"reasoning_content\":\"hm\""), std::string::npos);
}

TEST(OpenAiRequest, GrowsOnlyAtItsEndWhenTheConversationGoesOn) {
  auto request = conversation();
  const auto before = encode_request(request, {});
  Message more;
  more.content = {TextBlock{"and now"}};
  request.messages.push_back(more);
  const auto after = encode_request(request, {});
  const auto shared = before->substr(0, before->find("],\"stream\""));
  EXPECT_EQ(after->substr(0, shared.size()), shared);
}

struct Talk {
  FakeHttpClient client;
  FakeModelSink sink;
  ModelEndpoint endpoint;
};

Task<ModelReply> ask(Dialect* dialect, Talk* talk) {
  auto request = std::make_shared<const ModelRequest>(conversation());
  auto reply = co_await dialect->stream(talk->client, talk->endpoint, std::move(request), talk->sink);
  co_return reply;
}
Task<std::vector<std::string>> list(Dialect* dialect, Talk* talk) {
  auto ids = co_await dialect->list_models(talk->client, talk->endpoint);
  co_return ids;
}

class OpenAiDialect : public ::testing::Test {
protected:
  OpenAiDialect() {
    register_models_openai_completions(registry_);
    talk_.endpoint.provider = "openai";
    talk_.endpoint.base_url = "http://h/v1/";
    talk_.endpoint.api_key = Secret("sk-topsecret-0123456789");
  }
  Result<ModelReply> answer(FakeAnswer answer) {
    talk_.client.answer("http://h/v1/chat/completions", std::move(answer));
    boost::asio::io_context loop;
    return async::run(loop, ask(registry_.find_dialect("openai-completions"), &talk_));
  }
  Registry registry_;
  Talk talk_;
};

TEST_F(OpenAiDialect, StreamsAReplyAndSendsTheKeyAsBearer) {
  const auto reply = answer(
      {200,
       {{"Content-Type", "text/event-stream"}},
       {"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\nda", "ta: [DONE]\n\n"}});
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(sketch(*reply), "[hi] stop 0+0+0+0");
  EXPECT_EQ(talk_.client.requests[0].headers.find("authorization"), "Bearer sk-topsecret-0123456789");
  EXPECT_EQ(talk_.client.requests[0].method, "POST");
}

TEST_F(OpenAiDialect, ABrokenConnectionIsACutOnlyWhenTheReplyWasNotWhole) {
  const auto cut = answer({200, {}, {"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"}, true});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, Kind::transient);
  EXPECT_EQ(talk_.sink.said, "hi");
}

TEST_F(OpenAiDialect, AConnectionThatBreaksBehindTheFinishReasonLosesNothing) {
  const auto whole = answer(
      {200, {}, {"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n"}, true});
  ASSERT_TRUE(whole) << whole.error().text();
}

TEST_F(OpenAiDialect, AnErrorIn200OrWithoutStreamIsAnError) {
  const auto refused = answer({200,
                               {{"content-type", "application/json"}},
                               {R"({"error":{"message":"no such thing","type":"invalid_request_error"}})"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::invalid);
}

TEST_F(OpenAiDialect, AServerThatIsNotThereIsSaidSo) {
  talk_.endpoint.base_url = "http://nobody";
  boost::asio::io_context loop;
  const auto reply = async::run(loop, ask(registry_.find_dialect("openai-completions"), &talk_));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, Kind::transient);
  EXPECT_NE(reply.error().text().find("Is the server at http://nobody running"), std::string::npos)
      << reply.error().text();
}

TEST_F(OpenAiDialect, ListsModels) {
  talk_.client.answer("http://h/v1/models", {200, {}, {R"({"data":[{"id":"a"},{"id":"b"},{}]})"}});
  boost::asio::io_context loop;
  const auto ids = async::run(loop, list(registry_.find_dialect("openai-completions"), &talk_));
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (std::vector<std::string>{"a", "b"}));
}

} // namespace
} // namespace openai
} // namespace openclaw::ports
