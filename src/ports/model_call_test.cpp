#include "ports/model_call.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
namespace {

ModelEndpoint endpoint() {
  ModelEndpoint out;
  out.provider = "acme";
  out.base_url = "https://api.acme.example/v1";
  out.api_key = Secret("topsecret-key-1234");
  out.headers["X-Team"] = "hidden-team-value";
  return out;
}

struct Row {
  int status;
  std::string body;
  Kind kind;
  std::string code;
};

TEST(ModelError, RealErrorBodiesGetTheKindThatDecidesWhatHappensNext) {
  const Row rows[] = {
      {401,
       R"({"error":{"message":"Incorrect API key provided: sk-f***fake.","type":"invalid_request_error","code":"invalid_api_key"}})",
       Kind::denied, ""},
      {401, R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})", Kind::denied,
       ""},
      {400, R"({"code":"Client specified an invalid argument","error":"Incorrect API key provided: to***34."})",
       Kind::denied, ""},
      {400,
       R"([{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}])",
       Kind::denied, ""},
      {403, R"({"error":{"type":"permission_error","message":"Not for you"}})", Kind::denied, ""},
      {402, R"({"error":{"message":"Insufficient Balance","type":"unknown_error"}})", Kind::denied, "billing"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}})",
       Kind::denied, "billing"},
      {429,
       R"({"error":{"message":"You exceeded your current quota, please check your plan","type":"insufficient_quota","code":"insufficient_quota"}})",
       Kind::denied, "billing"},
      {429, R"({"error":{"message":"Rate limit reached for gpt-5","type":"tokens","code":"rate_limit_exceeded"}})",
       Kind::busy, ""},
      {429,
       R"({"error":{"message":"Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 40000."}})",
       Kind::invalid, "context-overflow"},
      {413,
       R"({"error":{"message":"Request too large for model on tokens per minute, TPM","code":"rate_limit_exceeded"}})",
       Kind::invalid, "context-overflow"},
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", Kind::busy, ""},
      {400,
       R"({"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}})",
       Kind::invalid, "context-overflow"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 213462 tokens > 200000 maximum"}})",
       Kind::invalid, "context-overflow"},
      {400,
       R"({"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error"}})",
       Kind::invalid, "context-overflow"},
      {400,
       R"({"error":{"message":"messages.1: tool_use ids were found without tool_result","type":"invalid_request_error"}})",
       Kind::invalid, ""},
      {422, R"({"detail":[{"loc":["body","store"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]})",
       Kind::invalid, ""},
      {404, R"({"error":{"message":"model \"qwen\" not found, try pulling it first","type":"api_error"}})",
       Kind::missing, ""},
      {400, R"({"error":{"message":"The model `gpt-9` does not exist","code":"model_not_found"}})", Kind::missing, ""},
      {500, R"({"error":{"message":"The server had an error"}})", Kind::transient, ""},
      {502, "<html><body>Bad Gateway</body></html>", Kind::transient, ""},
      {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", Kind::transient, ""},
      {408, "", Kind::timeout, ""},
      {302, "", Kind::remote, ""},
      {429,
       R"({"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}})",
       Kind::busy, "retry-after-ms=37000"},
      {429,
       R"({"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"9s"}]}})",
       Kind::denied, "billing"},
      {400,
       R"({"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})",
       Kind::denied, ""},
      {400,
       R"({"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}})",
       Kind::denied, ""},
      {400,
       R"({"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})",
       Kind::invalid, "context-overflow"},
      {404,
       R"({"error":{"code":404,"message":"models/gemini-9 is not found for API version v1beta","status":"NOT_FOUND"}})",
       Kind::missing, ""},
      {503,
       R"({"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}})",
       Kind::transient, ""},
      {429,
       R"({"error":{"message":"Rate limit reached for gpt-5 in organization: Limit 3. Please try again in 1.242s."}})",
       Kind::busy, "retry-after-ms=1242"},
      {404, R"({"error":"model 'llama9' not found"})", Kind::missing, ""},
      {0, R"({"type":"error","code":"rate_limit_exceeded","message":"Rate limit reached","param":null})", Kind::busy,
       ""},
      {0, R"({"error":{"code":"server_error","message":"An error occurred"}})", Kind::transient, ""},
      {0,
       R"({"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}})",
       Kind::invalid, "context-overflow"},
      {0, R"({"error":{"code":"invalid_prompt","message":"Invalid prompt"}})", Kind::invalid, ""},
      {0, R"({"error":{"message":"Provider returned error","code":429}})", Kind::busy, ""},
      {0, R"({"type":"error","error":{"type":"api_error","message":"Internal"}})", Kind::transient, ""},
  };
  for (const auto& row : rows) {
    const auto error = model_error(endpoint(), "m", row.status, {}, row.body);
    EXPECT_EQ(kind_name(error.kind), kind_name(row.kind)) << row.body;
    EXPECT_EQ(error.code, row.code) << row.body;
    EXPECT_FALSE(error.hint.empty()) << row.body;
  }
}

TEST(ModelError, QuotesTheProviderButNeverASecretAndNeverMuch) {
  const auto error = model_error(
      endpoint(), "m", 400, {},
      R"({"error":{"message":"bad key topsecret-key-1234 and hidden-team-value and sk-ant-api03-AAAABBBB\u001b[31m)" +
          std::string(5000, 'x') + "\"}}");
  EXPECT_EQ(error.message.find("topsecret"), std::string::npos);
  EXPECT_EQ(error.message.find("hidden-team"), std::string::npos);
  EXPECT_EQ(error.message.find("AAAABBBB"), std::string::npos);
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
  EXPECT_NE(error.message.find("bad key [secret]"), std::string::npos) << error.message;
  EXPECT_LT(error.message.size(), 700U);
}

TEST(ModelError, SaysHowLongToWaitWhenTheProviderDid) {
  const auto code = [](net::Headers headers) { return model_error(endpoint(), "m", 429, headers, "{}").code; };
  EXPECT_EQ(code({{"Retry-After", "7"}}), "retry-after-ms=7000");
  EXPECT_EQ(code({{"retry-after", "0.5"}}), "retry-after-ms=500");
  EXPECT_EQ(code({{"retry-after-ms", "1234"}, {"Retry-After", "9"}}), "retry-after-ms=1234");
  EXPECT_EQ(code({{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"}}),
            "retry-after-ms=30000");
  EXPECT_EQ(code({{"Retry-After", "99999999999"}}), "retry-after-ms=86400000");
  EXPECT_EQ(code({{"Retry-After", "-5"}}), "");
  EXPECT_EQ(code({{"Retry-After", "soon"}}), "");
  EXPECT_EQ(code({{"x-ratelimit-remaining-requests", "0"},
                  {"x-ratelimit-reset-requests", "120ms"},
                  {"x-ratelimit-remaining-tokens", "0"},
                  {"x-ratelimit-reset-tokens", "6m0s"}}),
            "retry-after-ms=360000");
  EXPECT_EQ(code({{"x-ratelimit-remaining-tokens", "9"}, {"x-ratelimit-reset-tokens", "6m0s"}}), "");
  EXPECT_EQ(code({}), "");
}

} // namespace
} // namespace openclaw::ports
