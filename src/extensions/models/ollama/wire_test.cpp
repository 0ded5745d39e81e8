#include "async/scope.hpp"
#include "extensions/models/ollama/wire.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_ollama(Registry& registry);
namespace ollama {
namespace {

const std::vector<ToolSpec> kTools = {
    {"exec", "Runs.", R"({"type":"object","properties":{"command":{"type":"string"}}})"}};

struct Outcome {
  std::string reply;
  FakeModelSink sink;
};

Outcome decode(const std::vector<std::string>& pieces, std::set<std::string> flags = {}, bool ends = true) {
  Outcome outcome;
  ModelEndpoint endpoint;
  endpoint.provider = "ollama";
  endpoint.flags = std::move(flags);
  ReplyReader reader(endpoint, "qwen3", kTools, outcome.sink);
  LineParser lines;
  const auto read = [&]() -> Result<ModelReply> {
    for (const auto& piece : pieces)
      TRY_VOID(lines.feed(piece, reader));
    if (ends) TRY_VOID(lines.end(reader));
    return reader.finish();
  };
  const auto reply = read();
  outcome.reply = reply
                      ? sketch(*reply)
                      : std::string(kind_name(reply.error().kind)) + ": " + reply.error().message + reply.error().hint;
  return outcome;
}

std::string line(std::string_view message) {
  return R"({"model":"qwen3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant")" +
         std::string(message) + "},\"done\":false}\n";
}
std::string done(std::string_view reason = "stop") {
  return R"({"model":"qwen3","created_at":"2026-01-01T00:00:09Z","message":{"role":"assistant","content":""},"done":true,"done_reason":")" +
         std::string(reason) + R"(","total_duration":1,"prompt_eval_count":26,"eval_count":9})" + "\n";
}
const std::string kRecorded =
    line(R"(,"content":"","thinking":"Hm, l’été")") + line(R"(,"content":"I look")") + line(R"(,"content":" 🌦")") +
    line(
        R"(,"content":"","tool_calls":[{"id":"call_a","function":{"index":0,"name":"exec","arguments":{"command":"ls"}}}])") +
    line(R"(,"content":"","tool_calls":[{"function":{"name":"now","arguments":{}}}])") + done();

TEST(OllamaReply, IsTheSameHoweverTheBytesAreCut) {
  const auto whole = decode({kRecorded});
  const auto id = call_id_for("2026-01-01T00:00:00Z", 1);
  EXPECT_EQ(whole.reply,
            "<Hm, l’été|> [I look 🌦] (call_a exec {\"command\":\"ls\"}) (" + id + " now {}) toolUse 26+9+0+0");
  EXPECT_EQ(whole.sink.said, "I look 🌦");
  EXPECT_EQ(whole.sink.thought, "Hm, l’été");
  EXPECT_EQ(whole.sink.called, "call_a=exec;" + id + "=now;");
  for (std::size_t cut = 1; cut < kRecorded.size(); ++cut)
    ASSERT_EQ(decode({kRecorded.substr(0, cut), kRecorded.substr(cut)}).reply, whole.reply) << "cut at " << cut;
}

TEST(OllamaReply, AnyStreamThatStopsBeforeItsLastLineIsATransientError) {
  const auto end = kRecorded.rfind("{\"model\"");
  for (std::size_t length = 0; length < end; ++length) {
    ASSERT_EQ(decode({kRecorded.substr(0, length)}, {}, false).reply,
              "transient: The reply of ollama/qwen3 was cut before its end.It is tried again by itself.")
        << length;
    ASSERT_TRUE(decode({kRecorded.substr(0, length)}).reply.starts_with("transient: ")) << length;
  }
}

TEST(OllamaReply, MapsReasonsAndUnderstandsCallsInTheText) {
  EXPECT_EQ(decode({line(R"(,"content":"hi")") + done("length")}).reply, "[hi] length 26+9+0+0");
  EXPECT_TRUE(decode({done("load")}).reply.starts_with("transient: "));
  const auto call = line(R"(,"content":"{\"name\":\"exec\",\"arguments\":{\"command\":\"ls\"}}")") + done();
  EXPECT_NE(decode({call}, {"lenient_tools"}).reply.find(" exec {\"command\":\"ls\"}) toolUse"), std::string::npos);
  EXPECT_EQ(decode({call}).reply.find("toolUse"), std::string::npos);
}

TEST(OllamaReply, ErrorsInsideTheStreamSayWhatToDo) {
  EXPECT_TRUE(
      decode({line(R"(,"content":"hi")") + "{\"error\":\"an error was encountered while running the model\"}\n"})
          .reply.starts_with("transient: ollama failed"));
  const auto memory =
      decode({"{\"error\":\"model requires more system memory (5.6 GiB) than is available (3.2 GiB)\"}\n"}).reply;
  EXPECT_TRUE(memory.starts_with("remote: ")) << memory;
  EXPECT_NE(memory.find("smaller"), std::string::npos);
  EXPECT_TRUE(decode({"nonsense\n"}).reply.starts_with("transient: ollama sent a broken reply"));
}

ModelRequest conversation() {
  ModelRequest request;
  request.model = "qwen3";
  request.system = "Be kind.";
  request.context_tokens = 16384;
  request.max_output_tokens = 2048;
  request.tools = {{"exec", "Runs.", R"({"type":"object"})"}};
  Message user;
  user.content = {TextBlock{"go"}, ImageBlock{"image/png", "aGk="}};
  Message assistant;
  assistant.role = Role::assistant;
  assistant.content = {TextBlock{"Sure."}, ToolCallBlock{"a", "exec", "{\"x\":1}"}};
  Message result;
  result.role = Role::tool_result;
  result.tool_call_id = "a";
  result.tool_name = "exec";
  result.content = {TextBlock{"one"}};
  request.messages = {user, assistant, result};
  return request;
}

TEST(OllamaRequest, AsksForTheWindowThatTheConversationWasCutTo) {
  const auto body = encode_request(conversation(), {"keep_alive=30m"});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"model":"qwen3","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"go","images":["aGk="]},)"
      R"({"role":"assistant","content":"Sure.","tool_calls":[{"id":"a","function":{"name":"exec","arguments":{"x":1}}}]},)"
      R"({"role":"tool","content":"one","tool_name":"exec","tool_call_id":"a"}],"stream":true,"options":{"num_predict":2048,"num_ctx":16384},)"
      R"("tools":[{"type":"function","function":{"name":"exec","description":"Runs.","parameters":{"type":"object"}}}],"keep_alive":"30m"})");
}

TEST(OllamaRequest, SaysAWordAboutThinkingOnlyToModelsThatCan) {
  auto request = conversation();
  const auto has = [&](std::string_view part) {
    const auto body = encode_request(request, {});
    return body && body->find(part) != std::string::npos;
  };
  request.thinking = Thinking::medium;
  EXPECT_FALSE(has("\"think\""));
  request.reasoning = true;
  EXPECT_TRUE(has("\"think\":true"));
  request.model = "gpt-oss:20b";
  EXPECT_TRUE(has("\"think\":\"medium\""));
  request.model = "qwen3";
  request.thinking = Thinking::off;
  EXPECT_TRUE(has("\"think\":false"));
}

Task<ModelReply> ask(Dialect* dialect, FakeHttpClient* client, ModelEndpoint endpoint, FakeModelSink* sink) {
  auto request = std::make_shared<const ModelRequest>(conversation());
  auto reply = co_await dialect->stream(*client, endpoint, std::move(request), *sink);
  co_return reply;
}

TEST(OllamaDialect, FindsItsDoorBelowBothAddressesAndSaysHowToPullAModel) {
  Registry registry;
  register_models_ollama(registry);
  auto* dialect = registry.find_dialect("ollama");
  ASSERT_TRUE(dialect);
  FakeHttpClient client;
  client.answer("http://h/api/chat", {200, {{"content-type", "application/x-ndjson"}}, {kRecorded}, true});
  client.answer("http://gone/api/chat",
                {404, {{"content-type", "application/json"}}, {R"({"error":"model 'qwen3' not found"})"}, false});
  FakeModelSink sink;
  ModelEndpoint endpoint;
  endpoint.provider = "ollama";
  for (const auto* base : {"http://h", "http://h/", "http://h/v1"}) {
    endpoint.base_url = base;
    boost::asio::io_context loop;
    const auto reply = async::run(loop, ask(dialect, &client, endpoint, &sink));
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_EQ(reply->content.size(), 4U);
  }
  endpoint.base_url = "http://gone";
  boost::asio::io_context loop;
  const auto refused = async::run(loop, ask(dialect, &client, endpoint, &sink));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::missing);
  EXPECT_EQ(refused.error().hint, "Fetch it with: ollama pull qwen3");
}

} // namespace
} // namespace ollama
} // namespace openclaw::ports
