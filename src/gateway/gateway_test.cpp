// The gateway's HTTP doors over a real loopback port.
#include "base/embedded.hpp"
#include "gateway/device_fixture.hpp"
#include "gateway/gateway_fixture.hpp"
#include "net/http_client.hpp"
#include "net/server_fixture.hpp"

namespace openclaw::gateway {
namespace {

class HttpDoorsTest : public testing::GatewayTest {
public:
  void SetUp() override {
    GatewayTest::SetUp();
    server_scope = std::make_unique<async::Scope>(loop.get_executor());
    const auto started = gateway->start(*server_scope, *services);
    ASSERT_TRUE(started) << started.error().text();
    client = net::make_http_client(loop.get_executor(), {});
  }
  void TearDown() override {
    client.reset();
    server_scope->cancel();
    (void)run(server_scope->join());
    GatewayTest::TearDown();
  }
  net::Response fetch(std::string method, std::string path, net::Headers headers = {}, std::string body = {}) {
    net::Outbound request(std::move(method), fmt::format("http://127.0.0.1:{}{}", gateway->port(), path));
    request.headers = std::move(headers);
    request.body = std::move(body);
    auto response = run(client->fetch(std::move(request)));
    EXPECT_TRUE(response) << (response ? "" : response.error().text());
    return response.value_or(net::Response{0, {}, {}});
  }
  static std::string header(const net::Response& response, std::string_view name) {
    return std::string(response.headers.find(name).value_or(""));
  }
  static std::string error_of(const net::Response& response) {
    const auto parsed = parse_json(response.body, "answer");
    const auto* error = parsed ? find(*parsed, "error") : nullptr;
    return error ? string_or(*error, "message") : "";
  }
  // The status line's number, for a Host of our choice.
  std::string status_for_host(const std::string& host, const std::string& more = {}) {
    const auto request = fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\n\r\n", host, more);
    const auto answer = run(net::testing::raw_talk(gateway->port(), request));
    return answer && answer->size() > 12 ? answer->substr(9, 3) : "none";
  }
  std::unique_ptr<async::Scope> server_scope;
  std::unique_ptr<net::HttpClient> client;
};

TEST_F(HttpDoorsTest, HealthPagesAnswerWithoutAToken) {
  EXPECT_EQ(fetch("GET", "/healthz").body, R"({"ok":true,"status":"live"})");
  const auto ready = parse_json(fetch("GET", "/readyz").body, "answer");
  EXPECT_TRUE(bool_or(*ready, "ready", false));
  const auto started = parse_json(fetch("GET", "/startupz").body, "answer");
  EXPECT_EQ(string_or(*started, "status"), "started");
  EXPECT_EQ(string_or(*started, "version"), "9.9.9");
}

TEST_F(HttpDoorsTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const auto* path : {"/", "/healthz", "/nothing", "/healthz?token=x"}) {
    const auto response = fetch("GET", path);
    EXPECT_TRUE(header(response, "Content-Security-Policy").starts_with("default-src 'none'; script-src 'self'"))
        << path;
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header(response, "X-Frame-Options"), "DENY") << path;
    EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer") << path;
    EXPECT_EQ(header(response, "Cross-Origin-Opener-Policy"), "same-origin") << path;
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "") << path;
  }
}

TEST_F(HttpDoorsTest, StrangersAreTurnedAway) {
  EXPECT_EQ(status_for_host("evil.example"), "421");
  EXPECT_EQ(status_for_host(fmt::format("evil.example:{}", gateway->port())), "421");
  EXPECT_EQ(status_for_host("claw.example"), "200");
  EXPECT_EQ(status_for_host(fmt::format("localhost:{}", gateway->port())), "200");
  const auto foreign = fetch("GET", "/", {{"Origin", "https://evil.example"}});
  EXPECT_EQ(foreign.status, 403);
  EXPECT_FALSE(error_of(foreign).empty());
  EXPECT_EQ(fetch("GET", "/", {{"Origin", fmt::format("http://localhost:{}", gateway->port())}}).status, 200);
  EXPECT_EQ(fetch("GET", "/healthz?token=abc").status, 400);
  EXPECT_EQ(fetch("GET", "/whatever?password=abc").status, 400);
}

TEST_F(HttpDoorsTest, UnknownPathsAndVerbsAreErrorsAndNeverAPage) {
  const auto missing = fetch("GET", "/api/anything");
  EXPECT_EQ(missing.status, 404);
  EXPECT_FALSE(error_of(missing).empty());
  EXPECT_EQ(fetch("GET", "/overview").status, 404);
  EXPECT_EQ(fetch("GET", "/../../etc/passwd").status, 404);
  const auto verb = fetch("POST", "/healthz", {}, "x");
  EXPECT_EQ(verb.status, 405);
  EXPECT_EQ(header(verb, "Allow"), "GET, HEAD");
  EXPECT_EQ(header(fetch("GET", "/api/login"), "Allow"), "POST");
}

TEST_F(HttpDoorsTest, PagesAreCachedByTheirContent) {
  const auto index = fetch("GET", "/?token=is-ignored-here");
  EXPECT_EQ(index.status, 200);
  if (embedded_ui().empty()) GTEST_SKIP() << "this build has no web interface";
  EXPECT_EQ(header(index, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(index, "Cache-Control"), "no-cache");
  const auto tag = header(index, "ETag");
  ASSERT_FALSE(tag.empty());
  const auto again = fetch("GET", "/", {{"If-None-Match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  for (const auto& file : embedded_ui()) {
    const auto response = fetch("GET", fmt::format("/{}", file.name));
    EXPECT_EQ(response.body, file.content) << file.name;
    EXPECT_NE(header(response, "Content-Type"), "application/octet-stream") << file.name;
    const bool hashed = file.name.starts_with("assets/");
    EXPECT_EQ(header(response, "Cache-Control").find("immutable") != std::string::npos, hashed) << file.name;
  }
}

TEST_F(HttpDoorsTest, ALoginCodeBecomesATokenOnce) {
  const auto url = run(gateway->create_login_url());
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->starts_with(fmt::format("http://127.0.0.1:{}/#login=", gateway->port())));
  const auto body = to_text(json::object{{"code", url->substr(url->find('=') + 1)}});
  EXPECT_EQ(fetch("POST", "/api/login", {{"Content-Type", "text/plain"}}, body).status, 415);
  const auto first = fetch("POST", "/api/login", {{"Content-Type", "application/json; charset=utf-8"}}, body);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(header(first, "Cache-Control"), "no-store");
  const auto token = string_or(*parse_json(first.body, "answer"), "token");
  EXPECT_TRUE(gateway->credentials().find(token));
  const auto second = fetch("POST", "/api/login", {{"Content-Type", "application/json"}}, body);
  EXPECT_EQ(second.status, 401);
  EXPECT_FALSE(error_of(second).empty());
  EXPECT_EQ(fetch("POST", "/api/login", {{"Content-Type", "application/json"}}, "{}").status, 400);
  EXPECT_EQ(fetch("POST", "/api/login", {{"Content-Type", "application/json"}}, "{").status, 400);
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(fetch("POST", "/api/login", {{"Content-Type", "application/json"}}, R"({"code":"guess"})").status, 401);
  const auto slowed = fetch("POST", "/api/login", {{"Content-Type", "application/json"}}, body);
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(header(slowed, "Retry-After"), "1");
}

TEST_F(HttpDoorsTest, MetricsAreForLocalProgramsAndForThoseWithTheToken) {
  EXPECT_EQ(fetch("GET", "/metrics").status, 200);
  EXPECT_EQ(fetch("GET", "/metrics", {{"X-Forwarded-For", "10.0.0.1"}}).status, 401);
  EXPECT_EQ(fetch("GET", "/metrics", {{"Origin", "https://claw.example"}}).status, 401);
  EXPECT_EQ(fetch("GET", "/metrics",
                  {{"X-Forwarded-For", "10.0.0.1"}, {"Authorization", fmt::format("Bearer {}", testing::kToken)}})
                .status,
            200);
  EXPECT_EQ(fetch("GET", "/metrics", {{"X-Forwarded-For", "10.0.0.1"}, {"Authorization", "Bearer wrong"}}).status, 401);
}

TEST_F(HttpDoorsTest, WebSocketsAreUpgradedOnAnyPathForWhoMayComeIn) {
  const auto dial = [&](std::string path, net::Headers headers) {
    net::Outbound request("GET", fmt::format("ws://127.0.0.1:{}{}", gateway->port(), path));
    request.headers = std::move(headers);
    return run(client->connect_websocket(std::move(request)));
  };
  auto socket = dial("/any/path", {});
  ASSERT_TRUE(socket) << socket.error().text();
  const auto challenge = run((*socket)->read());
  ASSERT_TRUE(challenge);
  EXPECT_NE(challenge->find("connect.challenge"), std::string::npos);
  (*socket)->send(std::make_shared<const std::string>(to_text(request_frame("1", "connect", connect_params()))));
  const auto hello = run((*socket)->read());
  ASSERT_TRUE(hello);
  EXPECT_NE(hello->find("hello-ok"), std::string::npos);
  EXPECT_FALSE(dial("/", {{"Origin", "https://evil.example"}}));
  EXPECT_FALSE(dial("/", {{"Origin", "null"}}));
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
                              "13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  EXPECT_EQ(status_for_host("evil.example", upgrade), "421");
  EXPECT_FALSE(dial("/?token=abc", {}));
  EXPECT_FALSE(dial("/__openclaw__/ws", {}));
}

TEST_F(HttpDoorsTest, HalfOpenConnectionsAreFewAndShortLived) {
  const auto dial = [&] {
    return run(client->connect_websocket(net::Outbound("GET", fmt::format("ws://127.0.0.1:{}/", gateway->port()))));
  };
  std::vector<std::shared_ptr<net::WebSocket>> silent;
  for (std::size_t i = 0; i < Greetings::kMost; ++i) {
    auto socket = dial();
    ASSERT_TRUE(socket) << i << ": " << socket.error().text();
    silent.push_back(std::move(*socket));
  }
  EXPECT_FALSE(dial());
  EXPECT_EQ(fetch("GET", "/healthz").status, 200); // pages are still served
  time.advance(kHandshakeMs);
  for (const auto& socket : silent)
    while (run(socket->read()))
      ;
  EXPECT_TRUE(dial());
  for (const auto& socket : silent)
    socket->close(1000, "");
}

TEST_F(HttpDoorsTest, AProxysClientIsNotALocalProgram) {
  const auto hello = [&](net::Headers headers) {
    net::Outbound request("GET", fmt::format("ws://127.0.0.1:{}/", gateway->port()));
    request.headers = std::move(headers);
    auto socket = run(client->connect_websocket(std::move(request)));
    EXPECT_TRUE(socket);
    const auto challenge = parse_json(*run((*socket)->read()), "challenge");
    const auto connect =
        testing::Device().sign(connect_params(), "v3", string_or(challenge->at("payload"), "nonce"), time.now_ms());
    (*socket)->send(std::make_shared<const std::string>(to_text(request_frame("1", "connect", connect))));
    return *run((*socket)->read());
  };
  EXPECT_NE(hello({}).find("hello-ok"), std::string::npos);
  for (const auto* trace : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"})
    EXPECT_NE(hello({{trace, "127.0.0.1"}}).find("PAIRING_REQUIRED"), std::string::npos) << trace;
  EXPECT_NE(hello({{"Origin", fmt::format("http://127.0.0.1:{}", gateway->port())}}).find("PAIRING_REQUIRED"),
            std::string::npos);
}

TEST_F(HttpDoorsTest, AGatewayWithoutATokenDoesNotStart) {
  Gateway open_door(GatewayOptions{{{"127.0.0.1", 0}}, Secret(), {}, {}}, loop.get_executor(), time, random, *database,
                    *broadcaster);
  const auto started = open_door.start(*server_scope, *services);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("no token"), std::string::npos);
}

} // namespace
} // namespace openclaw::gateway
