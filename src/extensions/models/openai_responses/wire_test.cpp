#include "async/scope.hpp"
#include "extensions/models/openai_responses/wire.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_openai_responses(Registry& registry);
namespace responses {
namespace {

struct Outcome {
  std::string reply;
  FakeModelSink sink;
};

Outcome decode(const std::vector<std::string>& pieces, bool ends = true) {
  Outcome outcome;
  ModelEndpoint endpoint;
  endpoint.provider = "openai";
  ReplyReader reader(endpoint, "gpt", outcome.sink);
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
const std::string kUsage =
    R"("usage":{"input_tokens":119,"input_tokens_details":{"cached_tokens":100},"output_tokens":42,"output_tokens_details":{"reasoning_tokens":30}})";
std::string completed(std::string_view output = "[]") {
  return event("response.completed", R"(,"response":{"id":"r","status":"completed","error":null,"output":)" +
                                         std::string(output) + "," + kUsage + "}");
}
const std::string kStart = event("response.created", R"(,"response":{"id":"resp_1","status":"in_progress"})") +
                           event("response.in_progress", R"(,"response":{"id":"resp_1"})");
const std::string kRecorded =
    kStart +
    event("response.output_item.added", R"(,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]})") +
    event("response.reasoning_summary_part.added",
          R"(,"output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""})") +
    event("response.reasoning_summary_text.delta", R"(,"output_index":0,"summary_index":0,"delta":"Hm, l’été")") +
    event(
        "response.output_item.done",
        R"(,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm, l’été"}],"encrypted_content":"ZW5j"})") +
    event(
        "response.output_item.added",
        R"(,"output_index":1,"item":{"type":"message","id":"msg_1","role":"assistant","status":"in_progress","content":[]})") +
    event("response.content_part.added",
          R"(,"output_index":1,"content_index":0,"part":{"type":"output_text","text":""})") +
    event("response.output_text.delta", R"(,"output_index":1,"content_index":0,"delta":"I look")") +
    event("response.output_text.delta", R"(,"output_index":1,"content_index":0,"delta":" 🌦")") +
    event("response.output_text.done", R"(,"output_index":1,"content_index":0,"text":"I look 🌦")") +
    event(
        "response.output_item.done",
        R"(,"output_index":1,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look 🌦"}]})") +
    event(
        "response.output_item.added",
        R"(,"output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"exec","arguments":""})") +
    event("response.function_call_arguments.delta", R"(,"output_index":2,"delta":"{\"command\":")") +
    event("response.function_call_arguments.delta", R"(,"output_index":2,"delta":"\"ls\"}")") +
    event(
        "response.output_item.done",
        R"(,"output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"exec","arguments":"{\"command\":\"ls\"}"})") +
    event(
        "response.output_item.added",
        R"(,"output_index":3,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"now","arguments":""})") +
    event(
        "response.output_item.done",
        R"(,"output_index":3,"item":{"type":"function_call","id":"fc_2","call_id":"call_2","name":"now","arguments":"{}"})") +
    completed();
const std::string kReasoning =
    R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm, l’été"}],"encrypted_content":"ZW5j"})";

TEST(ResponsesReply, IsTheSameHoweverTheBytesAreCut) {
  const auto whole = decode({kRecorded});
  EXPECT_EQ(whole.reply, "<Hm, l’été|" + kReasoning +
                             "> [I look 🌦] (call_1 exec {\"command\":\"ls\"}) (call_2 now {}) toolUse 19+42+100+0");
  EXPECT_EQ(whole.sink.said, "I look 🌦");
  EXPECT_EQ(whole.sink.thought, "Hm, l’été");
  EXPECT_EQ(whole.sink.called, "call_1=exec;call_2=now;");
  for (std::size_t cut = 1; cut < kRecorded.size(); ++cut)
    ASSERT_EQ(decode({kRecorded.substr(0, cut), kRecorded.substr(cut)}).reply, whole.reply) << "cut at " << cut;
}

TEST(ResponsesReply, AnyStreamThatStopsBeforeItsEndIsATransientError) {
  const auto end = kRecorded.find("event: response.completed");
  for (std::size_t length = 0; length < end; ++length) {
    ASSERT_EQ(decode({kRecorded.substr(0, length)}, false).reply,
              "transient: The reply of openai/gpt was cut before its end.")
        << length;
    // The connection ended in an orderly way, in the middle of an event.
    ASSERT_TRUE(decode({kRecorded.substr(0, length)}).reply.starts_with("transient: ")) << length;
  }
}

TEST(ResponsesReply, AnIncompleteOneIsCutOrFiltered) {
  const auto call =
      kStart +
      event("response.output_item.added",
            R"(,"output_index":0,"item":{"type":"function_call","call_id":"c","name":"exec","arguments":""})") +
      event("response.function_call_arguments.delta", R"(,"output_index":0,"delta":"{\"a\":")");
  const auto incomplete = [&](std::string_view reason) {
    return event("response.incomplete", R"(,"response":{"status":"incomplete","incomplete_details":{"reason":")" +
                                            std::string(reason) + "\"}," + kUsage + "}");
  };
  EXPECT_EQ(decode({call + incomplete("max_output_tokens")}).reply, "length 19+42+100+0");
  EXPECT_TRUE(decode({call + incomplete("content_filter")}).reply.ends_with("content-filter"));
  EXPECT_EQ(decode({call + completed()}).reply, "(c exec {\"__invalid_json__\":\"{\\\"a\\\":\"}) toolUse 19+42+100+0");
}

TEST(ResponsesReply, AServerThatOnlySendsTheWholeIsUnderstood) {
  const auto outcome = decode({completed(
      R"([{"type":"message","content":[{"type":"output_text","text":"hi"}]},{"type":"function_call","call_id":"c","name":"now","arguments":"{}"}])")});
  EXPECT_EQ(outcome.reply, "[hi] (c now {}) toolUse 19+42+100+0");
  EXPECT_EQ(outcome.sink.said, "hi");
}

TEST(ResponsesReply, ErrorsInsideTheStreamAreClassified) {
  const auto failed = [](std::string_view error) {
    return decode({kStart +
                   event("response.failed", R"(,"response":{"status":"failed","error":)" + std::string(error) + "}")})
        .reply;
  };
  EXPECT_EQ(failed(R"({"code":"rate_limit_exceeded","message":"Slow down"})"),
            "busy: openai is limiting how many requests it takes (in its stream): \"Slow down\"");
  EXPECT_TRUE(failed(R"({"code":"server_error","message":"Sorry"})").starts_with("transient: openai failed"));
  EXPECT_TRUE(failed(R"({"code":"context_length_exceeded","message":"too long"})").ends_with("context-overflow"));
  EXPECT_TRUE(failed("null").starts_with("transient: "));
  EXPECT_TRUE(decode({kStart + event("error", R"(,"code":"insufficient_quota","message":"No credit","param":null)")})
                  .reply.ends_with("billing"));
  EXPECT_TRUE(decode({kStart + "data: nonsense\n\n"}).reply.starts_with("transient: openai sent a broken reply"));
  EXPECT_TRUE(decode({kStart + event("response.function_call_arguments.delta", R"(,"output_index":9,"delta":"x")")})
                  .reply.starts_with("transient: openai sent a broken reply"));
}

ModelRequest conversation() {
  ModelRequest request;
  request.model = "gpt";
  request.system = "Be kind.";
  request.tools = {{"exec", "Runs.", R"({"type":"object"})"}};
  Message user;
  user.content = {TextBlock{"go"}, ImageBlock{"image/png", "aGk="}};
  Message assistant;
  assistant.role = Role::assistant;
  assistant.content = {ThinkingBlock{"hm", kReasoning}, ThinkingBlock{"other", "c2ln"}, TextBlock{"Sure."},
                       ToolCallBlock{"a", "exec", "{\"x\":1}"}, ToolCallBlock{"b", "exec", "{}"}};
  Message first;
  first.role = Role::tool_result;
  first.tool_call_id = "a";
  first.content = {TextBlock{"one"}};
  Message second = first;
  second.tool_call_id = "b";
  second.content = {ImageBlock{"image/png", "aGk="}};
  request.messages = {user, assistant, first, second};
  return request;
}

TEST(ResponsesRequest, GivesReasoningBackAsItCameAndStoresNothing) {
  auto request = conversation();
  request.reasoning = true;
  request.thinking = Thinking::high;
  const auto body = encode_request(request, {"reasoning_effort"});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"model":"gpt","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"go"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,aGk="}]},)" +
          kReasoning +
          R"(,{"type":"message","role":"assistant","content":"Sure."},{"type":"function_call","call_id":"a","name":"exec","arguments":"{\"x\":1}"},)"
          R"({"type":"function_call","call_id":"b","name":"exec","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":"one"},)"
          R"~({"type":"function_call_output","call_id":"b","output":"(see the image below)"},)~"
          R"({"type":"message","role":"user","content":[{"type":"input_text","text":"Images of the tool results above:"},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,aGk="}]}],)"
          R"("stream":true,"store":false,"max_output_tokens":8192,"instructions":"Be kind.","tools":[{"type":"function","name":"exec","description":"Runs.","parameters":{"type":"object"},"strict":false}],)"
          R"("include":["reasoning.encrypted_content"],"reasoning":{"effort":"high"}})");
  request.reasoning = false;
  const auto plain = encode_request(request, {"reasoning_effort"});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->find("reasoning"), std::string::npos);
}

Task<ModelReply> ask(Dialect* dialect, FakeHttpClient* client, ModelEndpoint endpoint, FakeModelSink* sink) {
  auto request = std::make_shared<const ModelRequest>(conversation());
  auto reply = co_await dialect->stream(*client, endpoint, std::move(request), *sink);
  co_return reply;
}

TEST(ResponsesDialect, SendsTheKeyAndReadsTheStream) {
  Registry registry;
  register_models_openai_responses(registry);
  auto* dialect = registry.find_dialect("openai-responses");
  ASSERT_TRUE(dialect);
  FakeHttpClient client;
  client.answer(
      "http://h/v1/responses",
      {200, {{"content-type", "text/event-stream"}}, {kRecorded.substr(0, 700), kRecorded.substr(700)}, true});
  FakeModelSink sink;
  ModelEndpoint endpoint;
  endpoint.provider = "openai";
  endpoint.base_url = "http://h/v1/";
  endpoint.api_key = Secret("sk-0123456789");
  boost::asio::io_context loop;
  const auto reply = async::run(loop, ask(dialect, &client, endpoint, &sink));
  ASSERT_TRUE(reply) << reply.error().text();
  EXPECT_EQ(reply->content.size(), 4U);
  EXPECT_EQ(client.requests.back().headers.find("Authorization"), "Bearer sk-0123456789");
}

} // namespace
} // namespace responses
} // namespace openclaw::ports
