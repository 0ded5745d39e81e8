// Opening a connection to where a URL points: resolving, the egress guard, the proxy's tunnel, TLS.
#pragma once
#include "net/deadline.hpp"
#include "net/egress.hpp"
#include "net/proxy.hpp"
#include "net/stream.hpp"
#include "net/tls_stream.hpp"

namespace openclaw::net {

// Made at the first https use and then shared.
struct TlsStore {
  std::string ca_file;
  std::shared_ptr<TlsContext> context;
};

struct Destination {
  Url url;
  Egress egress = Egress::configured;
  std::optional<Proxy> proxy;
  bool tunnel() const { return url.tls() || url.scheme == "ws"; } // through a proxy by CONNECT
};

// What can be said about a destination before anything is resolved.
Result<> check_destination(const Destination& destination);
// What a proxy's status 407 means to a person.
Error proxy_wants_credentials(const Destination& destination);
// `deadline` is armed by the caller and covers all of it.
Task<std::unique_ptr<Stream>> connect_stream(Destination destination, std::shared_ptr<TlsStore> tls,
                                             std::shared_ptr<Deadline> deadline);
// "host:port", with brackets around an IPv6 address.
std::string host_and_port(const std::string& host, int port);

} // namespace openclaw::net
