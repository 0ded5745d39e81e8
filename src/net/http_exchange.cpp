#include "net/http_exchange.hpp"

#include "base/text.hpp"
#include "net/websocket_connection.hpp"
#include <fmt/core.h>

namespace openclaw::net {
namespace {

class ChunkedStream final : public ResponseStream {
public:
  explicit ChunkedStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Task<> write(std::string bytes) override {
    const auto connection = connection_;
    if (connection->answer_ != Answer::begun) co_return fail(Kind::cancelled, "The answer is already complete.");
    if (bytes.empty() || connection->head_request_) co_return Result<>{};
    const std::string size = fmt::format("{:x}\r\n", bytes.size());
    std::vector<std::string_view> parts;
    if (connection->http_1_0_)
      parts = {bytes};
    else
      parts = {size, bytes, "\r\n"};
    auto written = co_await connection->write(std::move(parts));
    if (!written) connection->answer_ = Answer::complete;
    co_return written;
  }

  Task<> finish() override {
    const auto connection = connection_;
    if (connection->answer_ != Answer::begun) co_return Result<>{};
    connection->answer_ = Answer::complete;
    if (connection->http_1_0_ || connection->head_request_) co_return Result<>{};
    std::vector<std::string_view> parts{"0\r\n\r\n"};
    auto written = co_await connection->write(std::move(parts));
    co_return written;
  }

private:
  std::shared_ptr<Connection> connection_;
};

class ConnectionExchange final : public Exchange {
public:
  ConnectionExchange(std::shared_ptr<Connection> connection, Request request)
      : connection_(std::move(connection)), request_(std::move(request)), peer_(connection_->peer_) {}

  const Peer& peer() const override { return peer_; }
  const Request& request() const override { return request_; }
  bool wants_websocket() const override {
    return request_.headers.has_token("Upgrade", "websocket") && request_.headers.has_token("Connection", "upgrade");
  }

  Task<std::string> body() override {
    const auto connection = connection_;
    if (!connection || connection->answer_ != Answer::none) co_return answered();
    auto body = co_await connection->read_body();
    co_return body;
  }

  Task<> respond(Response response) override {
    const auto connection = connection_;
    if (!connection || connection->answer_ != Answer::none) co_return answered();
    connection->answer_ = Answer::complete;
    const auto length = response.body.size();
    co_return co_await connection->write_head(response.status, std::move(response.headers), length, false,
                                              std::move(response.body));
  }

  Task<std::shared_ptr<ResponseStream>> stream(Response head) override {
    const auto connection = connection_;
    if (!connection || connection->answer_ != Answer::none) co_return answered();
    connection->answer_ = Answer::begun;
    auto written = co_await connection->write_head(head.status, std::move(head.headers), std::nullopt, true, {});
    if (!written) {
      connection->answer_ = Answer::complete;
      co_return std::unexpected(written.error());
    }
    std::shared_ptr<ResponseStream> body = std::make_shared<ChunkedStream>(connection);
    if (!head.body.empty()) CO_TRY_VOID(co_await body->write(std::move(head.body)));
    co_return body;
  }

  Task<std::shared_ptr<WebSocket>> upgrade(std::size_t read_limit) override {
    const auto connection = connection_;
    if (!connection || connection->answer_ != Answer::none) co_return answered();
    const std::string key(request_.headers.find("Sec-WebSocket-Key").value_or(""));
    const auto decoded = from_base64(key);
    if (request_.method != "GET" || !wants_websocket() || !decoded || decoded->size() != 16 || connection->http_1_0_)
      co_return co_await refuse(400, "This is not a WebSocket handshake.", "Use a WebSocket client (RFC 6455).");
    if (request_.headers.find("Sec-WebSocket-Version").value_or("") != "13")
      co_return co_await refuse(426, "Only version 13 of the WebSocket protocol is spoken here.",
                                "Use a client that speaks RFC 6455.");
    CO_TRY_VOID(connection->parser_->read_body());
    if (!connection->parser_->done())
      co_return co_await refuse(400, "A WebSocket handshake has no body.", "Send the request without a body.");
    connection->answer_ = Answer::upgraded;
    const std::string head =
        fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: {}\r\n\r\n",
                    websocket_accept(key));
    std::vector<std::string_view> parts{head};
    CO_TRY_VOID(co_await connection->write(std::move(parts)));
    auto rest = connection->parser_->take_rest();
    connection->parser_.reset();
    request_.headers = {};
    auto socket = make_websocket(std::move(connection->stream_), WebSocketRole::server, read_limit, std::move(rest),
                                 std::move(connection->slot_));
    connection_.reset();
    co_return socket;
  }

  void detach() { connection_.reset(); }

private:
  static std::unexpected<Error> answered() {
    return fail(Kind::bug, "The request was already answered.", "Call exactly one of respond, stream and upgrade.");
  }
  Task<std::shared_ptr<WebSocket>> refuse(int status, std::string message, std::string hint) {
    auto response = error_response(status, message, hint);
    if (status == 426) response.headers.set("Sec-WebSocket-Version", "13");
    connection_->keep_alive_ = false;
    CO_TRY_VOID(co_await respond(std::move(response)));
    co_return fail(Kind::invalid, std::move(message), std::move(hint));
  }

  std::shared_ptr<Connection> connection_;
  Request request_;
  Peer peer_;
};

// 400 for heads that parse but cannot be served.
std::optional<Response> check_request(const Request& request, bool http_1_0) {
  if (request.headers.count("Host") > 1 || (!http_1_0 && request.headers.count("Host") == 0))
    return error_response(400, "The request needs exactly one Host field.", "Send the Host field.");
  if (request.target.empty() || (request.target.front() != '/' && request.target != "*"))
    return error_response(400, "The request's target must be a path.", "This server is not a proxy.");
  return std::nullopt;
}

Task<> answer_error(std::shared_ptr<ConnectionExchange> exchange, Error error) {
  int status = http_status(error.kind);
  if (error.code.size() == 3 && error.code.front() == '4') status = std::atoi(error.code.c_str());
  auto response = error_response(status, error.message, error.hint);
  co_return co_await exchange->respond(std::move(response));
}

// False when the connection ends with this request.
Task<bool> serve_request(std::shared_ptr<Connection> connection) {
  auto& parser = *connection->parser_;
  connection->keep_alive_ = parser.keep_alive();
  connection->http_1_0_ = parser.http_1_0();
  auto request = parser.take_request();
  connection->head_request_ = request.method == "HEAD";
  connection->expects_continue_ = !connection->http_1_0_ && request.headers.has_token("Expect", "100-continue");
  auto refused = check_request(request, connection->http_1_0_);
  const auto exchange = std::make_shared<ConnectionExchange>(connection, std::move(request));
  if (refused) {
    connection->keep_alive_ = false;
    CO_TRY_VOID(co_await exchange->respond(std::move(*refused)));
  } else {
    auto handled = co_await connection->core_->handler(exchange);
    if (connection->answer_ == Answer::upgraded) {
      exchange->detach();
      co_return false;
    }
    if (!handled && connection->answer_ == Answer::none && handled.error().kind != Kind::cancelled)
      CO_TRY_VOID(co_await answer_error(exchange, std::move(handled).error()));
    else if (!handled)
      connection->keep_alive_ = false;
    else if (connection->answer_ == Answer::none)
      CO_TRY_VOID(
          co_await answer_error(exchange, Error{Kind::bug, "Nothing answered this request; this is a bug.", "", ""}));
  }
  exchange->detach();
  CO_TRY_VOID(co_await async::check_cancelled());
  // A stream that was begun and not finished must not look complete: the connection ends instead.
  if (connection->answer_ != Answer::complete) co_return false;
  const bool body_left = !parser.done();
  if (connection->keep_alive_ && !body_left && !connection->core_->stopping) {
    connection->rest_ = parser.take_rest();
    co_return true;
  }
  CO_TRY_VOID(co_await connection->linger());
  co_return false;
}

} // namespace

Task<> serve_connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer) {
  const auto connection = std::make_shared<Connection>(std::move(core), std::move(stream), std::move(peer));
  bool first = true;
  while (true) {
    CO_TRY_VOID(co_await async::check_cancelled());
    auto head = co_await connection->read_head(first);
    if (!head || !*head) break;
    auto again = co_await serve_request(connection);
    if (!again || !*again) break;
    first = false;
  }
  // A peer that went away is no news; what handlers had to say was said.
  co_return Result<>{};
}

} // namespace openclaw::net
