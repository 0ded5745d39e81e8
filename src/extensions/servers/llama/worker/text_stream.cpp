#include "extensions/servers/llama/worker/text_stream.hpp"

#include <algorithm>
#include <utility>

namespace openclaw::llama_worker {
namespace {

enum class Sequence { valid, cut_off, invalid };

struct Decoded {
  Sequence state;
  std::size_t length;
};

Decoded decode_one(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return {Sequence::valid, 1};
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {Sequence::invalid, 1};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {Sequence::cut_off, i};
    const auto next = static_cast<unsigned char>(bytes[i]);
    if (next < low || next > high) return {Sequence::invalid, i};
    low = 0x80;
    high = 0xBF;
  }
  return {Sequence::valid, length};
}

} // namespace

std::size_t whole_code_points(std::string_view bytes) {
  std::size_t position = 0;
  while (position < bytes.size()) {
    const auto decoded = decode_one(bytes.substr(position));
    if (decoded.state == Sequence::cut_off) break;
    position += decoded.length;
  }
  return position;
}

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto decoded = decode_one(bytes);
    if (decoded.state == Sequence::valid) {
      text += bytes.substr(0, decoded.length);
    } else {
      text += "\xEF\xBF\xBD";
    }
    bytes.remove_prefix(decoded.length);
  }
  return text;
}

TextStream::TextStream(std::vector<std::string> stop_sequences) : stop_sequences_(std::move(stop_sequences)) {
  std::erase(stop_sequences_, std::string());
}

std::string TextStream::push(std::string_view piece) {
  if (stopped_) return {};
  pending_ += piece;

  std::size_t stop_at = std::string::npos;
  for (const auto& stop : stop_sequences_)
    stop_at = std::min(stop_at, pending_.find(stop));
  if (stop_at != std::string::npos) {
    stopped_ = true;
    std::string text = valid_utf8(std::string_view(pending_).substr(0, stop_at));
    pending_.clear();
    return text;
  }

  // The end of the text may be the beginning of a stop sequence.
  std::size_t held = 0;
  for (const auto& stop : stop_sequences_) {
    const std::size_t longest = std::min(stop.size() - 1, pending_.size());
    for (std::size_t length = longest; length > held; --length) {
      if (pending_.ends_with(std::string_view(stop).substr(0, length))) held = length;
    }
  }
  const std::size_t sendable = whole_code_points(std::string_view(pending_).substr(0, pending_.size() - held));
  std::string text = valid_utf8(std::string_view(pending_).substr(0, sendable));
  pending_.erase(0, sendable);
  return text;
}

std::string TextStream::finish() {
  return valid_utf8(std::exchange(pending_, {}));
}

} // namespace openclaw::llama_worker
