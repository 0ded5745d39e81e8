#include "async/event.hpp"
#include "net/server_fixture.hpp"
#include "net/websocket_codec.hpp"
#include "net/websocket_connection.hpp"

namespace openclaw::net {
namespace {

using testing::raw_connect;

std::string masked(WebSocketOpcode opcode, std::string_view payload) {
  SeededRandom random(7);
  std::string frame;
  append_frame(frame, opcode, payload, &random);
  return frame;
}
std::string with_first_byte(std::string frame, unsigned char byte) {
  frame[0] = static_cast<char>(byte);
  return frame;
}
// The close code that a server decoder answers these bytes with; "" when it finds no fault.
std::string fault(std::string bytes, std::size_t limit = 1000) {
  WebSocketDecoder decoder(true, limit);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    auto used = decoder.feed(rest);
    if (!used) return used.error().code;
    rest.remove_prefix(*used);
    (void)decoder.next();
  }
  return "";
}

TEST(WebSocketDecoder, JoinsFragmentsAroundAControlFrame) {
  WebSocketDecoder decoder(true, 1000);
  const auto bytes = with_first_byte(masked(WebSocketOpcode::text, "hel"), 0x01) + masked(WebSocketOpcode::ping, "p") +
                     with_first_byte(masked(WebSocketOpcode::text, "lo"), 0x80);
  std::vector<std::string> seen;
  for (const char byte : bytes) {
    ASSERT_TRUE(decoder.feed(std::string_view(&byte, 1)));
    if (auto event = decoder.next()) seen.push_back(event->payload);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"p", "hello"}));
}

TEST(WebSocketDecoder, KnowsEveryFault) {
  const auto text = masked(WebSocketOpcode::text, "x");
  EXPECT_EQ(fault(text), "");
  EXPECT_EQ(fault(masked(WebSocketOpcode::text, std::string(1001, 'x'))), "1009");
  EXPECT_EQ(fault(with_first_byte(masked(WebSocketOpcode::text, std::string(600, 'x')), 0x01) +
                  with_first_byte(masked(WebSocketOpcode::text, std::string(600, 'x')), 0x80)),
            "1009");
  EXPECT_EQ(fault(masked(WebSocketOpcode::binary, "x")), "1003");
  EXPECT_EQ(fault(masked(WebSocketOpcode::text, "\xFF")), "1007");
  EXPECT_EQ(fault(with_first_byte(text, 0xC1)), "1002"); // compressed
  EXPECT_EQ(fault(with_first_byte(text, 0x83)), "1002"); // unknown opcode
  EXPECT_EQ(fault(with_first_byte(text, 0x8B)), "1002");
  EXPECT_EQ(fault(with_first_byte(text, 0x80)), "1002"); // continuation of nothing
  EXPECT_EQ(fault(with_first_byte(text, 0x01) + text), "1002");
  EXPECT_EQ(fault(with_first_byte(masked(WebSocketOpcode::ping, "x"), 0x09)), "1002");
  EXPECT_EQ(fault(masked(WebSocketOpcode::ping, std::string(126, 'x'))), "1002");
  EXPECT_EQ(fault(std::string("\x81\x01x", 3)), "1002");                      // not masked
  EXPECT_EQ(fault(std::string("\x81\xFE\x00\x05", 4) + "maskhello"), "1002"); // length not in shortest form
  EXPECT_EQ(fault(std::string("\x81\xFF\x80\x00\x00\x00\x00\x00\x00\x00", 10) + "mask"), "1002");
  EXPECT_EQ(fault(masked(WebSocketOpcode::close, "\x03")), "1002");
  EXPECT_EQ(fault(masked(WebSocketOpcode::close, "\x03\xED")), "1002"); // 1005 is never sent
  EXPECT_EQ(fault(masked(WebSocketOpcode::close, "\x03\xE8\xFF")), "1007");
  EXPECT_EQ(fault(masked(WebSocketOpcode::close, "\x03\xE8")), "");
}

// Sends `burst` at once and then hears until the peer closes; what it heard decides nothing.
Task<> burst_and_wait(std::shared_ptr<Exchange> exchange) {
  CO_TRY(auto socket, co_await exchange->upgrade(1000));
  for (int i = 0; i < 100; ++i)
    socket->send(std::make_shared<const std::string>("message " + std::to_string(i)));
  while (true) {
    auto text = co_await socket->read();
    if (!text) co_return Result<>{};
  }
}

const std::string kUpgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

struct Heard {
  std::string head;
  std::vector<WebSocketEvent> events;
  std::size_t reads = 0;
};
Task<Heard> upgrade_and_send(int port, std::string head, std::string bytes) {
  CO_TRY(auto stream, co_await raw_connect(port));
  head += bytes;
  std::vector<std::string_view> parts{head};
  CO_TRY_VOID(co_await stream->write(std::move(parts)));
  Heard heard;
  std::string all;
  while (true) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    ++heard.reads;
    all += *piece;
  }
  const auto end = all.find("\r\n\r\n");
  heard.head = all.substr(0, end);
  const bool upgraded = heard.head.starts_with("HTTP/1.1 101 ");
  std::string_view rest =
      end == std::string::npos || !upgraded ? std::string_view{} : std::string_view(all).substr(end + 4);
  WebSocketDecoder decoder(false, 1 << 20);
  while (!rest.empty()) {
    CO_TRY(auto used, decoder.feed(rest));
    rest.remove_prefix(used);
    if (auto event = decoder.next()) heard.events.push_back(std::move(*event));
  }
  co_return heard;
}

class WebSocketTest : public testing::ServerFixture {};

TEST_F(WebSocketTest, AnswersTheHandshakeOfTheStandardAndCoalescesABurst) {
  serve(burst_and_wait);
  auto heard = run(upgrade_and_send(server->port(), kUpgrade, masked(WebSocketOpcode::close, "\x03\xE8")));
  ASSERT_TRUE(heard) << heard.error().text();
  EXPECT_NE(heard->head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  ASSERT_EQ(heard->events.size(), 101U);
  EXPECT_EQ(heard->events[99].payload, "message 99");
  EXPECT_EQ(heard->events[100].code, 1000);
  EXPECT_LE(heard->reads, 3U);
}

TEST_F(WebSocketTest, ClosesWith1009WhenAMessageIsTooBig) {
  serve(burst_and_wait);
  auto heard = run(
      upgrade_and_send(server->port(), kUpgrade, masked(WebSocketOpcode::text, std::string(1001, 'x')).substr(0, 100)));
  ASSERT_TRUE(heard);
  ASSERT_FALSE(heard->events.empty());
  EXPECT_EQ(heard->events.back().code, 1009);
}

TEST_F(WebSocketTest, AnswersAPingWithItsPayload) {
  serve(burst_and_wait);
  auto heard = run(
      upgrade_and_send(server->port(), kUpgrade,
                       masked(WebSocketOpcode::ping, "are you there") + masked(WebSocketOpcode::close, "\x03\xE8")));
  ASSERT_TRUE(heard);
  const auto pong = std::find_if(heard->events.begin(), heard->events.end(),
                                 [](const auto& event) { return event.kind == WebSocketEvent::Kind::pong; });
  ASSERT_NE(pong, heard->events.end());
  EXPECT_EQ(pong->payload, "are you there");
}

TEST_F(WebSocketTest, RefusesAHandshakeThatIsNone) {
  serve(burst_and_wait);
  auto version = kUpgrade;
  version.replace(version.find(": 13"), 4, ": 12");
  auto heard = run(upgrade_and_send(server->port(), version, ""));
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->head.starts_with("HTTP/1.1 426 "));
  EXPECT_NE(heard->head.find("Sec-WebSocket-Version: 13"), std::string::npos);
  auto key = kUpgrade;
  key.replace(key.find("dGhl"), 4, "");
  heard = run(upgrade_and_send(server->port(), key, ""));
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->head.starts_with("HTTP/1.1 400 "));
}

Task<> close_at_once(std::shared_ptr<Exchange> exchange) {
  CO_TRY(auto socket, co_await exchange->upgrade(1000));
  socket->send(std::make_shared<const std::string>("last words"));
  socket->close(4002, std::string(200, 'r'));
  auto text = co_await socket->read();
  EXPECT_EQ(text.error().kind, Kind::cancelled);
  co_return Result<>{};
}

TEST_F(WebSocketTest, SendsWhatIsQueuedBeforeTheCloseAndDoesNotWaitForADeafPeer) {
  serve(close_at_once);
  const auto before = std::chrono::steady_clock::now();
  auto heard = run(upgrade_and_send(server->port(), kUpgrade, ""));
  const auto took = std::chrono::steady_clock::now() - before;
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->events.size(), 2U);
  EXPECT_EQ(heard->events[0].payload, "last words");
  EXPECT_EQ(heard->events[1].code, 4002);
  EXPECT_EQ(heard->events[1].payload.size(), 123U);
  EXPECT_LT(took, std::chrono::seconds(4));
}

// Never reads, so that no ping is answered; ends when the client goes.
Task<> hold_deaf(std::shared_ptr<Exchange> exchange) {
  CO_TRY(auto socket, co_await exchange->upgrade(1000));
  async::Event never(co_await boost::asio::this_coro::executor);
  auto waited = co_await never.wait_for(5000);
  EXPECT_FALSE(waited); // cancelled with the server
  co_return Result<>{};
}
// Answers pings, and says something after it was silent for long.
Task<> silent_for_a_while(std::shared_ptr<Exchange> exchange) {
  CO_TRY(auto socket, co_await exchange->upgrade(1000));
  async::Timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(300));
  timer.async_wait([socket](Stream::Code) { socket->send(std::make_shared<const std::string>("still here")); });
  auto text = co_await socket->read();
  EXPECT_FALSE(text);
  co_return Result<>{};
}
Task<std::string> hear(int port, std::int64_t silence_ms) {
  Socket raw(co_await boost::asio::this_coro::executor);
  const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(),
                                                static_cast<std::uint16_t>(port));
  auto [code] = co_await raw.async_connect(endpoint, async::use_task);
  if (code) co_return std::unexpected(async::error_from(code, "Connecting"));
  auto stream = make_plain_stream(std::move(raw));
  std::vector<std::string_view> parts{kUpgrade};
  CO_TRY_VOID(co_await stream->write(std::move(parts)));
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    CO_TRY(const auto piece, co_await stream->read());
    head += piece;
  }
  auto rest = head.substr(head.find("\r\n\r\n") + 4);
  auto socket = make_websocket(std::move(stream), WebSocketRole::client, 1000, std::move(rest), nullptr, silence_ms);
  auto text = co_await socket->read();
  co_return text ? *text : "gone " + text.error().code;
}

TEST_F(WebSocketTest, APeerThatAnswersNoPingIsGone) {
  serve(hold_deaf);
  const auto heard = run(hear(server->port(), 60));
  ASSERT_TRUE(heard);
  EXPECT_EQ(*heard, "gone 1006");
}

TEST_F(WebSocketTest, APeerThatIsSilentButAnswersPingsIsHeard) {
  serve(silent_for_a_while);
  const auto heard = run(hear(server->port(), 60));
  ASSERT_TRUE(heard);
  EXPECT_EQ(*heard, "still here");
}

} // namespace
} // namespace openclaw::net
