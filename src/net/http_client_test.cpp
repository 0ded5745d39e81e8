#include "net/outbound_head.hpp"
#include "net/server_fixture.hpp"
#include <boost/asio/basic_socket_acceptor.hpp>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

using testing::raw_connect;

// /status/N answers N, /to?URL redirects there, anything else tells what arrived.
Task<> mirror(std::shared_ptr<Exchange> exchange) {
  const auto path = exchange->request().path();
  if (path.starts_with("/to")) {
    const auto status = path == "/to307" ? 307 : 302;
    Response moved{status, {{"Location", std::string(exchange->request().query())}}, {}};
    co_return co_await exchange->respond(std::move(moved));
  }
  if (path == "/stream") {
    Response head{200, {}, {}};
    CO_TRY(auto stream, co_await exchange->stream(std::move(head)));
    for (int i = 0; i < 3; ++i)
      CO_TRY_VOID(co_await stream->write(std::string(100, static_cast<char>('a' + i))));
    co_return co_await stream->finish();
  }
  if (path == "/broken") {
    Response head{200, {}, "half"};
    CO_TRY(auto stream, co_await exchange->stream(std::move(head)));
    co_return Result<>{};
  }
  CO_TRY(auto body, co_await exchange->body());
  std::string text = exchange->request().method + " " + exchange->request().target + " " + body;
  for (const auto* name : {"Authorization", "X-Api-Key", "Accept", "Proxy-Authorization"})
    if (const auto value = exchange->request().headers.find(name)) text += fmt::format(" {}={}", name, *value);
  Response response{200, {}, text};
  co_return co_await exchange->respond(std::move(response));
}

class HttpClientTest : public testing::ServerFixture {
public:
  Result<Response> fetch(Outbound request) { return run(client->fetch(std::move(request))); }
};

TEST_F(HttpClientTest, FetchesAndReusesTheConnection) {
  serve(mirror);
  make_client();
  for (int i = 0; i < 3; ++i) {
    Outbound request("POST", url("/x"));
    request.body = "hello";
    auto response = fetch(std::move(request));
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->body, "POST /x hello Accept=*/*");
  }
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(HttpClientTest, ReadsAStreamToItsEndAndKnowsABrokenOne) {
  serve(mirror);
  make_client();
  auto whole = fetch(Outbound("GET", url("/stream")));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->body, std::string(100, 'a') + std::string(100, 'b') + std::string(100, 'c'));
  auto broken = fetch(Outbound("GET", url("/broken")));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, Kind::transient);
}

Task<> read_one_piece(HttpClient* client, std::string url, bool finish) {
  Outbound request("GET", std::move(url));
  CO_TRY(const auto response, co_await client->open(std::move(request)));
  CO_TRY_VOID(co_await response->next());
  if (finish) response->finish();
  co_return Result<>{};
}

TEST_F(HttpClientTest, AnAnswerThatIsFinishedEarlyIsReadAsideAndItsConnectionServesTheNext) {
  serve(mirror);
  make_client();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run(read_one_piece(client.get(), url("/stream"), true)));
    for (int turn = 0; turn < 1000; ++turn) {
      loop.restart();
      loop.poll();
    }
  }
  EXPECT_EQ(server->connections(), 1U);
  ASSERT_TRUE(run(read_one_piece(client.get(), url("/broken"), true)));
}

TEST_F(HttpClientTest, SaysThatNothingListens) {
  serve(mirror);
  make_client();
  const auto address = url("/");
  server->stop();
  auto response = fetch(Outbound("GET", address));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::transient);
  EXPECT_NE(response.error().message.find("127.0.0.1:" + std::to_string(server->port())), std::string::npos);
  EXPECT_FALSE(response.error().hint.empty());
}

TEST_F(HttpClientTest, FollowsRedirectsWithinItsLimit) {
  serve(mirror);
  make_client();
  Outbound request("POST", url("/to?/landed"));
  request.body = "secret body";
  request.redirects = 1;
  auto landed = fetch(request);
  ASSERT_TRUE(landed) << landed.error().text();
  EXPECT_EQ(landed->body, "GET /landed  Accept=*/*");
  request.url = url("/to307?/landed");
  landed = fetch(request);
  ASSERT_TRUE(landed);
  EXPECT_EQ(landed->body, "POST /landed secret body Accept=*/*");
  request.url = url("/to?/to?/landed");
  landed = fetch(request);
  ASSERT_FALSE(landed);
  EXPECT_EQ(landed.error().kind, Kind::remote);
  request.redirects = 0;
  landed = fetch(request);
  ASSERT_TRUE(landed);
  EXPECT_EQ(landed->status, 302);
}

TEST_F(HttpClientTest, KeepsCredentialsFromAnotherOrigin) {
  serve(mirror);
  make_client();
  Outbound request("GET", url("/to?http://localhost:" + std::to_string(server->port()) + "/other"));
  request.headers = {{"Authorization", "Bearer one"}, {"X-Api-Key", "two"}, {"Accept", "text/plain"}};
  request.redirects = 1;
  auto other = fetch(request);
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(other->body, "GET /other  Accept=text/plain");
  request.url = url("/to?/same");
  other = fetch(request);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->body, "GET /same  Authorization=Bearer one X-Api-Key=two Accept=text/plain");
}

TEST(Redirect, NeverLeavesHttps) {
  Outbound request("GET", "https://a.example/");
  EXPECT_FALSE(prepare_redirect(request, *parse_url("https://a.example/"), *parse_url("http://a.example/"), 302));
}

TEST_F(HttpClientTest, RefusesAPrivateAddressThatAModelNamed) {
  serve(mirror);
  make_client();
  Outbound request("GET", url("/"));
  request.egress = Egress::public_only;
  auto response = fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::denied);
  request.url = "http://localhost:" + std::to_string(server->port()) + "/";
  response = fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::denied);
  request.url = "http://93.184.216.34:22/";
  response = fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::denied);
}

TEST_F(HttpClientTest, RefusesLineBreaksInFields) {
  serve(mirror);
  make_client();
  Outbound request("GET", url("/"));
  request.headers.add("X-Key", "a\r\nX-Other: b");
  auto response = fetch(std::move(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::invalid);
}

Task<> never_answers(std::shared_ptr<Exchange> exchange) {
  const auto executor = co_await boost::asio::this_coro::executor;
  async::Event never(executor);
  (void)exchange;
  co_return co_await never.wait();
}

TEST_F(HttpClientTest, GivesUpOnASilentServer) {
  serve(never_answers);
  make_client();
  Outbound request("GET", url("/"));
  request.first_byte_timeout_ms = 20;
  auto response = fetch(std::move(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::timeout);
}

TEST_F(HttpClientTest, BoundsTheBody) {
  serve(mirror);
  make_client();
  Outbound request("GET", url("/stream"));
  request.body_limit = 150;
  auto response = fetch(std::move(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, Kind::remote);
}

TEST_F(HttpClientTest, SendsPlainRequestsThroughTheProxyInAbsoluteForm) {
  // The server refuses absolute targets, which shows that the proxy got one.
  serve(mirror);
  ClientConfig config;
  config.http_proxy = "http://user:p%40ss@127.0.0.1:" + std::to_string(server->port());
  config.no_proxy = "127.0.0.1";
  make_client(config);
  auto through = fetch(Outbound("GET", "http://somewhere.example/x"));
  ASSERT_TRUE(through) << through.error().text();
  EXPECT_EQ(through->status, 400);
  auto direct = fetch(Outbound("GET", url("/direct")));
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->status, 200);
}

// Accepts one connection after another and lets the given function speak.
using Speaker = std::function<Task<>(std::shared_ptr<Stream>, int)>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, async::Executor>;
Task<> speak(std::shared_ptr<Acceptor> acceptor, Speaker speaker) {
  for (int number = 0;; ++number) {
    CO_TRY_VOID(co_await async::check_cancelled());
    auto [code, socket] = co_await acceptor->async_accept(async::use_task);
    if (code) co_return Result<>{};
    std::shared_ptr<Stream> stream = make_plain_stream(std::move(socket));
    auto spoken = co_await speaker(stream, number);
    (void)spoken;
  }
}

Task<std::string> read_until_blank(std::shared_ptr<Stream> stream) {
  std::string all;
  while (all.find("\r\n\r\n") == std::string::npos) {
    CO_TRY(auto bytes, co_await stream->read());
    if (bytes.empty()) co_return fail(Kind::transient, "ended");
    all += bytes;
  }
  co_return all;
}

// A proxy that does not know us.
Task<> who_are_you(std::shared_ptr<Stream> stream, int) {
  CO_TRY(auto request, co_await read_until_blank(stream));
  const std::string answer = "HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n";
  std::vector<std::string_view> parts{answer};
  co_return co_await stream->write(std::move(parts));
}

TEST_F(HttpClientTest, AProxyThatWantsAPasswordIsNamedAndThePasswordIsNot) {
  const boost::asio::ip::tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  const auto acceptor = std::make_shared<Acceptor>(loop.get_executor(), any);
  scope.spawn("proxy", speak(acceptor, who_are_you));
  const auto where = "127.0.0.1:" + std::to_string(acceptor->local_endpoint().port());
  ClientConfig config;
  config.http_proxy = config.https_proxy = "http://me:hunter22@" + where;
  make_client(config);
  for (const auto* url : {"http://somewhere.example/", "https://somewhere.example/"}) {
    auto answer = fetch(Outbound("GET", url));
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, kNotSent) << url;
    const auto said = answer.error().text();
    EXPECT_TRUE(said.starts_with("The proxy " + where + " wants a user name and password")) << said;
    EXPECT_NE(said.find("_PROXY"), std::string::npos) << said;
    EXPECT_EQ(said.find("hunter22"), std::string::npos) << said;
  }
  auto socket = run(client->connect_websocket(Outbound("GET", "ws://somewhere.example/")));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, kNotSent);
}

TEST_F(HttpClientTest, WhatReachedNobodyIsKnownAsNotSent) {
  const boost::asio::ip::tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  int port = 0;
  {
    const Acceptor closed(loop.get_executor(), any);
    port = closed.local_endpoint().port();
  }
  make_client();
  auto direct = fetch(Outbound("GET", "http://127.0.0.1:" + std::to_string(port) + "/"));
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().code, kNotSent) << direct.error().text();
  ClientConfig config;
  config.http_proxy = "http://127.0.0.1:" + std::to_string(port);
  make_client(config);
  auto through = fetch(Outbound("GET", "http://somewhere.example/"));
  ASSERT_FALSE(through);
  EXPECT_EQ(through.error().code, kNotSent);
  EXPECT_TRUE(through.error().message.starts_with("The proxy 127.0.0.1:")) << through.error().text();
  config.http_proxy = "socks5://127.0.0.1:1";
  make_client(config);
  auto unusable = fetch(Outbound("GET", "http://somewhere.example/"));
  ASSERT_FALSE(unusable);
  EXPECT_EQ(unusable.error().code, kNotSent);
}

// Answers one request per connection, says keep-alive and yet closes when the second request arrives.
Task<> forgetful(std::shared_ptr<Stream> stream, int number) {
  CO_TRY(auto request, co_await read_until_blank(stream));
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number);
  std::vector<std::string_view> parts{answer};
  CO_TRY_VOID(co_await stream->write(std::move(parts)));
  CO_TRY(auto second, co_await read_until_blank(stream));
  co_return Result<>{};
}

TEST_F(HttpClientTest, RepeatsARequestWhenAReusedConnectionBreaksBeforeTheAnswer) {
  const boost::asio::ip::tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  const auto acceptor = std::make_shared<Acceptor>(loop.get_executor(), any);
  scope.spawn("forgetful", speak(acceptor, forgetful));
  make_client();
  const auto address = "http://127.0.0.1:" + std::to_string(acceptor->local_endpoint().port()) + "/";
  auto first = fetch(Outbound("GET", address));
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->body, "0");
  auto second = fetch(Outbound("POST", address));
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(second->body, "1");
}

Task<> drop_after_head(HttpClient* client, std::string url, HttpServer* server) {
  Outbound request("GET", std::move(url));
  CO_TRY(auto response, co_await client->open(std::move(request)));
  response.reset();
  const auto executor = co_await boost::asio::this_coro::executor;
  async::Event tick(executor);
  for (int i = 0; i < 500 && server->connections() > 0; ++i) {
    auto waited = co_await tick.wait_for(2);
    (void)waited;
  }
  co_return Result<>{};
}

Task<> endless(std::shared_ptr<Exchange> exchange) {
  Response head{200, {}, {}};
  CO_TRY(auto stream, co_await exchange->stream(std::move(head)));
  while (true)
    CO_TRY_VOID(co_await stream->write(std::string(10'000, 'x')));
}

TEST_F(HttpClientTest, DroppingAnAnswerClosesTheConnection) {
  serve(endless);
  make_client();
  ASSERT_TRUE(run(drop_after_head(client.get(), url("/"), server.get())));
  EXPECT_EQ(server->connections(), 0U);
}

TEST(ProxyRules, KnowsExceptions) {
  const ProxyRules rules("http://proxy:8080", "http://proxy:8080",
                         "localhost, .corp.example,10.0.0.0/8 ,exact.example:8443,[::1]");
  const auto direct = [&](const char* text) {
    auto proxy = rules.choose(*parse_url(text));
    return proxy && !*proxy;
  };
  EXPECT_TRUE(direct("http://localhost/"));
  EXPECT_TRUE(direct("https://a.corp.example/"));
  EXPECT_TRUE(direct("https://corp.example/"));
  EXPECT_TRUE(direct("http://10.200.3.4/"));
  EXPECT_TRUE(direct("https://exact.example:8443/"));
  EXPECT_TRUE(direct("http://[::1]:99/"));
  EXPECT_FALSE(direct("https://exact.example/"));
  EXPECT_FALSE(direct("https://notcorp.example/"));
  EXPECT_FALSE(direct("http://11.0.0.1/"));
  const auto all = ProxyRules("http://proxy:8080", "", "*").choose(*parse_url("https://a.example/"));
  ASSERT_TRUE(all);
  EXPECT_FALSE(*all);
}

TEST(ProxyRules, WhatIsOnThisMachineIsAskedOfNoProxy) {
  const ProxyRules rules("http://proxy:8080", "http://proxy:8080", "");
  for (const auto* text : {"http://localhost:11434/", "ws://a.localhost/", "https://127.8.9.1/", "http://[::1]:8080/"})
    EXPECT_FALSE(*rules.choose(*parse_url(text))) << text;
  for (const auto* text : {"http://localhost.example/", "http://128.0.0.1/", "wss://10.0.0.1/", "http://[::2]/"})
    EXPECT_TRUE(*rules.choose(*parse_url(text))) << text;
}

TEST(ProxyRules, NeverShowsThePassword) {
  auto proxy = ProxyRules("socks5://me:hunter22@proxy:1", "", "").choose(*parse_url("https://a.example/"));
  ASSERT_FALSE(proxy);
  EXPECT_EQ(proxy.error().text().find("hunter22"), std::string::npos);
}

} // namespace
} // namespace openclaw::net
