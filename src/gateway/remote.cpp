#include "gateway/remote.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <arpa/inet.h>

namespace openclaw::gateway {
namespace {

constexpr std::string_view kTraces[] = {"Forwarded", "X-Forwarded-For",  "X-Forwarded-Host",     "X-Forwarded-Proto",
                                        "X-Real-IP", "CF-Connecting-IP", "Tailscale-User-Login", "Via"};
constexpr std::string_view kOwnNames[] = {"localhost", "127.0.0.1", "::1"};
// Hops beyond these are not looked at.
constexpr std::size_t kMaxHops = 32;

std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return lowercase_ascii(host.substr(0, host.find(':')));
}

bool is_local(const net::Request& request, const net::Peer& peer) {
  if (!peer.loopback || request.headers.find("Origin")) return false;
  for (const auto trace : kTraces)
    if (request.headers.find(trace)) return false;
  const auto host = host_name(request.headers.find("Host").value_or(""));
  return std::find(std::begin(kOwnNames), std::end(kOwnNames), host) != std::end(kOwnNames);
}

} // namespace

std::string plain_address(std::string_view written) {
  auto text = lowercase_ascii(trim(written));
  if (text.starts_with('['))
    text = text.substr(1, text.find(']') - 1);
  else if (std::count(text.begin(), text.end(), ':') == 1)
    text.resize(text.find(':'));
  in6_addr sixth{};
  in_addr fourth{};
  char spelled[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET, text.c_str(), &fourth) == 1) return ::inet_ntop(AF_INET, &fourth, spelled, sizeof spelled);
  if (::inet_pton(AF_INET6, text.c_str(), &sixth) != 1) return {};
  // An IPv4 address in IPv6 clothes is that address.
  if (IN6_IS_ADDR_V4MAPPED(&sixth)) return ::inet_ntop(AF_INET, &sixth.s6_addr[12], spelled, sizeof spelled);
  return ::inet_ntop(AF_INET6, &sixth, spelled, sizeof spelled);
}

Remote judge_remote(const net::Request& request, const net::Peer& peer,
                    const std::vector<std::string>& trusted_proxies) {
  const auto trusted = [&](const std::string& address) {
    return std::any_of(trusted_proxies.begin(), trusted_proxies.end(),
                       [&](const auto& proxy) { return plain_address(proxy) == address; });
  };
  const auto own = plain_address(peer.address);
  Remote remote{own.empty() ? peer.address : own, peer.loopback, is_local(request, peer)};
  if (own.empty() || !trusted(own)) return remote;
  // From the right, because each proxy appends: the first that is not one of ours is the client. A client can write
  // anything to the left of it.
  const auto header = request.headers.find("X-Forwarded-For");
  if (!header || request.headers.count("X-Forwarded-For") != 1) return remote;
  auto hops = split(*header, ',');
  if (hops.size() > kMaxHops) return remote;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = plain_address(*hop);
    if (address.empty()) return remote;
    remote.address = address;
    remote.loopback = false;
    if (!trusted(address)) break;
  }
  return remote;
}

} // namespace openclaw::gateway
