// A connected byte stream, plain TCP or TLS, behind virtual functions so that Asio's templates are instantiated once.
// It holds no buffer while idle. Operations end with Kind::cancelled after cancel() or close(); it keeps no time.
#pragma once
#include "async/task.hpp"
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::net {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, async::Executor>;

class Stream {
public:
  using Code = boost::system::error_code;
  virtual ~Stream() = default;
  // Some bytes, valid until the caller awaits again; empty at the end of the stream.
  virtual Task<std::string_view> read() = 0;
  // Everything in `parts`, whose bytes the caller keeps alive.
  virtual Task<> write(std::vector<std::string_view> parts) = 0;
  // For chains of callbacks, which keep the stream alive by what they capture.
  virtual void read_some(std::function<void(Code, std::string_view)> done) = 0;
  virtual void write_some(std::vector<std::string_view> parts, std::function<void(Code, std::size_t)> done) = 0;
  virtual void cancel() = 0;
  virtual void close() = 0;
  virtual void finish_sending() = 0;
  // Open, with nothing to read: fit for another request.
  virtual bool quiet() = 0;
  virtual std::string peer_address() const = 0;
  virtual async::Executor executor() = 0;
};

// Takes the socket over: non-blocking, TCP_NODELAY, TCP keep-alive.
std::unique_ptr<Stream> make_plain_stream(Socket socket);
// Gives the socket of a stream made by make_plain_stream back.
Socket take_socket(std::unique_ptr<Stream> plain);

} // namespace openclaw::net
