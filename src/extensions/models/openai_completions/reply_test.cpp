#include "extensions/models/openai_completions/wire.hpp"
#include "ports/fake_model_sink.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports::openai {
namespace {

const std::vector<ToolSpec> kTools = {
    {"exec", "Runs.", R"({"type":"object","properties":{"command":{"type":"string"}}})"},
    {"read", "Reads.", R"({"type":"object","properties":{"path":{"type":"string"},"limit":{"type":"integer"}}})"}};

struct Outcome {
  std::string reply; // sketch, or kind and message of the error
  FakeModelSink sink;
};

Outcome decode(const std::vector<std::string>& pieces, std::set<std::string> flags = {}, bool ends = true) {
  Outcome outcome;
  ModelEndpoint endpoint;
  endpoint.provider = "openai";
  endpoint.flags = std::move(flags);
  ReplyReader reader(endpoint, "gpt", kTools, outcome.sink);
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
Outcome decode(std::string bytes, std::set<std::string> flags = {}) {
  return decode(std::vector<std::string>{std::move(bytes)}, std::move(flags));
}

std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return std::string(R"(data: {"id":"c1","created":1,"choices":[{"index":0,"delta":)") + std::string(delta) +
         R"(,"finish_reason":)" + std::string(finish) + "}]}\n\n";
}
const std::string kDone = "data: [DONE]\n\n";
std::string text(std::string_view words) {
  return chunk(to_text(json::object{{"content", words}}));
}

// As recorded from OpenAI, with a keep-alive comment, two parallel calls and accents that a cut may split.
const std::string kRecorded =
    chunk(R"({"role":"assistant","content":null,"refusal":null})") + ": keepalive\n\n" +
    chunk(R"({"content":"Je regarde l’été 🌦."})") +
    chunk(R"({"tool_calls":[{"index":0,"id":"call_A","type":"function","function":{"name":"exec","arguments":""}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"comm"}}]})") +
    chunk(
        R"({"tool_calls":[{"index":1,"id":"call_B","type":"function","function":{"name":"read","arguments":"{\"path\":"}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"and\":\"ls é\"}"}}]})") +
    chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"\"a.txt\"}"}}]})") + chunk("{}", R"("tool_calls")") +
    "data: "
    "{\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":120,"
    "\"prompt_tokens_details\":{\"cached_tokens\":64},\"completion_tokens_details\":{\"reasoning_tokens\":5}}}"
    "\r\n\r\n" +
    kDone;

TEST(OpenAiReply, IsTheSameHoweverTheBytesAreCut) {
  const auto whole = decode(kRecorded);
  EXPECT_EQ(whole.reply, "[Je regarde l’été 🌦.] (call_A exec {\"command\":\"ls é\"}) (call_B read "
                         "{\"path\":\"a.txt\"}) toolUse 36+20+64+0");
  EXPECT_EQ(whole.sink.called, "call_A=exec;call_B=read;");
  for (std::size_t cut = 1; cut < kRecorded.size(); ++cut) {
    const auto parts = decode({kRecorded.substr(0, cut), kRecorded.substr(cut)});
    ASSERT_EQ(parts.reply, whole.reply) << "cut at " << cut;
    ASSERT_EQ(parts.sink.said, whole.sink.said);
  }
  std::vector<std::string> bytes;
  for (const char c : kRecorded)
    bytes.emplace_back(1, c);
  EXPECT_EQ(decode(bytes).reply, whole.reply);
}

TEST(OpenAiReply, AnyStreamThatStopsBeforeItsFinishReasonIsATransientCut) {
  const auto finish = kRecorded.find("\"tool_calls\"}");
  for (std::size_t end = 0; end < finish; ++end) {
    const auto outcome = decode({kRecorded.substr(0, end)}, {}, false);
    ASSERT_EQ(outcome.reply, "transient: The reply of openai/gpt was cut before its end.") << end;
  }
}

TEST(OpenAiReply, AMissingDoneAfterTheFinishReasonLosesNothing) {
  EXPECT_EQ(decode(text("hi") + chunk("{}", "\"stop\"")).reply, "[hi] stop 0+0+0+0");
  EXPECT_EQ(decode(text("hi") + kDone).reply, "[hi] stop 0+0+0+0");
  EXPECT_EQ(decode(text("hi") + "data: [DONE]").reply, "[hi] stop 0+0+0+0");
}

TEST(OpenAiReply, MapsFinishReasons) {
  EXPECT_EQ(decode(text("hi") + chunk("{}", "\"length\"") + kDone).reply, "[hi] length 0+0+0+0");
  EXPECT_TRUE(decode(text("hi") + chunk("{}", "\"content_filter\"") + kDone).reply.ends_with("content-filter"));
  // Ollama says "stop" after calls.
  EXPECT_EQ(decode(chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"exec","arguments":"{}"}}]})") +
                   chunk("{}", "\"stop\""))
                .reply,
            "(a exec {}) toolUse 0+0+0+0");
}

TEST(OpenAiReply, KeepsCallsApartThatShareAnIndexOrHaveNone) {
  const auto ollama = chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"exec","arguments":"{}"}}]})") +
                      chunk(R"({"tool_calls":[{"index":0,"id":"b","function":{"name":"read","arguments":"{}"}}]})") +
                      chunk("{}", "\"stop\"");
  EXPECT_EQ(decode(ollama).reply, "(a exec {}) (b read {}) toolUse 0+0+0+0");
  const auto no_index =
      chunk(R"({"tool_calls":[{"id":"a","function":{"name":"exec","arguments":{"command":"ls"}}}]})") +
      chunk(R"({"tool_calls":[{"id":"b","function":{"name":"read","arguments":"{\"pa"}}]})") +
      chunk(R"({"tool_calls":[{"function":{"arguments":"th\":\"x\"}"}}]})") + chunk("{}", "\"stop\"");
  EXPECT_EQ(decode(no_index).reply, "(a exec {\"command\":\"ls\"}) (b read {\"path\":\"x\"}) toolUse 0+0+0+0");
}

TEST(OpenAiReply, GivesACallWithoutIdOneThatIsAlwaysTheSame) {
  const auto bytes =
      chunk(R"({"tool_calls":[{"index":0,"function":{"name":"exec","arguments":"{}"}}]})") + chunk("{}", "\"stop\"");
  const auto first = decode(bytes).reply;
  EXPECT_TRUE(first.starts_with("(call_")) << first;
  EXPECT_EQ(decode(bytes).reply, first);
}

TEST(OpenAiReply, MarksArgumentsThatAreNoObjectSoThatTheCallCannotRun) {
  const auto with = [](std::string_view arguments, std::string_view finish = "\"tool_calls\"") {
    return decode(chunk(to_text(json::object{
                      {"tool_calls",
                       {{{"index", 0}, {"id", "a"}, {"function", {{"name", "exec"}, {"arguments", arguments}}}}}}})) +
                  chunk("{}", finish))
        .reply;
  };
  EXPECT_EQ(with(""), "(a exec {}) toolUse 0+0+0+0");
  EXPECT_EQ(with(R"("{\"command\":\"ls\"}")"), "(a exec {\"command\":\"ls\"}) toolUse 0+0+0+0");
  EXPECT_EQ(with("{\"command\": ls}"), "(a exec {\"__invalid_json__\":\"{\\\"command\\\": ls}\"}) toolUse 0+0+0+0");
  // Half a call at the token limit is no call.
  EXPECT_EQ(with("{\"command\":\"rm -rf /tmp/x", "\"length\""), "length 0+0+0+0");
}

TEST(OpenAiReply, TakesReasoningOfEveryNameAsThinking) {
  EXPECT_EQ(decode(chunk(R"({"reasoning_content":"hm"})") + text("ok") + chunk("{}", "\"stop\"")).reply,
            "<hm|> [ok] stop 0+0+0+0");
  EXPECT_EQ(decode(chunk(R"({"reasoning":"hm"})") + text("ok") + chunk("{}", "\"stop\"")).reply,
            "<hm|> [ok] stop 0+0+0+0");
  EXPECT_EQ(decode(chunk(R"({"reasoning_content":"hm"})") + text("ok") + chunk("{}", "\"stop\""), {"reasoning_content"})
                .reply,
            "<hm|reasoning_content> [ok] stop 0+0+0+0");
  EXPECT_EQ(
      decode(
          chunk(
              R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"ok"}]})") +
          chunk("{}", "\"stop\""))
          .reply,
      "<hm|> [ok] stop 0+0+0+0");
}

TEST(OpenAiReply, CountsReasoningThatIsReportedBesideTheCompletion) {
  EXPECT_EQ(decode(text("x") + chunk("{}", "\"stop\"") +
                   "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":17,"
                   "\"completion_tokens_details\":{\"reasoning_tokens\":5}}}\n\n" +
                   kDone)
                .reply,
            "[x] stop 10+7+0+0");
  EXPECT_EQ(decode(text("x") + chunk("{}", "\"stop\"") +
                   "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-9,\"completion_tokens\":\"many\"}}\n\n" + kDone)
                .reply,
            "[x] stop 0+0+0+0");
}

TEST(OpenAiReply, ErrorsInsideTheStreamAreClassified) {
  EXPECT_EQ(decode(text("a") + "data: {\"error\":{\"message\":\"Upstream died\",\"code\":502}}\n\n").reply,
            "transient: openai failed (in its stream): \"Upstream died\"");
  EXPECT_EQ(
      decode("data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}\n\n").reply.substr(0, 5),
      "busy:");
  EXPECT_TRUE(
      decode("event: error\ndata: {\"error\":{\"message\":\"the request exceeds the available context size\"}}\n\n")
          .reply.ends_with("context-overflow"));
}

TEST(OpenAiReply, APieceThatIsNoJsonFailsTheReplyAndIsQuotedShortly) {
  const auto outcome = decode(text("a") + "data: {\"broken" + std::string(5000, 'x') + "\n\n");
  EXPECT_TRUE(outcome.reply.starts_with("transient: openai sent a broken reply")) << outcome.reply;
  EXPECT_LT(outcome.reply.size(), 300U);
}

const std::set<std::string> kLenient = {"lenient_tools"};

TEST(TolerantTools, UnderstandCallsWrittenIntoTheText) {
  const std::string call = R"( exec {"command":"ls"}) toolUse 0+0+0+0)";
  for (const std::string said : {
           R"(<tool_call>{"name":"exec","arguments":{"command":"ls"}}</tool_call>)",
           "<tool_call>\n{\"name\":\"exec\",\"arguments\":{\"command\":\"ls\"}}\n",
           "<tool_call>\n<function=exec>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>",
           "<function=exec>\n<parameter=command>\nls\n</parameter>\n</function>",
           R"([TOOL_CALLS][{"name":"exec","arguments":{"command":"ls"}}])",
           "```json\n{\"name\": \"exec\", \"arguments\": {\"command\": \"ls\"}}\n```",
           R"({"name":"exec","parameters":{"command":"ls"}})",
           R"({"function":{"name":"exec","arguments":"{\"command\":\"ls\"}"}})",
           R"({"tool":"exec","args":{"command":"ls"}})",
       }) {
    const auto bytes = text(said) + chunk("{}", "\"stop\"") + kDone;
    const auto whole = decode(bytes, kLenient);
    EXPECT_TRUE(whole.reply.starts_with("(call_") && whole.reply.ends_with(call)) << said << " => " << whole.reply;
    EXPECT_EQ(whole.sink.said, "") << said;
  }
}

TEST(TolerantTools, CallsAndShownTextAreTheSameHoweverTheWordsAreCut) {
  const std::string said =
      "<think>let me</think>I look.\n<tool_call>{\"name\":\"exec\",\"arguments\":{\"command\":\"a\"}}</tool_call>\n"
      "<tool_call>{\"name\":\"read\",\"arguments\":{\"path\":\"b\"}}</tool_call>";
  const auto end = chunk("{}", "\"stop\"") + kDone;
  const auto whole = decode(text(said) + end, kLenient);
  EXPECT_TRUE(whole.reply.starts_with("<let me|> [I look.\n] (call_")) << whole.reply;
  EXPECT_EQ(whole.sink.said, "I look.\n");
  EXPECT_EQ(whole.sink.thought, "let me");
  for (std::size_t cut = 1; cut < said.size(); ++cut) {
    const auto parts = decode(text(said.substr(0, cut)) + text(said.substr(cut)) + end, kLenient);
    ASSERT_EQ(parts.reply, whole.reply) << cut;
    ASSERT_EQ(parts.sink.said, whole.sink.said) << cut;
    ASSERT_EQ(parts.sink.called, whole.sink.called) << cut;
  }
}

TEST(TolerantTools, LeaveEverythingElseAsText) {
  for (const std::string said : {
           "Call it like {\"name\":\"exec\",\"arguments\":{}} please.",
           "{\"name\":\"exec\",\"arguments\":{\"command\":\"ls\"}}\nThat is how you would call it.",
           "{\"name\":\"rm\",\"arguments\":{}}",
           "{\"name\":\"exec\"}",
           "{ half",
           "<tool_call>nonsense</tool_call>",
           "1 < 2 and <b>",
           "```json\n{\"a\":1}\n```",
           "[TOOL_CALLS] what?",
       }) {
    const auto outcome = decode(text(said) + chunk("{}", "\"stop\""), kLenient);
    EXPECT_EQ(outcome.reply, "[" + said + "] stop 0+0+0+0");
    EXPECT_EQ(outcome.sink.said, said);
  }
}

TEST(TolerantTools, AreOffForEndpointsThatDoNotNameThem) {
  const std::string said = R"({"name":"exec","arguments":{"command":"ls"}})";
  EXPECT_EQ(decode(text(said) + chunk("{}", "\"stop\"")).reply, "[" + said + "] stop 0+0+0+0");
}

TEST(TolerantTools, ReadParametersByTheToolsOwnSchema) {
  const auto outcome = decode(
      text("<function=read>\n<parameter=path>\n12\n</parameter>\n<parameter=limit>\n7\n</parameter>\n</function>") +
          chunk("{}", "\"stop\""),
      kLenient);
  EXPECT_NE(outcome.reply.find(R"({"path":"12","limit":7})"), std::string::npos) << outcome.reply;
}

} // namespace
} // namespace openclaw::ports::openai
