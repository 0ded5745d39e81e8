// What a stranger can send before and after the handshake: frames, connect parameters and device identities.
#include "gateway/device_signature.hpp"
#include "gateway/frames.hpp"
#include "gateway/method.hpp"
#include <cstdlib>

using namespace openclaw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto parsed = parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "frame");
  if (!parsed) return 0;
  const auto id = gateway::answerable_id(*parsed);
  if (id.empty() || id.size() > 256) std::abort();
  auto request = gateway::read_request(std::move(*parsed));
  if (!request) return 0;
  if (const auto* method = gateway::methods().find(request->method))
    (void)gateway::methods().problems(*method, request->params);
  if (const auto* device = find(request->params, "device")) {
    const gateway::SignedFacts facts{"cli", "cli", "linux", "", "operator", {}, "token", "nonce", 1, true};
    // Nobody can sign for a key that this test does not have.
    if (gateway::check_device(*device, facts)) std::abort();
  }
  return 0;
}
