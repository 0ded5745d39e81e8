// Where a request may go. The guard judges the address that is connected to, on every hop, not the spelling of the URL.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>

namespace openclaw::net {

enum class Egress {
  configured,  // a host that the owner wrote in the configuration: loopback and private addresses are fine
  public_only, // a host that a model or a page named: only global unicast addresses, ports 80 and 443 and above 1023
};

// Is this address (textual IPv4 or IPv6) one that a model-chosen URL may reach? Refuses loopback, private, link-local,
// unique local, multicast, documentation, benchmarking (198.18/15), shared (100.64/10), NAT64/6to4/mapped forms of
// those, and metadata addresses.
Result<> check_public_address(std::string_view address);

Result<> check_public_port(int port);

struct Url {
  std::string scheme; // lower case
  std::string host;   // lower case, without brackets
  int port = 0;       // filled in from the scheme
  std::string target; // path and query, at least "/"
  bool tls() const { return scheme == "https" || scheme == "wss"; }
};
// Absolute http, https, ws or wss URLs without user information; at most 8192 bytes.
Result<Url> parse_url(std::string_view text);
// A Location header against the URL it came from.
Result<std::string> resolve_url(const Url& base, std::string_view reference);

} // namespace openclaw::net
