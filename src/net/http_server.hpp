// An HTTP/1.1 server with WebSocket upgrade: parses, bounds and times; it decides nothing about who may do what.
#pragma once
#include "async/scope.hpp"
#include "async/task.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace openclaw::net {

struct Peer {
  std::string address; // without port
  bool loopback = false;
};

// A streamed answer (chunked), for server-sent events.
class ResponseStream {
public:
  virtual ~ResponseStream() = default;
  virtual Task<> write(std::string bytes) = 0;
  virtual Task<> finish() = 0;
};

// One request and its answer. Exactly one of respond(), stream() and upgrade() is called.
class Exchange {
public:
  virtual ~Exchange() = default;
  virtual const Peer& peer() const = 0;
  // Head only at first; body() reads the rest within the limits. Authorise before reading a body.
  virtual const Request& request() const = 0;
  virtual Task<std::string> body() = 0;
  virtual bool wants_websocket() const = 0;
  virtual Task<> respond(Response response) = 0;
  virtual Task<std::shared_ptr<ResponseStream>> stream(Response head) = 0;
  // `read_limit` in bytes for the first messages; see WebSocket::set_read_limit.
  virtual Task<std::shared_ptr<WebSocket>> upgrade(std::size_t read_limit) = 0;
};

struct ServerLimits {
  std::size_t header_bytes = 32 * 1024;
  std::size_t body_bytes = 1024 * 1024;
  std::int64_t header_deadline_ms =
      10'000; // from accept (or the previous answer's end on keep-alive) to the last header byte
  std::int64_t body_deadline_ms = 10'000;
  std::int64_t keep_alive_ms = 60'000;
  std::size_t connections = 4096;           // beyond these an idle one goes for a new one, or the new one
  std::size_t unanswered_per_address = 256; // that have not yet sent a whole request head; beyond these the oldest goes
};

class HttpServer {
public:
  using Handler = std::function<Task<>(std::shared_ptr<Exchange>)>;
  struct Address {
    std::string host; // "127.0.0.1", "::1"
    int port = 0;     // 0: the first address picks one, the others take the same
  };
  // Binds and listens on every address (an IPv6 address that this machine lacks is skipped with a log line). A port in
  // use is Kind::conflict with a message that names it.
  static Result<std::unique_ptr<HttpServer>> listen(async::Executor executor, std::vector<Address> addresses,
                                                    ServerLimits limits, Handler handler);
  virtual ~HttpServer() = default;
  virtual int port() const = 0;
  // Accepts until cancelled; connections are children of `scope`.
  virtual void start(async::Scope& scope) = 0;
  // Stops accepting and closes idle connections.
  virtual void stop() = 0;
  virtual std::size_t connections() const = 0;
};

} // namespace openclaw::net
