// Where the gateway listens: gateway.bind and what it means on this machine. Whatever is not possible here is refused
// in words instead of being replaced by something else.
#pragma once
#include "base/result.hpp"
#include "net/http_server.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::gateway {

struct Listening {
  std::vector<net::HttpServer::Address> addresses;
  bool exposed = false; // other machines can reach it
};

// `bind`: loopback, auto, lan, custom, tailnet or an IP address. `custom_host`: gateway.customBindHost. `own`: the
// addresses of this machine. Loopback is always among the answers: the command line talks to the gateway there.
Result<Listening> where_to_listen(std::string_view bind, std::string_view custom_host, int port,
                                  const std::vector<std::string>& own);

// The port that OPENCLAW_GATEWAY_PORT says, which goes before the configuration's; nothing when it is not set.
Result<std::optional<int>> port_from(const std::optional<std::string>& variable);

// The addresses of this machine's interfaces that are up, as the system spells them.
std::vector<std::string> machine_addresses();

} // namespace openclaw::gateway
