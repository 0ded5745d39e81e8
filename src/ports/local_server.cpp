#include "ports/local_server.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::ports {

std::string server_address(std::string_view setting, int default_port) {
  const auto otherwise = fmt::format("http://127.0.0.1:{}", default_port);
  auto text = without_trailing_slashes(trim(setting));
  if (text.empty()) return otherwise;
  const bool has_scheme = text.find("://") != std::string::npos;
  if (!has_scheme) {
    if (text.starts_with(':')) text = "127.0.0.1" + text;
    const auto after_brackets = text.rfind(']') == std::string::npos ? 0 : text.rfind(']');
    if (text.find(':', after_brackets) == std::string::npos) text += fmt::format(":{}", default_port);
    text = "http://" + text;
  }
  const auto parsed = net::parse_url(text);
  if (!parsed || (parsed->scheme != "http" && parsed->scheme != "https")) return otherwise;
  const bool any = parsed->host == "0.0.0.0" || parsed->host == "::";
  const auto host = any                                           ? "127.0.0.1"
                    : parsed->host.find(':') != std::string::npos ? fmt::format("[{}]", parsed->host)
                                                                  : parsed->host;
  const auto path = parsed->target == "/" ? std::string() : parsed->target;
  return fmt::format("{}://{}:{}{}", parsed->scheme, host, parsed->port, path);
}

Task<std::string> ServerProbe::get(std::string url) {
  const auto left = end_ms_ - time_.monotonic_ms();
  if (left <= 0) co_return fail(Kind::missing, fmt::format("There was no time left to ask {}.", url));
  net::Outbound request{"GET", url};
  request.connect_timeout_ms = std::max<std::int64_t>(left / 2, 1);
  request.first_byte_timeout_ms = std::max<std::int64_t>(left / 2, 1);
  request.idle_timeout_ms = std::max<std::int64_t>(left / 2, 1);
  request.body_limit = 1024 * 1024;
  auto answer = co_await client_.fetch(std::move(request));
  if (!answer && answer.error().kind == Kind::cancelled) co_return std::unexpected(std::move(answer).error());
  if (!answer) co_return fail(Kind::missing, fmt::format("Nothing answers at {}: {}", url, answer.error().message));
  if (answer->status != 200) co_return fail(Kind::missing, fmt::format("{} answered {}.", url, answer->status));
  co_return std::move(answer->body);
}

} // namespace openclaw::ports
