#include "net/http_parser.hpp"
#include <cstdlib>

using namespace openclaw::net;

namespace {
// The whole body, or nothing when the message was refused.
std::optional<std::string> parse(MessageParser::Message kind, std::string_view text, std::size_t cut) {
  MessageParser parser(kind, 4096, 8192);
  bool body = false;
  std::string all;
  for (std::size_t at = 0; at < text.size() && !parser.done(); at += cut) {
    if (!parser.feed(text.substr(at, cut))) return std::nullopt;
    if (parser.head_done() && !body) {
      body = true;
      if (!parser.read_body()) return std::nullopt;
    }
    all += parser.take_body();
  }
  if (all.size() > 8192) std::abort();
  if (!parser.feed_end()) return std::nullopt;
  return all + parser.take_body();
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto kind : {MessageParser::Message::request, MessageParser::Message::response}) {
    const auto whole = parse(kind, text, 1 << 16);
    const auto pieces = parse(kind, text, 1 + data[0] % 64);
    if (whole && pieces && *whole != *pieces) std::abort();
  }
  return 0;
}
