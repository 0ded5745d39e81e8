#include "net/outbound_head.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::net {
namespace {

bool token(std::string_view text) {
  if (text.empty()) return false;
  for (const char letter : text) {
    const bool fine = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') ||
                      std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
    if (!fine) return false;
  }
  return true;
}

bool field_value(std::string_view text) {
  for (const char letter : text)
    if ((static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7f) return false;
  return true;
}

} // namespace

Result<std::string> outbound_head(const Outbound& request, const Destination& destination,
                                  const std::string& user_agent) {
  if (!token(request.method))
    return fail(Kind::invalid, "The request's method is not an HTTP method.", "Use GET, POST and so on.");
  const auto& url = destination.url;
  const bool default_port = url.port == (url.tls() ? 443 : 80);
  const auto bracketed = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const auto host = default_port ? bracketed : host_and_port(url.host, url.port);
  const bool through_proxy = destination.proxy && !destination.tunnel();
  std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", request.method,
                                 through_proxy ? "http://" + host : "", url.target, host);
  for (const auto& [name, value] : request.headers) {
    const auto lower = lowercase_ascii(name);
    if (lower == "host" || lower == "content-length" || lower == "transfer-encoding") continue;
    if (!token(name) || !field_value(value))
      return fail(Kind::invalid,
                  fmt::format("The header field \"{}\" has characters that HTTP does not allow.", printable(name, 64)),
                  "Remove line breaks and control characters; a key may have been pasted with a line break.");
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (!request.headers.find("User-Agent")) head += fmt::format("User-Agent: {}\r\n", user_agent);
  if (!request.headers.find("Accept")) head += "Accept: */*\r\n";
  if (through_proxy && !destination.proxy->authorization.empty())
    head += fmt::format("Proxy-Authorization: {}\r\n", destination.proxy->authorization.reveal());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  head += "\r\n";
  return head;
}

Result<> prepare_redirect(Outbound& request, const Url& from, const Url& to, int status) {
  if (from.tls() && !to.tls())
    return fail(Kind::denied, fmt::format("{} redirects from https to an unprotected address.", from.host),
                "Open that address directly if you trust it.");
  if (to.scheme != "http" && to.scheme != "https")
    return fail(Kind::denied, fmt::format("{} redirects to something that is not a web page.", from.host),
                "Use another address.");
  const bool keeps_method = status == 307 || status == 308 || request.method == "GET" || request.method == "HEAD";
  if (!keeps_method) {
    request.method = "GET";
    request.body.clear();
    request.headers.remove("Content-Type");
  }
  if (from.scheme == to.scheme && from.host == to.host && from.port == to.port) return {};
  // Which fields hold credentials cannot be known, so only those that surely hold none go to another origin.
  Headers kept;
  for (const auto& [name, value] : request.headers) {
    const auto lower = lowercase_ascii(name);
    if (lower == "accept" || lower == "accept-language" || lower == "user-agent" || lower == "content-type")
      kept.add(name, value);
  }
  request.headers = std::move(kept);
  return {};
}

} // namespace openclaw::net
