#include "async/scope.hpp"
#include "extensions/models/anthropic_messages/wire.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_anthropic_messages(Registry& registry);
namespace anthropic {
namespace {

struct Outcome {
  std::string reply;
  FakeModelSink sink;
};

Outcome decode(const std::vector<std::string>& pieces, bool ends = true) {
  Outcome outcome;
  ModelEndpoint endpoint;
  endpoint.provider = "anthropic";
  ReplyReader reader(endpoint, "claude", outcome.sink);
  net::SseParser parser;
  const auto read = [&]() -> Result<ModelReply> {
    for (const auto& piece : pieces)
      TRY_VOID(feed_events(parser, piece, reader));
    if (ends) TRY_VOID(end_events(parser, reader));
    return reader.finish();
  };
  const auto reply = read();
  outcome.reply = reply
                      ? sketch(*reply)
                      : std::string(kind_name(reply.error().kind)) + ": " + reply.error().message + reply.error().code;
  return outcome;
}

std::string event(std::string_view type, std::string_view rest) {
  return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" + std::string(rest) +
         "}\n\n";
}
const std::string kStart = event(
    "message_start",
    R"(,"message":{"id":"msg_1","usage":{"input_tokens":12,"cache_read_input_tokens":100,"cache_creation_input_tokens":7,"output_tokens":1}})");
std::string stop(std::string_view reason) {
  return event("message_delta",
               ",\"delta\":{\"stop_reason\":\"" + std::string(reason) + "\"},\"usage\":{\"output_tokens\":42}") +
         event("message_stop", "");
}
const std::string kRecorded =
    kStart + event("ping", "") +
    event("content_block_start", R"(,"index":0,"content_block":{"type":"thinking","thinking":"","signature":""})") +
    event("content_block_delta", R"(,"index":0,"delta":{"type":"thinking_delta","thinking":"Hm, l’été"})") +
    event("content_block_delta", R"(,"index":0,"delta":{"type":"signature_delta","signature":"c2ln"})") +
    event("content_block_stop", ",\"index\":0") +
    event("content_block_start", R"(,"index":1,"content_block":{"type":"redacted_thinking","data":"ZGF0YQ=="})") +
    event("content_block_stop", ",\"index\":1") +
    event("content_block_start", R"(,"index":2,"content_block":{"type":"text","text":""})") +
    event("content_block_delta", R"(,"index":2,"delta":{"type":"text_delta","text":"I look 🌦"})") +
    event("content_block_stop", ",\"index\":2") +
    event("content_block_start",
          R"(,"index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"exec","input":{}})") +
    event("content_block_delta", R"(,"index":3,"delta":{"type":"input_json_delta","partial_json":"{\"command\":"})") +
    event("content_block_delta", R"(,"index":3,"delta":{"type":"input_json_delta","partial_json":"\"ls\"}"})") +
    event("content_block_stop", ",\"index\":3") +
    event("content_block_start",
          R"(,"index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}})") +
    event("content_block_stop", ",\"index\":4") + stop("tool_use");

TEST(AnthropicReply, IsTheSameHoweverTheBytesAreCut) {
  const auto whole = decode({kRecorded});
  EXPECT_EQ(whole.reply, "<Hm, l’été|c2ln> <|redacted:ZGF0YQ==> [I look 🌦] (toolu_1 exec {\"command\":\"ls\"}) "
                         "(toolu_2 now {}) toolUse 12+42+100+7");
  EXPECT_EQ(whole.sink.said, "I look 🌦");
  EXPECT_EQ(whole.sink.thought, "Hm, l’été");
  EXPECT_EQ(whole.sink.called, "toolu_1=exec;toolu_2=now;");
  for (std::size_t cut = 1; cut < kRecorded.size(); ++cut)
    ASSERT_EQ(decode({kRecorded.substr(0, cut), kRecorded.substr(cut)}).reply, whole.reply) << "cut at " << cut;
}

TEST(AnthropicReply, AnyStreamThatStopsBeforeItsStopReasonIsATransientCut) {
  const auto end = kRecorded.find("\"stop_reason\"");
  for (std::size_t length = 0; length < end; ++length)
    ASSERT_EQ(decode({kRecorded.substr(0, length)}, false).reply,
              "transient: The reply of anthropic/claude was cut before its end.")
        << length;
}

TEST(AnthropicReply, MapsStopReasons) {
  const auto with = [](std::string_view reason) {
    return decode({kStart + event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":"hi"})") +
                   stop(reason)})
        .reply;
  };
  EXPECT_EQ(with("end_turn"), "[hi] stop 12+42+100+7");
  EXPECT_EQ(with("stop_sequence"), "[hi] stop 12+42+100+7");
  EXPECT_EQ(with("max_tokens"), "[hi] length 12+42+100+7");
  EXPECT_TRUE(with("refusal").ends_with("content-filter"));
}

TEST(AnthropicReply, HalfACallAtTheTokenLimitIsNoCallAndOtherBrokenArgumentsAreMarked) {
  const auto call =
      kStart +
      event("content_block_start",
            R"(,"index":0,"content_block":{"type":"tool_use","id":"t","name":"exec","input":{}})") +
      event("content_block_delta", R"(,"index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"})");
  EXPECT_EQ(decode({call + stop("max_tokens")}).reply, "length 12+42+100+7");
  EXPECT_EQ(decode({call + stop("tool_use")}).reply,
            "(t exec {\"__invalid_json__\":\"{\\\"a\\\":\"}) toolUse 12+42+100+7");
}

TEST(AnthropicReply, ErrorsInsideTheStreamAreClassified) {
  EXPECT_EQ(decode({kStart + event("error", R"(,"error":{"type":"overloaded_error","message":"Overloaded"})")}).reply,
            "busy: anthropic is overloaded (in its stream): \"Overloaded\"");
  EXPECT_TRUE(decode({kStart + "data: nonsense\n\n"}).reply.starts_with("transient: anthropic sent a broken reply"));
}

ModelRequest conversation() {
  ModelRequest request;
  request.model = "claude";
  request.system = "Be kind.";
  request.max_output_tokens = 8192;
  request.tools = {{"exec", "Runs.", R"({"type":"object"})"}};
  Message user;
  user.content = {TextBlock{"go"}};
  Message assistant;
  assistant.role = Role::assistant;
  assistant.content = {ThinkingBlock{"hm", "c2ln"}, ThinkingBlock{"", "redacted:ZGF0YQ=="},
                       ToolCallBlock{"a", "exec", "{\"x\":1}"}, ToolCallBlock{"b", "exec", "{}"}};
  Message first;
  first.role = Role::tool_result;
  first.tool_call_id = "a";
  first.content = {TextBlock{"one"}};
  Message second = first;
  second.tool_call_id = "b";
  second.is_error = true;
  Message more;
  more.content = {TextBlock{"and now"}};
  request.messages = {user, assistant, first, second, more};
  return request;
}

TEST(AnthropicRequest, PutsAllResultsIntoOneMessageAndMarksTheCache) {
  const auto body = encode_request(conversation(), {});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"model":"claude","max_tokens":8192,"stream":true,"system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],)"
      R"("tools":[{"name":"exec","description":"Runs.","input_schema":{"type":"object"}}],"messages":[)"
      R"({"role":"user","content":[{"type":"text","text":"go"}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ=="},)"
      R"({"type":"tool_use","id":"a","name":"exec","input":{"x":1}},{"type":"tool_use","id":"b","name":"exec","input":{}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"one"}]},)"
      R"({"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"one"}],"is_error":true},)"
      R"({"type":"text","text":"and now","cache_control":{"type":"ephemeral"}}]}]})");
}

// parity: 1.6-thinking
TEST(AnthropicRequest, ThinkingGetsAPartOfTheOutputLimitAndNeverStartsInTheMiddleOfATurn) {
  auto request = conversation();
  const auto has = [&](std::string_view part, std::set<std::string> flags = {}) {
    const auto body = encode_request(request, flags);
    return body && body->find(part) != std::string::npos;
  };
  request.thinking = Thinking::medium;
  EXPECT_FALSE(has("budget_tokens")); // the model cannot think
  request.reasoning = true;
  EXPECT_TRUE(has(R"("thinking":{"type":"enabled","budget_tokens":7168})"));
  EXPECT_TRUE(has(R"("thinking":{"type":"adaptive"},"output_config":{"effort":"medium"})", {"adaptive_thinking"}));
  request.thinking = Thinking::low;
  EXPECT_TRUE(has(R"("budget_tokens":2048)"));
  request.max_output_tokens = 1500;
  EXPECT_FALSE(has("budget_tokens"));
  request.max_output_tokens = 8192;
  request.messages.pop_back(); // the turn goes on, and its first reply thought
  EXPECT_TRUE(has("budget_tokens"));
  request.messages[1].content.erase(request.messages[1].content.begin(), request.messages[1].content.begin() + 2);
  EXPECT_FALSE(has("budget_tokens"));
}

Task<ModelReply> ask(Dialect* dialect, FakeHttpClient* client, ModelEndpoint endpoint, FakeModelSink* sink) {
  auto request = std::make_shared<const ModelRequest>(conversation());
  auto reply = co_await dialect->stream(*client, endpoint, std::move(request), *sink);
  co_return reply;
}

TEST(AnthropicDialect, SendsTheKeyItsOwnWayAndReadsTheStream) {
  Registry registry;
  register_models_anthropic_messages(registry);
  auto* dialect = registry.find_dialect("anthropic-messages");
  ASSERT_TRUE(dialect);
  FakeHttpClient client;
  client.answer(
      "http://h/v1/messages",
      {200, {{"content-type", "text/event-stream"}}, {kRecorded.substr(0, 700), kRecorded.substr(700)}, true});
  FakeModelSink sink;
  for (const auto* base : {"http://h", "http://h/v1", "http://h/v1/"}) {
    ModelEndpoint endpoint;
    endpoint.provider = "anthropic";
    endpoint.base_url = base;
    endpoint.api_key = Secret("sk-ant-0123456789");
    boost::asio::io_context loop;
    const auto reply = async::run(loop, ask(dialect, &client, endpoint, &sink));
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(reply->content.size(), 5U);
    EXPECT_EQ(client.requests.back().headers.find("x-api-key"), "sk-ant-0123456789");
    EXPECT_EQ(client.requests.back().headers.find("anthropic-version"), "2023-06-01");
  }
}

} // namespace
} // namespace anthropic
} // namespace openclaw::ports
