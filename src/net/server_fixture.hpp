// For tests: a server on a free loopback port, a client, and one loop that runs a scenario to its end.
#pragma once
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/stream.hpp"
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

namespace openclaw::net::testing {

class ServerFixture : public ::testing::Test {
public:
  void serve(HttpServer::Handler handler, ServerLimits limits = {}) {
    auto made = HttpServer::listen(loop.get_executor(), {{"127.0.0.1", 0}}, limits, std::move(handler));
    ASSERT_TRUE(made) << made.error().text();
    server = std::move(*made);
    server->start(scope);
  }
  void make_client(ClientConfig config = {}) { client = make_http_client(loop.get_executor(), std::move(config)); }
  std::string url(std::string path) const { return "http://127.0.0.1:" + std::to_string(server->port()) + path; }
  template <class T>
  Result<T> run(Task<T> scenario) {
    return async::run(loop, std::move(scenario));
  }

  void TearDown() override {
    if (server) server->stop();
    client.reset();
    ASSERT_TRUE(async::run(loop, stop(&scope)));
    server.reset();
    // What sockets still have to say to each other is bounded.
    loop.restart();
    loop.poll();
  }

  boost::asio::io_context loop;
  async::Scope scope{loop.get_executor()};
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;

private:
  static Task<> stop(async::Scope* scope) {
    scope->cancel();
    co_return co_await scope->join();
  }
};

// A raw connection to a loopback port.
inline Task<std::shared_ptr<Stream>> raw_connect(int port) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Socket socket(executor);
  const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(),
                                                static_cast<std::uint16_t>(port));
  auto [code] = co_await socket.async_connect(endpoint, async::use_task);
  if (code) co_return std::unexpected(async::error_from(code, "Connecting"));
  std::shared_ptr<Stream> stream = make_plain_stream(std::move(socket));
  co_return stream;
}
// Sends bytes and reads until the other side ends the stream.
inline Task<std::string> raw_talk(int port, std::string bytes) {
  CO_TRY(auto stream, co_await raw_connect(port));
  std::vector<std::string_view> parts{bytes};
  CO_TRY_VOID(co_await stream->write(std::move(parts)));
  std::string all;
  while (true) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) co_return all;
    all += *piece;
  }
}

} // namespace openclaw::net::testing
