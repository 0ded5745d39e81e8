// What a client says about where it comes from: never believed from a stranger, never local through a proxy.
#include "gateway/remote.hpp"
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  const std::string text(reinterpret_cast<const char*>(data), size);
  net::Request request;
  request.headers.add("Host", text.substr(0, text.find('\n')));
  request.headers.add("X-Forwarded-For", text);
  const net::Peer near{"127.0.0.1", true};
  if (gateway::judge_remote(request, near, {"127.0.0.1", text}).local) std::abort();
  if (gateway::judge_remote(request, {"192.0.2.7", false}, {"192.0.2.8"}).address != "192.0.2.7") std::abort();
  const auto once = gateway::plain_address(text);
  if (gateway::plain_address(once) != once) std::abort();
  return 0;
}
