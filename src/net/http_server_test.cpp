#include "net/server_fixture.hpp"

#include <fmt/core.h>

namespace openclaw::net {
namespace {

using testing::raw_connect;
using testing::raw_talk;

Task<> echo(std::shared_ptr<Exchange> exchange) {
  if (exchange->request().path() == "/denied") {
    Response denied{403, {}, "no"};
    co_return co_await exchange->respond(std::move(denied));
  }
  if (exchange->request().path() == "/fail") co_return fail(Kind::busy, "Too much at once.", "Wait.");
  if (exchange->request().path() == "/events") {
    Response head{200, {{"Content-Type", "text/event-stream"}}, {}};
    CO_TRY(auto stream, co_await exchange->stream(std::move(head)));
    for (int i = 0; i < 3; ++i) {
      const std::string text = "data: " + std::to_string(i) + "\n\n";
      CO_TRY_VOID(co_await stream->write(text));
    }
    co_return co_await stream->finish();
  }
  CO_TRY(auto body, co_await exchange->body());
  Response response{200, {{"X-Method", exchange->request().method}}, exchange->request().target + "|" + body};
  co_return co_await exchange->respond(std::move(response));
}

Task<> echo_socket(std::shared_ptr<Exchange> exchange) {
  if (!exchange->wants_websocket()) co_return co_await echo(exchange);
  CO_TRY(auto socket, co_await exchange->upgrade(1024 * 1024));
  while (true) {
    auto text = co_await socket->read();
    if (!text) co_return Result<>{};
    if (*text == "close") socket->close(4001, "as asked");
    socket->send(std::make_shared<const std::string>("echo " + *text));
  }
}

class HttpServerTest : public testing::ServerFixture {};

TEST_F(HttpServerTest, AnswersWithALengthAndKeepsTheConnection) {
  serve(echo);
  auto answer = run(raw_talk(server->port(), "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
                                             "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                                             "HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "HTTP/1.1 200 OK\r\nX-Method: GET\r\nContent-Length: 7\r\n\r\n/a?b=c|"
                     "HTTP/1.1 200 OK\r\nX-Method: POST\r\nContent-Length: 8\r\n\r\n/p|hello"
                     "HTTP/1.1 200 OK\r\nX-Method: HEAD\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST_F(HttpServerTest, StreamsInChunks) {
  serve(echo);
  auto answer = run(raw_talk(server->port(), "GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(answer->ends_with("9\r\ndata: 0\n\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n")) << *answer;
}

TEST_F(HttpServerTest, SaysContinueOnlyWhenTheBodyIsWanted) {
  ServerLimits limits;
  limits.body_deadline_ms = 30;
  serve(echo, limits);
  const std::string head = "Host: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
  auto wanted = run(raw_talk(server->port(), "POST /a HTTP/1.1\r\n" + head));
  ASSERT_TRUE(wanted);
  EXPECT_TRUE(wanted->starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 ")) << *wanted;
  auto denied = run(raw_talk(server->port(), "POST /denied HTTP/1.1\r\n" + head));
  ASSERT_TRUE(denied);
  EXPECT_TRUE(denied->starts_with("HTTP/1.1 403 Forbidden\r\n")) << *denied;
}

TEST_F(HttpServerTest, AnswersErrorsAsJson) {
  serve(echo);
  auto answer = run(raw_talk(server->port(), "GET /fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 429 "));
  EXPECT_TRUE(answer->ends_with(R"({"error":{"message":"Too much at once.","hint":"Wait."}})"));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttpOrTooLong) {
  ServerLimits limits;
  limits.header_bytes = 1024;
  limits.body_bytes = 100;
  serve(echo, limits);
  const auto status = [&](std::string bytes) {
    auto answer = run(raw_talk(server->port(), std::move(bytes)));
    return answer && answer->size() > 12 ? answer->substr(9, 3) : "none";
  };
  EXPECT_EQ(status("\x16\x03\x01 hello\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(status("GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(5000, 'a') + "\r\n\r\n"), "431");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"), "413");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'a') +
                   "\r\n0\r\n\r\n"),
            "413");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "400");
}

TEST_F(HttpServerTest, EndsSlowRequestsWith408) {
  ServerLimits limits;
  limits.header_deadline_ms = 30;
  limits.body_deadline_ms = 30;
  serve(echo, limits);
  auto head = run(raw_talk(server->port(), "GET / HTTP/1.1\r\nHost:"));
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->starts_with("HTTP/1.1 408 ")) << *head;
  auto silent = run(raw_talk(server->port(), ""));
  ASSERT_TRUE(silent);
  EXPECT_EQ(*silent, "");
  auto body = run(raw_talk(server->port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"));
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->starts_with("HTTP/1.1 408 ")) << *body;
}

Task<std::size_t> open_many(int port, std::size_t count) {
  std::vector<std::shared_ptr<Stream>> silent;
  for (std::size_t i = 0; i < count; ++i) {
    CO_TRY(auto stream, co_await raw_connect(port));
    silent.push_back(std::move(stream));
  }
  std::size_t alive = 0;
  for (const auto& stream : silent) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    std::vector<std::string_view> parts{bytes};
    auto written = co_await stream->write(std::move(parts));
    auto answer = co_await stream->read();
    if (answer && !answer->empty()) ++alive;
  }
  co_return alive;
}

TEST_F(HttpServerTest, LimitsUnansweredConnectionsOfOneAddress) {
  ServerLimits limits;
  limits.unanswered_per_address = 4;
  serve(echo, limits);
  auto alive = run(open_many(server->port(), 10));
  ASSERT_TRUE(alive);
  EXPECT_EQ(*alive, 4U);
}

TEST_F(HttpServerTest, NamesThePortThatIsInUse) {
  serve(echo);
  auto second = HttpServer::listen(loop.get_executor(), {{"127.0.0.1", server->port()}}, {}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(server->port())), std::string::npos);
}

Task<std::vector<std::string>> talk(HttpClient* client, std::string url, std::vector<std::string> messages) {
  Outbound request("GET", std::move(url));
  CO_TRY(auto socket, co_await client->connect_websocket(std::move(request)));
  std::vector<std::string> answers;
  for (auto& message : messages)
    socket->send(std::make_shared<const std::string>(std::move(message)));
  while (answers.size() < messages.size()) {
    auto text = co_await socket->read();
    if (!text) {
      answers.push_back(fmt::format("error {} {}", kind_name(text.error().kind), text.error().code));
      break;
    }
    answers.push_back(std::move(*text));
  }
  co_return answers;
}

TEST_F(HttpServerTest, UpgradesToAWebSocketAndEchoes) {
  serve(echo_socket);
  make_client();
  const std::string big(700'000, 'x');
  auto answers = run(talk(client.get(), url("/ws"), {"one", "two", big, ""}));
  ASSERT_TRUE(answers) << answers.error().text();
  EXPECT_EQ(*answers, (std::vector<std::string>{"echo one", "echo two", "echo " + big, "echo "}));
}

TEST_F(HttpServerTest, ClosesTheWebSocketFromTheServer) {
  serve(echo_socket);
  make_client();
  auto answers = run(talk(client.get(), url("/ws"), {"one", "close", "never"}));
  ASSERT_TRUE(answers) << answers.error().text();
  EXPECT_EQ(*answers, (std::vector<std::string>{"echo one", "error cancelled 4001"}));
}

} // namespace
} // namespace openclaw::net
