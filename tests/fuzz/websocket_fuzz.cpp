#include "base/text.hpp"
#include "net/websocket_codec.hpp"
#include <cstdlib>
#include <vector>

using namespace openclaw;
using namespace openclaw::net;

namespace {
std::vector<std::string> decode(bool masked, std::string_view text, std::size_t cut) {
  WebSocketDecoder decoder(masked, 4096);
  std::vector<std::string> events;
  for (std::size_t at = 0; at < text.size(); at += cut) {
    auto piece = text.substr(at, cut);
    while (!piece.empty()) {
      const auto used = decoder.feed(piece);
      if (!used) {
        events.push_back("error " + used.error().code);
        return events;
      }
      if (*used == 0) std::abort();
      piece.remove_prefix(*used);
      if (auto event = decoder.next()) {
        if (event->payload.size() > 4096) std::abort();
        if (event->kind == WebSocketEvent::Kind::text && !valid_utf8(event->payload)) std::abort();
        events.push_back(std::to_string(static_cast<int>(event->kind)) + std::to_string(event->code) + event->payload);
      }
    }
  }
  return events;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const bool masked : {true, false})
    if (decode(masked, text, 1 + data[0] % 16) != decode(masked, text, 1 << 16)) std::abort();
  // What we encode, we decode.
  const auto valid = to_valid_utf8(text.substr(0, 4096 / 3));
  SeededRandom random(1);
  std::string frame;
  append_frame(frame, WebSocketOpcode::text, valid, &random);
  const auto events = decode(true, frame, 1 + data[0] % 16);
  if (events.size() != 1 || events.front() != "00" + valid) std::abort();
  return 0;
}
