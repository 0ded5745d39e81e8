#include "net/websocket_codec.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

constexpr std::size_t kControlLimit = 125;
// Memory is claimed as bytes arrive, not as a header promises them.
constexpr std::size_t kReserveAtMost = 16 * 1024;

std::unexpected<Error> violation(int code, std::string message) {
  return fail(Kind::invalid, std::move(message), "Send what RFC 6455 allows.", std::to_string(code));
}

bool valid_close_code(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

} // namespace

std::size_t WebSocketDecoder::header_size() const {
  if (header_length_ < 2) return 2;
  const auto length = header_[1] & 0x7f;
  return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((header_[1] & 0x80) != 0 ? 4U : 0U);
}

Result<std::size_t> WebSocketDecoder::feed(std::string_view bytes) {
  if (broken_) return violation(1002, "The WebSocket was already broken by an earlier frame.");
  std::size_t used = 0;
  while (used < bytes.size() && !ready_) {
    if (!in_payload_) {
      header_[header_length_++] = static_cast<std::uint8_t>(bytes[used++]);
      if (header_length_ < header_size()) continue;
      auto begun = begin_frame();
      if (!begun) {
        broken_ = true;
        return std::unexpected(begun.error());
      }
    } else {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
      auto& target = opcode_ >= 8 ? control_ : message_;
      const auto start = target.size();
      target.append(bytes.substr(used, count));
      if (masked_)
        for (std::size_t i = 0; i < count; ++i)
          target[start + i] = static_cast<char>(target[start + i] ^ mask_[(at_ + i) & 3]);
      used += count;
      at_ += count;
      left_ -= count;
    }
    if (in_payload_ && left_ == 0) {
      auto ended = end_frame();
      if (!ended) {
        broken_ = true;
        return std::unexpected(ended.error());
      }
    }
  }
  return used;
}

Result<> WebSocketDecoder::begin_frame() {
  const auto first = header_[0];
  opcode_ = first & 0x0f;
  final_ = (first & 0x80) != 0;
  const bool has_mask = (header_[1] & 0x80) != 0;
  std::uint64_t length = header_[1] & 0x7f;
  std::size_t at = 2;
  if (length == 126 || length == 127) {
    const std::size_t width = length == 126 ? 2 : 8;
    length = 0;
    for (std::size_t i = 0; i < width; ++i)
      length = length << 8 | header_[at++];
    if (width == 8 && (length >> 63) != 0) return violation(1002, "A frame claims an impossible length.");
    if (length < (width == 2 ? 126U : 65536U))
      return violation(1002, "A frame's length is not written in the shortest form.");
  }
  if (has_mask)
    for (auto& byte : mask_)
      byte = header_[at++];
  if ((first & 0x70) != 0) return violation(1002, "A frame uses an extension that was not agreed on.");
  if (has_mask != masked_)
    return violation(1002, masked_ ? "A client's frame is not masked." : "A server's frame is masked.");
  if (opcode_ >= 8) {
    if (opcode_ > 10) return violation(1002, "A frame has an unknown control opcode.");
    if (!final_ || length > kControlLimit) return violation(1002, "A control frame is fragmented or too long.");
    control_.clear();
  } else {
    if (opcode_ == 2) return violation(1003, "Only text messages are spoken here; a binary one arrived.");
    if (opcode_ > 2) return violation(1002, "A frame has an unknown opcode.");
    if ((opcode_ == 0) != in_message_)
      return violation(1002, in_message_ ? "A new message began inside another."
                                         : "A continuation arrived without a beginning.");
    in_message_ = true;
    if (length > limit_ || message_.size() > limit_ - length)
      return violation(1009, fmt::format("The message is larger than {} bytes.", limit_));
    if (message_.empty()) message_.reserve(std::min<std::size_t>(static_cast<std::size_t>(length), kReserveAtMost));
  }
  header_length_ = 0;
  in_payload_ = true;
  left_ = length;
  at_ = 0;
  return {};
}

Result<> WebSocketDecoder::end_frame() {
  in_payload_ = false;
  if (opcode_ < 8) {
    if (!final_) return {};
    in_message_ = false;
    auto whole = std::exchange(message_, {});
    if (!valid_utf8(whole)) return violation(1007, "A text message is not valid UTF-8.");
    ready_ = WebSocketEvent{WebSocketEvent::Kind::text, std::move(whole), 0};
    return {};
  }
  auto payload = std::exchange(control_, {});
  if (opcode_ == 9) {
    ready_ = WebSocketEvent{WebSocketEvent::Kind::ping, std::move(payload), 0};
  } else if (opcode_ == 10) {
    ready_ = WebSocketEvent{WebSocketEvent::Kind::pong, std::move(payload), 0};
  } else {
    int code = 1005;
    if (payload.size() == 1) return violation(1002, "A close frame has half a code.");
    if (payload.size() >= 2) {
      code = static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
      payload.erase(0, 2);
      if (!valid_close_code(code))
        return violation(1002, fmt::format("A close frame has the impossible code {}.", code));
      if (!valid_utf8(payload)) return violation(1007, "A close frame's reason is not valid UTF-8.");
    }
    ready_ = WebSocketEvent{WebSocketEvent::Kind::close, std::move(payload), code};
  }
  return {};
}

std::optional<WebSocketEvent> WebSocketDecoder::next() {
  return std::exchange(ready_, std::nullopt);
}

namespace {
void append_header(std::string& out, WebSocketOpcode opcode, std::size_t length, bool masked) {
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  const auto mask_bit = static_cast<std::uint8_t>(masked ? 0x80 : 0);
  if (length < 126) {
    out += static_cast<char>(mask_bit | length);
    return;
  }
  const int width = length < 65536 ? 2 : 8;
  out += static_cast<char>(mask_bit | (width == 2 ? 126 : 127));
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(length >> shift & 0xff);
}
} // namespace

void append_frame_header(std::string& out, WebSocketOpcode opcode, std::size_t length) {
  append_header(out, opcode, length, false);
}

void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload, Random* random) {
  append_header(out, opcode, payload.size(), random != nullptr);
  if (random == nullptr) {
    out += payload;
    return;
  }
  std::array<std::uint8_t, 4> mask{};
  random->fill(mask);
  for (const auto byte : mask)
    out += static_cast<char>(byte);
  const auto start = out.size();
  out += payload;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out[start + i] = static_cast<char>(out[start + i] ^ mask[i & 3]);
}

std::string close_payload(int code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8 & 0xff);
  payload += static_cast<char>(code & 0xff);
  payload += utf8_prefix(reason, 123);
  return payload;
}

} // namespace openclaw::net
