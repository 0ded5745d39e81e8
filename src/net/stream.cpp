#include "net/stream.hpp"

#include "net/stream_buffers.hpp"
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace openclaw::net {
namespace asio = boost::asio;

std::span<char> read_scratch() {
  static thread_local std::array<char, 65536> memory;
  return memory;
}

void tune_socket(Socket& socket) {
  Stream::Code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  // The kernel finds peers that vanished without a word; no timer of ours is needed for idle connections.
  const int idle_seconds = 60;
  const int interval_seconds = 20;
  const int probes = 3;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

bool socket_is_quiet(Socket& socket) {
  if (!socket.is_open()) return false;
  char byte = 0;
  const auto count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::string address_of_peer(const Socket& socket) {
  Stream::Code code;
  const auto endpoint = socket.remote_endpoint(code);
  return code ? std::string() : endpoint.address().to_string();
}

std::vector<asio::const_buffer> as_buffers(const std::vector<std::string_view>& parts) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(parts.size());
  for (const auto part : parts)
    buffers.emplace_back(part.data(), part.size());
  return buffers;
}

namespace {

bool would_block(const Stream::Code& code) {
  return code == asio::error::would_block || code == asio::error::try_again;
}

class PlainStream final : public Stream {
public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) { tune_socket(socket_); }

  Task<std::string_view> read() override {
    while (true) {
      CO_TRY_VOID(co_await async::check_cancelled());
      auto [waited] = co_await socket_.async_wait(Socket::wait_read, async::use_task);
      if (waited) co_return std::unexpected(async::error_from(waited, "Reading from the connection"));
      Code code;
      const auto bytes = receive(code);
      if (would_block(code)) continue;
      if (code == asio::error::eof) co_return std::string_view{};
      if (code) co_return std::unexpected(async::error_from(code, "Reading from the connection"));
      co_return bytes;
    }
  }

  Task<> write(std::vector<std::string_view> parts) override {
    CO_TRY_VOID(co_await async::check_cancelled());
    const auto buffers = as_buffers(parts);
    auto [code, count] = co_await asio::async_write(socket_, buffers, async::use_task);
    (void)count;
    if (code) co_return std::unexpected(async::error_from(code, "Writing to the connection"));
    co_return Result<>{};
  }

  void read_some(std::function<void(Code, std::string_view)> done) override {
    socket_.async_wait(Socket::wait_read, [this, done = std::move(done)](Code code) mutable {
      if (code) return done(code, {});
      const auto bytes = receive(code);
      if (would_block(code)) return read_some(std::move(done));
      done(code, bytes);
    });
  }

  void write_some(std::vector<std::string_view> parts, std::function<void(Code, std::size_t)> done) override {
    socket_.async_write_some(as_buffers(parts), std::move(done));
  }

  void cancel() override {
    Code ignored;
    socket_.cancel(ignored);
  }
  void close() override {
    Code ignored;
    socket_.close(ignored);
  }
  void finish_sending() override {
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  bool quiet() override { return socket_is_quiet(socket_); }
  std::string peer_address() const override { return address_of_peer(socket_); }
  async::Executor executor() override { return socket_.get_executor(); }
  Socket take() { return std::move(socket_); }

private:
  std::string_view receive(Code& code) {
    const auto memory = read_scratch();
    const auto count = socket_.read_some(asio::buffer(memory.data(), memory.size()), code);
    return {memory.data(), count};
  }

  Socket socket_;
};

} // namespace

std::unique_ptr<Stream> make_plain_stream(Socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}
Socket take_socket(std::unique_ptr<Stream> plain) {
  return static_cast<PlainStream&>(*plain).take();
}

} // namespace openclaw::net
