// A WebSocket (RFC 6455), text messages only, no compression. One reader; anybody on the loop may send.
#pragma once
#include "async/task.hpp"
#include <cstddef>
#include <memory>
#include <string>

namespace openclaw::net {

class WebSocket {
public:
  virtual ~WebSocket() = default;
  // The next text message. Kind::cancelled when the peer or we closed, Error::code the peer's close code (1006: none);
  // Kind::invalid after a protocol violation (already closed with the fitting code: 1009 too big, 1007 not UTF-8).
  virtual Task<std::string> read() = 0;
  // Queues a message; queued ones are written together in as few writes as possible. Never blocks. The text is shared
  // between connections, so that a broadcast is serialised once.
  virtual void send(std::shared_ptr<const std::string> message) = 0;
  // Bytes queued and not yet handed to the kernel.
  virtual std::size_t buffered_bytes() const = 0;
  // Sends what is queued (at most 2 s), then a close frame. Idempotent. `reason` is cut at 123 bytes.
  virtual void close(int code, std::string reason) = 0;
  // Largest message accepted from now on; a larger one closes with 1009.
  virtual void set_read_limit(std::size_t bytes) = 0;
};

} // namespace openclaw::net
