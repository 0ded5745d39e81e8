// GET /metrics: Prometheus' text format. A program of this machine may read it; others show the gateway's token.
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "gateway/http_route.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

bool has_token(const RouteCall& call, Credentials& credentials) {
  const auto header = call.exchange->request().headers.find("Authorization");
  if (!header || lowercase_ascii(header->substr(0, 7)) != "bearer ") return false;
  const auto credential = credentials.find(trim(header->substr(7)));
  if (!credential) credentials.count_failure(call.remote);
  return credential && allows(credential->scopes, Scope::read);
}

Task<net::Response> expose(RouteCall call) {
  auto& credentials = call.services.gateway.credentials();
  if (!call.remote.local) {
    const bool closed = credentials.retry_after_ms(call.remote) > 0;
    if (closed || !has_token(call, credentials)) {
      auto response = json_error(closed ? 429 : 401, "The metrics are for programs that know the gateway's token.",
                                 "Send it as Authorization: Bearer TOKEN.");
      if (!closed) response.headers.set("WWW-Authenticate", "Bearer");
      co_return response;
    }
  }
  co_return net::Response{200,
                          {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}},
                          metrics::exposition()};
}

} // namespace

void register_route_metrics(RouteTable& table) {
  table.add({"GET", "/metrics", expose});
}

} // namespace openclaw::gateway
