// RFC 6455 frames without I/O: a decoder that turns bytes in any cut into messages and control frames, within a limit,
// and the encoder. It holds memory only for the message that is arriving.
#pragma once
#include "base/ids.hpp"
#include "base/result.hpp"
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::net {

struct WebSocketEvent {
  enum class Kind { text, ping, pong, close } kind = Kind::text;
  std::string payload; // of a close: the reason
  int code = 0;        // of a close; 1005 when the peer gave none
};

class WebSocketDecoder {
public:
  // A server reads masked frames, a client unmasked ones.
  WebSocketDecoder(bool masked, std::size_t limit) : limit_(limit), masked_(masked) {}
  // Uses bytes up to the end of one event and says how many; next() must be emptied before feeding the rest. After an
  // error, whose Error::code is the close code as text, the decoder stays broken.
  Result<std::size_t> feed(std::string_view bytes);
  std::optional<WebSocketEvent> next();
  void set_limit(std::size_t limit) { limit_ = limit; }

private:
  Result<> begin_frame();
  Result<> end_frame();
  std::size_t header_size() const;

  std::string message_;
  std::optional<WebSocketEvent> ready_;
  std::size_t limit_;
  std::uint64_t left_ = 0; // payload bytes of the current frame that are still to come
  std::uint64_t at_ = 0;   // payload bytes of it already seen
  std::string control_;
  std::uint8_t header_[14] = {};
  std::uint8_t mask_[4] = {};
  std::uint8_t header_length_ = 0;
  std::uint8_t opcode_ = 0;
  bool final_ = false;
  bool in_payload_ = false;
  bool in_message_ = false;
  bool masked_;
  bool broken_ = false;
};

enum class WebSocketOpcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
// Appends the header of an unmasked final frame.
void append_frame_header(std::string& out, WebSocketOpcode opcode, std::size_t length);
// Appends a whole frame, masked when `random` is given (clients must).
void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload, Random* random);
// A close frame's payload: the code and at most 123 bytes of reason.
std::string close_payload(int code, std::string_view reason);

} // namespace openclaw::net
