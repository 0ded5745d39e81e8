#include "gateway/bind.hpp"

#include "base/text.hpp"
#include "gateway/remote.hpp"
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/core.h>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>

namespace openclaw::gateway {
namespace {

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

// Of the range that Tailscale gives to its machines: 100.64.0.0/10.
bool is_tailnet(std::string_view address) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, std::string(address).c_str(), &parsed) != 1) return false;
  return (ntohl(parsed.s_addr) & 0xffc00000U) == 0x64400000U;
}

Listening beside_loopback(const std::string& address, int port) {
  Listening listening{{{"127.0.0.1", port}, {"::1", port}}, false};
  if (is_loopback(address)) {
    if (address != "127.0.0.1" && address != "::1") listening.addresses.push_back({address, port});
    return listening;
  }
  listening.addresses.push_back({address, port});
  listening.exposed = true;
  return listening;
}

} // namespace

Result<std::optional<int>> port_from(const std::optional<std::string>& variable) {
  if (!variable) return std::optional<int>();
  int port = 0;
  const auto* end = variable->data() + variable->size();
  const auto [stopped, problem] = std::from_chars(variable->data(), end, port);
  if (problem != std::errc() || stopped != end || port < 0 || port > 65535)
    return fail(Kind::invalid,
                fmt::format("OPENCLAW_GATEWAY_PORT is \"{}\", which is no port.", printable(*variable, 40)),
                "Set it to a number from 0 (any free one) to 65535, or unset it.");
  return std::optional(port);
}

Result<Listening> where_to_listen(std::string_view bind, std::string_view custom_host, int port,
                                  const std::vector<std::string>& own) {
  if (bind == "loopback" || bind == "auto" || bind == "localhost") return beside_loopback("127.0.0.1", port);
  if (bind == "lan" || bind == "0.0.0.0") return Listening{{{"0.0.0.0", port}, {"::1", port}}, true};
  if (bind == "tailnet") {
    const auto at = std::find_if(own.begin(), own.end(), is_tailnet);
    if (at != own.end()) return beside_loopback(*at, port);
    return fail(Kind::missing,
                "gateway.bind is \"tailnet\", and this machine has no Tailscale address (100.64.0.0/10).",
                "Start Tailscale first (tailscale up), or use gateway.bind \"loopback\" and: tailscale serve " +
                    std::to_string(port));
  }
  const bool custom = bind == "custom";
  const auto written = custom ? custom_host : bind;
  if (custom && written.empty())
    return fail(Kind::invalid, "gateway.bind is \"custom\", and gateway.customBindHost is not set.",
                "openclaw config set gateway.customBindHost ADDRESS");
  const auto address = plain_address(written);
  if (address.empty() || address == "::")
    return fail(Kind::invalid, fmt::format("\"{}\" is not an address to listen on.", printable(written, 100)),
                "Use loopback, lan, tailnet, auto, or an IP address of this machine.");
  if (address == "0.0.0.0") return Listening{{{"0.0.0.0", port}, {"::1", port}}, true};
  if (!is_loopback(address) && std::find(own.begin(), own.end(), address) == own.end())
    return fail(Kind::missing, fmt::format("This machine does not have the address {}.", address),
                fmt::format("It has: {}.", own.empty() ? "none but loopback" : join(own, ", ")));
  return beside_loopback(address, port);
}

std::vector<std::string> machine_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> interfaces(first, ::freeifaddrs);
  std::vector<std::string> addresses;
  for (const auto* at = first; at; at = at->ifa_next) {
    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK)) continue;
    const int family = at->ifa_addr->sa_family;
    const void* bytes = nullptr;
    if (family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    if (family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
    char spelled[INET6_ADDRSTRLEN];
    if (bytes && ::inet_ntop(family, bytes, spelled, sizeof spelled)) addresses.emplace_back(spelled);
  }
  return addresses;
}

} // namespace openclaw::gateway
