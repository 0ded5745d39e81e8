// Who is at the other end of a connection, as far as this gateway may believe it. What a proxy says counts only when
// gateway.trustedProxies names that proxy; whatever looks forwarded or comes from a page is never "local". Pure.
#pragma once
#include "net/http_server.hpp"
#include <string>
#include <vector>

namespace openclaw::gateway {

struct Remote {
  std::string address;
  // The peer's address is this machine's own; failures of all those are counted together.
  bool loopback = false;
  // A program of this machine, without anything in between: loopback, our own name as Host, no Origin, no trace of a
  // proxy.
  bool local = false;
};

Remote judge_remote(const net::Request& request, const net::Peer& peer,
                    const std::vector<std::string>& trusted_proxies);

// "192.168.1.5" or "[::1]:80" as the system spells the address, without brackets and port; empty when it is none.
std::string plain_address(std::string_view written);

} // namespace openclaw::gateway
