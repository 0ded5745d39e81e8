#include "gateway/door.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "gateway/remote.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::string_view kOwnNames[] = {"localhost", "127.0.0.1", "[::1]"};

// "name", "name:port", "[v6]", "[v6]:port"
struct HostPort {
  std::string name;
  std::string port;
};
HostPort split_host(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return {std::string(host), ""};
  return {std::string(host.substr(0, colon)), std::string(host.substr(colon + 1))};
}

std::vector<std::string> lowered(std::vector<std::string> names) {
  for (auto& name : names)
    name = without_trailing_slashes(lowercase_ascii(trim(name)));
  return names;
}

} // namespace

Door::Door(std::vector<std::string> allowed_hosts, std::vector<std::string> allowed_origins)
    : hosts_(lowered(std::move(allowed_hosts))), origins_(lowered(std::move(allowed_origins))) {}

bool Door::is_own(std::string_view name, std::string_view port) const {
  if (!port.empty() && port != std::to_string(port_)) return false;
  if (std::find(std::begin(kOwnNames), std::end(kOwnNames), name) != std::end(kOwnNames)) return true;
  if (!addresses_) return false;
  const auto address = plain_address(name);
  if (address.empty()) return false;
  const auto own = addresses_();
  return std::find(own.begin(), own.end(), address) != own.end();
}

bool Door::knows_host(std::string_view host) const {
  const auto written = lowercase_ascii(host);
  const auto [name, port] = split_host(written);
  if (is_own(name, port)) return true;
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const auto& allowed) { return !allowed.empty() && (allowed == written || allowed == name); });
}

bool Door::knows_origin(std::string_view origin) const {
  const auto written = lowercase_ascii(origin);
  if (written.starts_with("http://")) {
    const auto [name, port] = split_host(std::string_view(written).substr(7));
    if ((!port.empty() || port_ == 80) && is_own(name, port)) return true;
  }
  return std::find(origins_.begin(), origins_.end(), written) != origins_.end();
}

std::optional<DoorRefusal> Door::judge(const net::Request& request) const {
  const auto host = request.headers.find("Host");
  if (!host || request.headers.count("Host") != 1 || !knows_host(*host))
    return DoorRefusal{
        421, fmt::format("This gateway does not answer for the name \"{}\".", host ? printable(*host, 100) : ""),
        fmt::format("Open http://127.0.0.1:{}/, or add the name to gateway.allowedHosts.", port_)};
  const auto origin = request.headers.find("Origin");
  if (origin && (request.headers.count("Origin") != 1 || !knows_origin(*origin)))
    return DoorRefusal{403, fmt::format("Pages of {} may not talk to this gateway.", printable(*origin, 100)),
                       "If that page is yours, add its address to gateway.controlUi.allowedOrigins."};
  return std::nullopt;
}

std::optional<DoorRefusal> secret_in_query(const net::Request& request) {
  for (const auto part : split(request.query(), '&')) {
    const auto name = lowercase_ascii(part.substr(0, part.find('=')));
    if (name == "token" || name == "password")
      return DoorRefusal{400, fmt::format("The address carries a {}, which this gateway never reads from there.", name),
                         "Get a link that is safe to open with: openclaw dashboard. Programs send the token in the "
                         "connect request or as Authorization: Bearer."};
  }
  return std::nullopt;
}

} // namespace openclaw::gateway
