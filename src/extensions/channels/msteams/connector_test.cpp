#include "async/scope.hpp"
#include "extensions/channels/msteams/connector.hpp"
#include "ports/fake_http_client.hpp"
#include <algorithm>
#include <gtest/gtest.h>

namespace openclaw::extensions::msteams {
namespace {

const std::string kSignIn = "https://login.example/t1/oauth2/v2.0/token";
const std::string kService = "https://smba.trafficmanager.net/emea/";
const std::string kPath = "v3/conversations/a/activities";

class TeamsConnector : public ::testing::Test {
protected:
  TeamsConnector() : time_(loop_.get_executor()) {
    token("token-1", 3600);
    client_.answer(kService + kPath, {201, {}, {R"({"id":"7"})"}});
  }
  void token(const std::string& token, int seconds) {
    client_.answer(kSignIn,
                   {200, {}, {R"({"access_token":")" + token + R"(","expires_in":)" + std::to_string(seconds) + "}"}});
  }
  static Task<Answer> calling(Connector* connector, std::string service) {
    json::object activity{{"type", "message"}};
    auto answer = co_await connector->call("POST", std::move(service), kPath, std::move(activity), false);
    co_return answer;
  }
  static Task<> signing_in(Connector* connector) {
    auto done = co_await connector->sign_in();
    co_return done;
  }
  Answer call(const std::string& service = kService) {
    auto answer = async::run(loop_, calling(&connector_, service));
    EXPECT_TRUE(answer);
    return answer.value_or(Answer{});
  }
  std::string last_authorization() const {
    return std::string(client_.requests.back().headers.find("Authorization").value_or(""));
  }
  std::size_t sign_ins() const {
    return static_cast<std::size_t>(std::count_if(client_.requests.begin(), client_.requests.end(),
                                                  [](const auto& request) { return request.url == kSignIn; }));
  }
  ports::SendProblem problem_of(ports::FakeAnswer answer) {
    ports::FakeHttpClient client;
    client.answer(kSignIn, {200, {}, {R"({"access_token":"t","expires_in":3600})"}});
    client.answer(kService + kPath, std::move(answer));
    Connector connector(loop_.get_executor(), time_, client, settings());
    const auto got = async::run(loop_, calling(&connector, kService));
    EXPECT_TRUE(got && got->problem);
    return got && got->problem ? *got->problem : ports::SendProblem{};
  }
  static ConnectorSettings settings() { return {"our-app", Secret("a&b=c"), "https://login.example", "t1", ""}; }

  async::asio::io_context loop_;
  async::FakeTime time_;
  ports::FakeHttpClient client_;
  Connector connector_{loop_.get_executor(), time_, client_, settings()};
};

TEST_F(TeamsConnector, AsksForATokenOnceAndAgainShortlyBeforeItsEnd) {
  token("token-2", 3600);
  EXPECT_EQ(string_or(call().body, "id"), "7");
  EXPECT_EQ(client_.requests.front().body, "grant_type=client_credentials&client_id=our-app&client_secret=a%26b%3Dc&"
                                           "scope=https%3A%2F%2Fapi.botframework.com%2F.default");
  call();
  EXPECT_EQ(sign_ins(), 1U);
  EXPECT_EQ(last_authorization(), "Bearer token-1");
  time_.advance(55 * 60 * 1000 - 1);
  call();
  EXPECT_EQ(last_authorization(), "Bearer token-1");
  time_.advance(1);
  call();
  EXPECT_EQ(sign_ins(), 2U);
  EXPECT_EQ(last_authorization(), "Bearer token-2");
}

TEST_F(TeamsConnector, GivesTheTokenToNobodyElse) {
  const auto answer = call("https://evil.example/");
  ASSERT_TRUE(answer.problem);
  EXPECT_EQ(answer.problem->fault, ports::SendFault::missing);
  EXPECT_TRUE(call("").problem);
  EXPECT_TRUE(client_.requests.empty());
}

TEST_F(TeamsConnector, SaysWhatARefusalMeans) {
  using Fault = ports::SendFault;
  const auto limited = problem_of({429, {{"Retry-After", "7"}}, {R"({"error":{"code":"TooManyRequests"}})"}});
  EXPECT_EQ(limited.fault, Fault::retry_after);
  EXPECT_EQ(limited.retry_after_ms, 7000);
  EXPECT_EQ(problem_of({429, {{"Retry-After", "soon"}}, {}}).retry_after_ms, 3000);
  EXPECT_EQ(problem_of({403, {}, {R"({"error":{"code":"BotNotInConversationRoster","message":"Not there"}})"}}).message,
            "Teams: Not there (BotNotInConversationRoster).");
  EXPECT_EQ(problem_of({403, {}, {}}).fault, Fault::refused);
  EXPECT_EQ(problem_of({404, {}, {}}).fault, Fault::missing);
  EXPECT_EQ(problem_of({412, {}, {}}).fault, Fault::transient);
  EXPECT_EQ(problem_of({502, {}, {"<html>"}}).fault, Fault::transient);
  EXPECT_EQ(problem_of({413, {}, {}}).fault, Fault::too_long);
  EXPECT_EQ(problem_of({400, {}, {R"({"error":{"code":"MessageSizeTooBig"}})"}}).fault, Fault::too_long);
  EXPECT_EQ(problem_of({400, {}, {R"({"error":{"code":"BadSyntax"}})"}}).fault, Fault::bad_format);
}

TEST_F(TeamsConnector, ATokenThatIsRefusedIsReplacedOnce) {
  EXPECT_EQ(problem_of({401, {}, {}}).fault, ports::SendFault::refused) << "a fresh one will be refused again";
  token("token-2", 3600);
  call();
  client_.answer(kService + kPath, {401, {}, {}});
  call();
  time_.advance(61'000);
  EXPECT_EQ(call().problem->fault, ports::SendFault::transient);
  call();
  EXPECT_EQ(sign_ins(), 2U);
  EXPECT_EQ(last_authorization(), "Bearer token-2");
}

TEST_F(TeamsConnector, WrongCredentialsWaitForAPersonAndATroubledServerDoesNot) {
  const auto sign_in = [&](ports::FakeAnswer answer) {
    ports::FakeHttpClient client;
    client.answer(kSignIn, std::move(answer));
    Connector connector(loop_.get_executor(), time_, client, settings());
    const auto signed_in = async::run(loop_, signing_in(&connector));
    return signed_in ? Error{} : signed_in.error();
  };
  const auto wrong = sign_in({401, {}, {R"({"error":"invalid_client","error_description":"a&b=c is wrong"})"}});
  EXPECT_EQ(wrong.kind, Kind::denied);
  EXPECT_NE(wrong.text().find("appPassword"), std::string::npos);
  EXPECT_EQ(wrong.text().find("a&b=c"), std::string::npos);
  EXPECT_EQ(sign_in({400, {}, {R"({"error":"unauthorized_client"})"}}).kind, Kind::denied);
  EXPECT_EQ(sign_in({503, {}, {}}).kind, Kind::transient);
  EXPECT_EQ(sign_in({200, {}, {"{}"}}).kind, Kind::transient);
}

} // namespace
} // namespace openclaw::extensions::msteams
