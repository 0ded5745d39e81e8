#include "net/sse.hpp"
#include <cstdlib>
#include <vector>

using namespace openclaw::net;

namespace {
std::vector<std::string> parse(std::string_view text, std::size_t cut) {
  SseParser parser(1 << 20);
  std::vector<std::string> events;
  for (std::size_t at = 0; at < text.size(); at += cut) {
    if (!parser.feed(text.substr(at, cut))) break;
    while (auto event = parser.next())
      events.push_back(event->event + "\n" + event->id + "\n" + event->data);
  }
  return events;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(text, 1 + data[0] % 16) != parse(text, 4096)) std::abort();
  return 0;
}
