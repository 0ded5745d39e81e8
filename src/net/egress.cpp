#include "net/egress.hpp"

#include "base/text.hpp"
#include <arpa/inet.h>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <span>
#include <vector>

namespace openclaw::net {
namespace {

constexpr std::size_t kUrlLimit = 8192;
constexpr const char* kPublicHint =
    "Only public addresses may be fetched this way; the owner can allow a private host in the configuration.";

struct Block4 {
  std::uint32_t network;
  int bits;
  const char* what;
};
// IANA's special-purpose registry, IPv4.
constexpr Block4 kRefused4[] = {
    {0x00000000, 8, "this network"},
    {0x0a000000, 8, "a private network"},
    {0x64400000, 10, "shared address space"},
    {0x7f000000, 8, "this machine"},
    {0xa9fe0000, 16, "link-local"},
    {0xac100000, 12, "a private network"},
    {0xc0000000, 24, "protocol assignments"},
    {0xc0000200, 24, "documentation"},
    {0xc0586300, 24, "a 6to4 relay"},
    {0xc0a80000, 16, "a private network"},
    {0xc6120000, 15, "benchmarking"},
    {0xc6336400, 24, "documentation"},
    {0xcb007100, 24, "documentation"},
    {0xe0000000, 4, "multicast"},
    {0xf0000000, 4, "reserved"},
    {0xa83f8110, 32, "a cloud's metadata service"}, // 168.63.129.16, Azure
};

struct Block6 {
  std::array<std::uint8_t, 6> network;
  int bits;
  const char* what;
};
// Inside 2000::/3; everything outside it is refused anyway.
constexpr Block6 kRefused6[] = {
    {{0x20, 0x01, 0x00, 0x00, 0x00, 0x00}, 23, "protocol assignments"}, // Teredo, ORCHID, benchmarking
    {{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00}, 32, "documentation"},
    {{0x3f, 0xff, 0x00, 0x00, 0x00, 0x00}, 20, "documentation"},
    {{0x5f, 0x00, 0x00, 0x00, 0x00, 0x00}, 16, "segment routing"},
};

bool within(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> network, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const auto index = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    const std::uint8_t other = index < network.size() ? network[index] : 0;
    if ((bytes[index] & mask) != (other & mask)) return false;
  }
  return true;
}

const char* refused4(std::uint32_t address) {
  for (const auto& block : kRefused4)
    if ((address ^ block.network) >> (32 - block.bits) == 0) return block.what;
  return nullptr;
}

std::uint32_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

const char* refused6(std::span<const std::uint8_t> bytes) {
  const std::array<std::uint8_t, 12> zeros{};
  const std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::array<std::uint8_t, 12> nat64{0, 0x64, 0xff, 0x9b};
  const std::array<std::uint8_t, 2> six_to_four{0x20, 0x02};
  if (within(bytes, mapped, 96)) {
    const auto* inner = refused4(word(bytes, 12));
    return inner != nullptr ? inner : "an IPv4 address in disguise";
  }
  if (within(bytes, zeros, 96)) return word(bytes, 12) <= 1 ? "this machine" : "an IPv4 address in disguise";
  if (within(bytes, nat64, 96)) return refused4(word(bytes, 12));
  if (within(bytes, six_to_four, 16)) return refused4(word(bytes, 2));
  if ((bytes[0] & 0xfe) == 0xfc) return "a private network";
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return "link-local";
  if (bytes[0] == 0xff) return "multicast";
  if ((bytes[0] & 0xe0) != 0x20) return "not global unicast";
  for (const auto& block : kRefused6)
    if (within(bytes, block.network, block.bits)) return block.what;
  return nullptr;
}

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(Kind::invalid, fmt::format("\"{}\" is not a URL that can be opened: {}.", printable(text, 200), why),
              "Write it as https://host/path.");
}

// One part of an IPv4 address as inet_aton reads it: decimal, octal (0...), hexadecimal (0x...).
std::optional<std::uint64_t> ipv4_number(std::string_view part) {
  unsigned base = 10;
  if (part.size() >= 2 && part[0] == '0' && part[1] == 'x') {
    base = 16;
    part.remove_prefix(2);
  } else if (part.size() >= 2 && part[0] == '0') {
    base = 8;
    part.remove_prefix(1);
  }
  if (part.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char letter : part) {
    unsigned digit = 99;
    if (letter >= '0' && letter <= '9') digit = static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') digit = static_cast<unsigned>(letter - 'a') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

bool looks_numeric(std::string_view part) {
  if (part.empty()) return false;
  if (part.find_first_not_of("0123456789") == std::string_view::npos) return true;
  return part.starts_with("0x") && part.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

// The dotted quad of any spelling that the C library would take for an IPv4 address.
Result<std::string> canonical_ipv4(std::string_view text, std::string_view host) {
  const auto parts = split(host, '.');
  if (parts.size() > 4) return bad_url(text, "its host looks like an IPv4 address and is none");
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = ipv4_number(parts[i]);
    const bool last = i + 1 == parts.size();
    const auto limit = last ? std::uint64_t{1} << (8 * (5 - parts.size())) : std::uint64_t{256};
    if (parts[i].empty() || !number || *number >= limit)
      return bad_url(text, "its host looks like an IPv4 address and is none");
    address = last ? address + *number : address + (*number << (8 * (3 - i)));
  }
  return fmt::format("{}.{}.{}.{}", address >> 24 & 255, address >> 16 & 255, address >> 8 & 255, address & 255);
}

Result<std::string> parse_host(std::string_view text, std::string_view raw) {
  if (raw.starts_with('[')) {
    if (!raw.ends_with(']')) return bad_url(text, "its IPv6 address is not closed by a bracket");
    const std::string inner(raw.substr(1, raw.size() - 2));
    in6_addr address{};
    if (::inet_pton(AF_INET6, inner.c_str(), &address) != 1) return bad_url(text, "its IPv6 address is malformed");
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    ::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size());
    return std::string(canonical.data());
  }
  auto host = lowercase_ascii(raw);
  if (host.ends_with('.')) host.pop_back();
  if (host.empty() || host.size() > 253) return bad_url(text, "its host is empty or too long");
  for (const auto label : split(host, '.'))
    if (label.empty() || label.size() > 63) return bad_url(text, "a part of its host is empty or too long");
  for (const char letter : host) {
    if (static_cast<unsigned char>(letter) >= 0x80)
      return bad_url(text, "its host is not ASCII; write it in its xn-- form");
    const bool fine = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
                      letter == '.' || letter == '_';
    if (!fine) return bad_url(text, "its host has a character that no host name has");
  }
  if (host.front() == '-') return bad_url(text, "its host begins with a dash");
  if (looks_numeric(std::string_view(host).substr(host.rfind('.') + 1))) return canonical_ipv4(text, host);
  return host;
}

// Characters that a request line cannot carry are percent-encoded, as browsers do.
std::string encode_target(std::string_view target) {
  std::string out;
  for (const char letter : target) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x80 || letter == ' ' || letter == '"' || letter == '<' || letter == '>' || letter == '`' ||
        letter == '{' || letter == '}' || letter == '|' || letter == '^' || letter == '\\')
      out += fmt::format("%{:02X}", static_cast<unsigned>(byte));
    else
      out += letter;
  }
  return out;
}

std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto parts = split(path, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else if (parts[i] == ".") {
      if (last) kept.emplace_back();
    } else {
      kept.push_back(parts[i]);
    }
  }
  std::string out;
  for (const auto part : kept) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

std::string origin_of(const Url& url) {
  const auto host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  return fmt::format("{}://{}:{}", url.scheme, host, url.port);
}

} // namespace

Result<> check_public_address(std::string_view address) {
  const std::string text(address);
  const char* what = "not an IP address";
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1)
    what = refused4(ntohl(four.s_addr));
  else if (::inet_pton(AF_INET6, text.c_str(), &six) == 1)
    what = refused6(std::span<const std::uint8_t>(six.s6_addr, 16));
  if (what == nullptr) return {};
  return fail(Kind::denied, fmt::format("The address {} is not public ({}).", printable(address, 64), what),
              kPublicHint);
}

Result<> check_public_port(int port) {
  if (port == 80 || port == 443 || port > 1023) return {};
  return fail(Kind::denied, fmt::format("Port {} may not be fetched from.", port),
              "Use port 80, 443 or one above 1023.");
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlLimit) return bad_url(text, fmt::format("it is longer than {} bytes", kUrlLimit));
  for (const char letter : text)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) return bad_url(text, "it has a control character");
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) return bad_url(text, "it has no scheme such as https://");
  Url url;
  url.scheme = lowercase_ascii(text.substr(0, mark));
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss")
    return bad_url(text, "its scheme is not http, https, ws or wss");
  auto rest = text.substr(mark + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = rest.find_first_of("/?\\");
  auto authority = rest.substr(0, end);
  const auto target = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  if (target.starts_with('\\')) return bad_url(text, "it has a backslash behind its host");
  if (authority.find('@') != std::string_view::npos) return bad_url(text, "it has a user name or password in it");
  url.port = url.tls() ? 443 : 80;
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto digits = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
    if (digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string_view::npos)
      return bad_url(text, "its port is not a number");
    if (!digits.empty()) {
      url.port = 0;
      for (const char digit : digits)
        url.port = url.port * 10 + (digit - '0');
      if (url.port < 1 || url.port > 65535) return bad_url(text, "its port is not between 1 and 65535");
    }
  }
  TRY(url.host, parse_host(text, authority));
  url.target = encode_target(target);
  if (!url.target.starts_with('/')) url.target.insert(url.target.begin(), '/');
  return url;
}

Result<std::string> resolve_url(const Url& base, std::string_view reference) {
  if (reference.size() > kUrlLimit) return bad_url(reference, "it is too long");
  reference = trim(reference);
  const auto first_stop = reference.find_first_of(":/?#");
  std::string absolute;
  if (first_stop != std::string_view::npos && first_stop > 0 && reference[first_stop] == ':') {
    absolute = std::string(reference);
  } else if (reference.starts_with("//")) {
    absolute = base.scheme + ":" + std::string(reference);
  } else {
    const auto fragment = reference.find('#');
    const auto without_fragment = reference.substr(0, fragment);
    const auto mark = without_fragment.find('?');
    const auto path = without_fragment.substr(0, mark);
    const auto query = mark == std::string_view::npos ? std::string_view{} : without_fragment.substr(mark);
    const auto base_path = std::string_view(base.target).substr(0, base.target.find('?'));
    std::string target;
    if (without_fragment.empty())
      target = base.target;
    else if (path.empty())
      target = std::string(base_path) + std::string(query);
    else if (path.starts_with('/'))
      target = without_dot_segments(path) + std::string(query);
    else
      target = without_dot_segments(std::string(base_path.substr(0, base_path.rfind('/') + 1)) + std::string(path)) +
               std::string(query);
    absolute = origin_of(base) + target;
  }
  TRY(const auto checked, parse_url(absolute));
  (void)checked;
  return absolute;
}

} // namespace openclaw::net
