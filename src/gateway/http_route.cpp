#include "gateway/http_route.hpp"

#include "base/json.hpp"

namespace openclaw::gateway {

void RouteTable::add(Route route) {
  auto path = route.path;
  routes_[std::move(path)].push_back(std::move(route));
}

const Route* RouteTable::find(std::string_view method, std::string_view path) const {
  const auto at = routes_.find(path);
  if (at == routes_.end()) return nullptr;
  const auto verb = method == "HEAD" ? std::string_view("GET") : method;
  for (const auto& route : at->second)
    if (route.method == verb) return &route;
  return nullptr;
}

std::vector<std::string> RouteTable::verbs(std::string_view path) const {
  std::vector<std::string> verbs;
  const auto at = routes_.find(path);
  if (at == routes_.end()) return verbs;
  for (const auto& route : at->second) {
    verbs.push_back(route.method);
    if (route.method == "GET") verbs.emplace_back("HEAD");
  }
  return verbs;
}

net::Response json_response(int status, std::string body) {
  return net::Response{
      status, {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

net::Response json_error(int status, std::string_view message, std::string_view hint) {
  json::object error{{"message", message}};
  if (!hint.empty()) error["hint"] = hint;
  return json_response(status, to_text(json::object{{"error", std::move(error)}}));
}

std::string_view media_type_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> types[] = {{".html", "text/html; charset=utf-8"},
                                                                     {".js", "text/javascript; charset=utf-8"},
                                                                     {".css", "text/css; charset=utf-8"},
                                                                     {".svg", "image/svg+xml"},
                                                                     {".json", "application/json"},
                                                                     {".webmanifest", "application/manifest+json"},
                                                                     {".png", "image/png"},
                                                                     {".ico", "image/x-icon"},
                                                                     {".woff2", "font/woff2"},
                                                                     {".txt", "text/plain; charset=utf-8"}};
  for (const auto& [ending, type] : types)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

void add_security_headers(net::Response& response) {
  if (!response.headers.find("Content-Security-Policy"))
    response.headers.set("Content-Security-Policy",
                         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                         "connect-src 'self'; font-src 'self'; "
                         "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("X-Frame-Options", "DENY");
}

} // namespace openclaw::gateway
