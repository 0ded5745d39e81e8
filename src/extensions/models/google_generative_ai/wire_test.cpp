#include "async/scope.hpp"
#include "extensions/models/google_generative_ai/wire.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_google_generative_ai(Registry& registry);
namespace google {
namespace {

struct Outcome {
  std::string reply;
  FakeModelSink sink;
};

Outcome decode(const std::vector<std::string>& pieces, bool ends = true) {
  Outcome outcome;
  ModelEndpoint endpoint;
  endpoint.provider = "google";
  ReplyReader reader(endpoint, "gemini", outcome.sink);
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

std::string chunk(std::string_view parts, std::string_view finish = "") {
  std::string out =
      R"(data: {"candidates":[{"content":{"parts":[)" + std::string(parts) + R"(],"role":"model"},"index":0)";
  if (!finish.empty()) out += ",\"finishReason\":\"" + std::string(finish) + "\"";
  return out +
         R"(}],"usageMetadata":{"promptTokenCount":119,"cachedContentTokenCount":100,"candidatesTokenCount":12,)" +
         R"("thoughtsTokenCount":30,"totalTokenCount":161},"responseId":"r1"})" + "\r\n\r\n";
}
const std::string kRecorded =
    chunk(R"({"text":"Hm, ","thought":true})") + chunk(R"({"text":"l’été","thought":true})") +
    chunk(R"({"text":"I look"})") + chunk(R"({"text":" 🌦"})") +
    chunk(
        R"({"functionCall":{"name":"exec","args":{"command":"ls"},"id":"c1"},"thoughtSignature":"c2ln"},{"functionCall":{"name":"now","args":{},"id":"c2"}})") +
    chunk(R"({"text":""})", "STOP");

TEST(GoogleReply, IsTheSameHoweverTheBytesAreCut) {
  const auto whole = decode({kRecorded});
  EXPECT_EQ(whole.reply, "<Hm, l’été|> [I look 🌦] <|call 0 c2ln> (c1 exec {\"command\":\"ls\"}) (c2 now {}) toolUse "
                         "19+42+100+0");
  EXPECT_EQ(whole.sink.said, "I look 🌦");
  EXPECT_EQ(whole.sink.thought, "Hm, l’été");
  EXPECT_EQ(whole.sink.called, "c1=exec;c2=now;");
  for (std::size_t cut = 1; cut < kRecorded.size(); ++cut)
    ASSERT_EQ(decode({kRecorded.substr(0, cut), kRecorded.substr(cut)}).reply, whole.reply) << "cut at " << cut;
}

TEST(GoogleReply, AnyStreamThatStopsBeforeItsFinishReasonIsATransientError) {
  const auto end = kRecorded.find("\"finishReason\"");
  for (std::size_t length = 0; length < end; ++length) {
    ASSERT_EQ(decode({kRecorded.substr(0, length)}, false).reply,
              "transient: The reply of google/gemini was cut before its end.")
        << length;
    ASSERT_TRUE(decode({kRecorded.substr(0, length)}).reply.starts_with("transient: ")) << length;
  }
}

TEST(GoogleReply, MapsFinishReasons) {
  const auto with = [](std::string_view reason) { return decode({chunk(R"({"text":"hi"})", reason)}).reply; };
  EXPECT_EQ(with("STOP"), "[hi] stop 19+42+100+0");
  EXPECT_EQ(with("MAX_TOKENS"), "[hi] length 19+42+100+0");
  for (const auto* reason : {"SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "OTHER"}) {
    EXPECT_TRUE(with(reason).starts_with("remote: google stopped the reply (" + std::string(reason))) << with(reason);
    EXPECT_TRUE(with(reason).ends_with("content-filter"));
  }
  EXPECT_EQ(with("MALFORMED_FUNCTION_CALL"),
            "transient: google/gemini wrote a tool call that cannot be read (MALFORMED_FUNCTION_CALL).");
  EXPECT_EQ(decode({R"(data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{}})"
                    "\n\n"})
                .reply,
            "remote: google refused this conversation (SAFETY).content-filter");
}

TEST(GoogleReply, ErrorsInsideTheStreamAreClassified) {
  EXPECT_EQ(decode({chunk(R"({"text":"hi"})") +
                    R"(data: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})"
                    "\n\n"})
                .reply,
            "transient: google failed (in its stream): \"The model is overloaded.\"");
  EXPECT_TRUE(decode({"data: nonsense\n\n"}).reply.starts_with("transient: google sent a broken reply"));
}

TEST(GoogleReply, CallsWithoutIdsGetTheSameOnesEachTime) {
  const auto two = chunk(R"({"functionCall":{"name":"a"}},{"functionCall":{"name":"a"}})", "STOP");
  const auto once = decode({two});
  EXPECT_EQ(once.reply, decode({two}).reply);
  EXPECT_NE(once.sink.called.substr(0, 20), once.sink.called.substr(once.sink.called.size() / 2, 20));
}

Message of(Role role, std::vector<Block> content) {
  Message message;
  message.role = role;
  message.content = std::move(content);
  return message;
}

ModelRequest conversation() {
  ModelRequest request;
  request.model = "gemini-2.5-pro";
  request.system = "Be kind.";
  request.tools = {{"now", "Tells the time.", R"({"type":"object","properties":{}})"}};
  auto first = of(Role::tool_result, {TextBlock{"one"}});
  first.tool_name = "exec";
  auto second = of(Role::tool_result, {ImageBlock{"image/png", "aGk="}});
  second.tool_name = "look";
  second.is_error = true;
  request.messages = {of(Role::user, {TextBlock{"go"}, ImageBlock{"image/png", "aGk="}}),
                      of(Role::assistant, {ThinkingBlock{"hm", ""}, ThinkingBlock{"", "text dGV4dA"},
                                           TextBlock{"Sure."}, ThinkingBlock{"", "call 1 c2ln"},
                                           ToolCallBlock{"a", "exec", "{\"x\":1}"}, ToolCallBlock{"b", "look", "{}"}}),
                      first, second, of(Role::user, {TextBlock{"and now"}})};
  return request;
}

TEST(GoogleRequest, PutsResultsIntoOneContentAndSignaturesWhereTheyWere) {
  const auto body = encode_request(conversation(), {});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"contents":[{"role":"user","parts":[{"text":"go"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},)"
      R"({"role":"model","parts":[{"text":"Sure.","thoughtSignature":"dGV4dA"},{"functionCall":{"name":"exec","args":{"x":1}}},{"functionCall":{"name":"look","args":{}},"thoughtSignature":"c2ln"}]},)"
      R"~({"role":"user","parts":[{"functionResponse":{"name":"exec","response":{"output":"one"}}},{"functionResponse":{"name":"look","response":{"error":"(see the image below)"}}}]},)~"
      R"({"role":"user","parts":[{"text":"Images of the tool results above:"},{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"text":"and now"}]}],)"
      R"("systemInstruction":{"parts":[{"text":"Be kind."}]},"tools":[{"functionDeclarations":[{"name":"now","description":"Tells the time."}]}],)"
      R"("generationConfig":{"maxOutputTokens":8192}})");
}

// parity: 1.6-thinking
TEST(GoogleRequest, AsksForThinkingAsTheModelWantsToBeAsked) {
  auto request = conversation();
  request.reasoning = true;
  const auto has = [&](std::string_view part, std::set<std::string> flags = {}) {
    const auto body = encode_request(request, flags);
    return body && body->find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(R"("thinkingConfig":{"includeThoughts":false})"));
  EXPECT_TRUE(has(R"("thinkingBudget":0)", {"thinking_can_stop"}));
  request.thinking = Thinking::high;
  EXPECT_TRUE(has(R"("thinkingConfig":{"includeThoughts":true,"thinkingBudget":4096})"));
  EXPECT_TRUE(has(R"("thinkingLevel":"high")", {"thinking_level"}));
  EXPECT_FALSE(has("skip_thought_signature_validator"));
  request.model = "gemini-3-pro-preview"; // the first call of the message came unsigned
  EXPECT_TRUE(has("skip_thought_signature_validator"));
}

std::string converted(std::string_view schema) {
  const auto parsed = parse_json(schema, "schema");
  const auto out = gemini_schema(*parsed);
  return out ? to_text(*out) : "nothing";
}

TEST(GoogleSchema, KeepsWhatGeminiTakesAndNothingElse) {
  EXPECT_EQ(converted(R"({"type":"object"})"), "nothing");
  EXPECT_EQ(
      converted(
          R"({"$schema":"x","type":"object","additionalProperties":false,"required":["a","gone"],"properties":{"a":{"type":"string","format":"uri","minLength":1,"default":"x"}}})"),
      R"({"type":"object","properties":{"a":{"minLength":1,"type":"string"}},"required":["a"]})");
  EXPECT_EQ(converted(R"({"type":"object","properties":{"a":{"type":["integer","null"],"exclusiveMinimum":0}}})"),
            R"({"type":"object","properties":{"a":{"nullable":true,"type":"integer"}}})");
  EXPECT_EQ(
      converted(
          R"({"type":"object","properties":{"a":{"const":"x"},"b":{"enum":[1,2],"type":"integer"},"c":{"type":"array"}}})"),
      R"({"type":"object","properties":{"a":{"enum":["x"],"type":"string"},"b":{"type":"integer"},"c":{"type":"array","items":{"type":"string"}}}})");
  EXPECT_EQ(
      converted(
          R"({"type":"object","properties":{"a":{"oneOf":[{"type":"string"},{"type":"null"}]},"b":{"anyOf":[{"type":"string"},{"type":"integer"}]}}})"),
      R"({"type":"object","properties":{"a":{"nullable":true,"type":"string"},"b":{"anyOf":[{"type":"string"},{"type":"integer"}]}}})");
  EXPECT_EQ(converted(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"number"}}})"),
            R"({"type":"object","properties":{"a":{"type":"number"}}})");
  // A schema that refers to itself ends somewhere.
  EXPECT_NE(converted(R"({"type":"object","properties":{"a":{"$ref":"#"}}})"), "nothing");
}

Task<std::string> ask(Dialect* dialect, FakeHttpClient* client, ModelEndpoint endpoint) {
  FakeModelSink sink;
  auto request = std::make_shared<const ModelRequest>(conversation());
  CO_TRY(auto reply, co_await dialect->stream(*client, endpoint, std::move(request), sink));
  CO_TRY(auto models, co_await dialect->list_models(*client, endpoint));
  co_return sketch(reply) + (models.empty() ? "" : " " + models.front());
}

TEST(GoogleDialect, SendsTheKeyInAHeaderAndNeverInTheAddress) {
  Registry registry;
  register_models_google_generative_ai(registry);
  auto* dialect = registry.find_dialect("google-generative-ai");
  ASSERT_TRUE(dialect);
  FakeHttpClient client;
  client.answer("http://h/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                {200, {{"content-type", "text/event-stream"}}, {chunk(R"({"text":"hi"})", "STOP")}, false});
  client.answer("http://h/v1beta/models?pageSize=1000",
                {200,
                 {},
                 {R"({"models":[{"name":"models/embed","supportedGenerationMethods":["embedContent"]},)"
                  R"({"name":"models/gemini-2.5-pro","supportedGenerationMethods":["generateContent"]}]})"},
                 false});
  for (const auto* base : {"http://h", "http://h/v1beta", "http://h/v1beta/"}) {
    ModelEndpoint endpoint;
    endpoint.provider = "google";
    endpoint.base_url = base;
    endpoint.api_key = Secret("AIza0123456789");
    boost::asio::io_context loop;
    const auto out = async::run(loop, ask(dialect, &client, endpoint));
    ASSERT_TRUE(out) << out.error().text();
    EXPECT_EQ(*out, "[hi] stop 19+42+100+0 gemini-2.5-pro");
    for (const auto& request : client.requests) {
      EXPECT_EQ(request.headers.find("x-goog-api-key"), "AIza0123456789");
      EXPECT_EQ(request.url.find("AIza"), std::string::npos);
    }
  }
}

} // namespace
} // namespace google
} // namespace openclaw::ports
