#include "net/proxy.hpp"

#include "base/text.hpp"
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <span>

namespace openclaw::net {
namespace {

struct AddressBytes {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;
};

std::optional<AddressBytes> address_bytes(const std::string& text) {
  AddressBytes address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1)
    address.bits = 32;
  else if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1)
    address.bits = 128;
  else
    return std::nullopt;
  return address;
}

bool within_block(const std::string& host, std::string_view block) {
  const auto slash = block.find('/');
  const auto address = address_bytes(host);
  const auto network = address_bytes(std::string(block.substr(0, slash)));
  if (!address || !network || address->bits != network->bits) return false;
  int bits = network->bits;
  if (slash != std::string_view::npos) {
    const auto digits = block.substr(slash + 1);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (code != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > network->bits) return false;
  }
  for (int bit = 0; bit < bits; ++bit) {
    const auto index = static_cast<std::size_t>(bit / 8);
    const auto mask = 0x80 >> (bit % 8);
    if ((address->bytes[index] & mask) != (network->bytes[index] & mask)) return false;
  }
  return true;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto [end, code] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      if (code == std::errc{} && end == text.data() + i + 3) {
        out += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

} // namespace

bool ProxyRules::excepted(const Url& url) const {
  // What this machine calls itself is another machine to the proxy.
  if (url.host == "localhost" || url.host.ends_with(".localhost") || url.host == "::1" ||
      within_block(url.host, "127.0.0.0/8"))
    return true;
  for (auto entry : split(exceptions_, ',')) {
    entry = trim(entry);
    if (entry.empty()) continue;
    if (entry == "*") return true;
    auto name = lowercase_ascii(entry);
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    if (address_bytes(name.substr(0, name.find('/')))) {
      if (within_block(url.host, name)) return true;
      continue;
    }
    if (const auto colon = name.rfind(':'); colon != std::string::npos) {
      if (name.substr(colon + 1) != std::to_string(url.port)) continue;
      name.resize(colon);
    }
    if (address_bytes(name) && within_block(url.host, name)) return true;
    if (name.starts_with("*.")) name.erase(0, 1);
    const auto bare = name.starts_with('.') ? name.substr(1) : name;
    if (!bare.empty() && (url.host == bare || url.host.ends_with("." + bare))) return true;
  }
  return false;
}

Result<std::optional<Proxy>> ProxyRules::choose(const Url& url) const {
  const auto& text = url.tls() ? https_ : http_;
  if (text.empty() || excepted(url)) return std::optional<Proxy>{};
  std::string_view rest = text;
  const auto mark = rest.find("://");
  const auto scheme = mark == std::string_view::npos ? std::string("http") : lowercase_ascii(rest.substr(0, mark));
  if (mark != std::string_view::npos) rest.remove_prefix(mark + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  Proxy proxy;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto plain = percent_decoded(rest.substr(0, at));
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size());
    proxy.authorization = Secret("Basic " + to_base64(bytes));
    rest.remove_prefix(at + 1);
  }
  const auto where = parse_url("http://" + std::string(rest));
  // The text itself may hold a password and is not shown.
  if (scheme != "http" || !where)
    return fail(Kind::invalid, "The proxy in the environment cannot be used: it is not a http:// URL.",
                "Set HTTPS_PROXY and HTTP_PROXY to http://host:port, or unset them.");
  proxy.host = where->host;
  proxy.port = where->port;
  return std::optional<Proxy>(std::move(proxy));
}

} // namespace openclaw::net
