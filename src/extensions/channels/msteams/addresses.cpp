#include "extensions/channels/msteams/addresses.hpp"

#include "base/text.hpp"
#include "net/egress.hpp"
#include <algorithm>

namespace openclaw::extensions::msteams {
namespace {

// Anybody may have a host below trafficmanager.net, so that this one is named in full.
constexpr std::string_view kServiceHosts[] = {"smba.trafficmanager.net", ".teams.microsoft.com", ".teams.microsoft.us",
                                              ".botframework.com", ".botframework.us"};
constexpr std::string_view kMediaHosts[] = {".sharepoint.com",       ".sharepoint.us",       ".sharepoint-mil.us",
                                            ".sharepoint.cn",        ".teams.microsoft.com", ".teams.microsoft.us",
                                            ".asm.skype.com",        ".ams.skype.com",       "smba.trafficmanager.net",
                                            ".teams.cdn.office.net", ".onedrive.com",        "1drv.ms"};

bool matches(std::string_view host, std::string_view pattern) {
  return pattern.starts_with('.') ? host.ends_with(pattern) : host == pattern;
}

} // namespace

bool trusted_service(std::string_view url, std::string_view configured) {
  const auto target = net::parse_url(url);
  if (!target) return false;
  if (const auto own = net::parse_url(configured))
    if (own->scheme == target->scheme && own->host == target->host && own->port == target->port) return true;
  return target->scheme == "https" && target->port == 443 &&
         std::any_of(std::begin(kServiceHosts), std::end(kServiceHosts),
                     [&](std::string_view pattern) { return matches(target->host, pattern); });
}

bool media_host_allowed(std::string_view url, const std::vector<std::string>& allowed) {
  const auto target = net::parse_url(url);
  if (!target || (target->scheme != "https" && target->scheme != "http")) return false;
  if (allowed.empty())
    return target->scheme == "https" &&
           std::any_of(std::begin(kMediaHosts), std::end(kMediaHosts),
                       [&](std::string_view pattern) { return matches(target->host, pattern); });
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    const auto host = lowercase_ascii(trim(entry));
    return host == "*" || (!host.empty() && (target->host == host || target->host.ends_with("." + host)));
  });
}

} // namespace openclaw::extensions::msteams
