#include "net/egress.hpp"
#include <cstdlib>

using namespace openclaw::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = parse_url(text);
  if (url) {
    // What was accepted is clean and means the same when it is written out again.
    for (const char letter : url->host + url->target)
      if (static_cast<unsigned char>(letter) <= 0x20 || static_cast<unsigned char>(letter) >= 0x7f) std::abort();
    const auto host = url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]";
    const auto again = parse_url(url->scheme + "://" + host + ":" + std::to_string(url->port) + url->target);
    const bool too_long = url->target.size() > 4000; // percent-encoding may have lengthened it
    if (!too_long && (!again || again->host != url->host || again->port != url->port || again->target != url->target))
      std::abort();
  }
  static const auto base = parse_url("https://h.example/a/b?c");
  const auto resolved = resolve_url(*base, text);
  if (resolved && !parse_url(*resolved)) std::abort();
  (void)check_public_address(text);
  return 0;
}
