// An incremental HTTP/1.1 message parser over Beast's, for both directions: bytes in any cut go in, a head and pieces
// of the body come out. It bounds the head and the body and refuses ambiguous framing; it never does I/O.
#pragma once
#include "base/result.hpp"
#include "net/http.hpp"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace openclaw::net {

class MessageParser {
public:
  enum class Message { request, response, response_without_body };
  MessageParser(Message message, std::size_t header_bytes, std::uint64_t body_bytes);
  ~MessageParser();

  // Parses the head, then, once read_body() was called, the body; keeps what it cannot use yet. Error::code is the HTTP
  // status that fits, as text.
  Result<> feed(std::string_view bytes);
  // The other side ended the stream: the regular end of a body without a length, an error elsewhere.
  Result<> feed_end();
  Result<> read_body();

  bool head_done() const;
  bool done() const;
  bool started() const; // has seen any byte
  bool keep_alive() const;
  bool http_1_0() const;
  std::string take_body(); // decoded since the last call
  std::string take_rest(); // bytes behind the message
  // Valid once head_done(); they are moved out.
  Request take_request();
  Response take_response();

  struct Core;

private:
  Result<> advance(std::string_view bytes);
  std::unique_ptr<Core> core_;
  std::string pending_;
  bool body_wanted_ = false;
  bool started_ = false;
};

// The value of Sec-WebSocket-Accept for a key (RFC 6455, section 4.2.2).
std::string websocket_accept(std::string_view key);

} // namespace openclaw::net
