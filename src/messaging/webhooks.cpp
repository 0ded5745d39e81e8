#include "messaging/webhooks.hpp"

#include "base/log.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kLargestBody = 1024 * 1024;

net::Response plain(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

} // namespace

Result<> Webhooks::configure(const json::value& config, async::Scope& scope) {
  const auto* section = find(config, "webhooks");
  const auto port = section ? integer_or(*section, "port", -1) : -1;
  const auto host = section ? string_or(*section, "bind", "127.0.0.1") : std::string("127.0.0.1");
  const auto wanted = port < 0 ? std::string() : fmt::format("{}:{}", host, port);
  if (wanted == wanted_ && (server_ || wanted.empty())) return {};
  stop();
  wanted_ = wanted;
  if (wanted.empty()) return {};
  net::ServerLimits limits;
  limits.body_bytes = kLargestBody;
  limits.connections = 512;
  TRY(server_,
      net::HttpServer::listen(executor_, {{host, static_cast<int>(port)}}, limits,
                              [this](std::shared_ptr<net::Exchange> exchange) { return handle(std::move(exchange)); }));
  server_->start(scope);
  log::info("webhooks", "The second listener serves the webhooks of channels.",
            {{"address", fmt::format("{}:{}", host, server_->port())}});
  return {};
}

void Webhooks::stop() {
  if (server_) server_->stop();
  server_.reset();
}

Result<> Webhooks::serve(std::string channel, std::string account, std::string path, ports::Webhook webhook) {
  if (!server_)
    return fail(
        Kind::denied, fmt::format("{} needs the second listener, and it is off.", channel),
        "Turn it on with: openclaw config set webhooks.port 18790, and let your reverse proxy pass HTTPS to it.");
  if (!path.starts_with('/'))
    return fail(Kind::invalid, fmt::format("The webhook path \"{}\" does not begin with a slash.", path));
  const auto known = routes_.find(path);
  if (known != routes_.end() && (known->second.channel != channel || known->second.account != account))
    return fail(Kind::conflict, fmt::format("Two accounts want the webhook path {}.", path),
                "Give one of them another webhookPath.");
  routes_.insert_or_assign(std::move(path), Route{std::move(channel), std::move(account), std::move(webhook)});
  return {};
}

void Webhooks::forget(std::string_view channel, std::string_view account) {
  std::erase_if(routes_,
                [&](const auto& row) { return row.second.channel == channel && row.second.account == account; });
}

Task<> Webhooks::handle(std::shared_ptr<net::Exchange> exchange) {
  auto response = co_await answer(exchange);
  if (!response) {
    log::warn("webhooks", response.error().text(), {{"path", std::string(exchange->request().path())}});
    // Without a good answer the platform delivers again.
    response = plain(503, "Try again.\n");
  }
  auto ready = std::move(*response);
  co_return co_await exchange->respond(std::move(ready));
}

Task<net::Response> Webhooks::answer(std::shared_ptr<net::Exchange> exchange) {
  const auto route = routes_.find(exchange->request().path());
  // Nobody serves yet: what comes now is delivered again, where a 404 would lose it.
  if (routes_.empty()) co_return plain(503, "Try again.\n");
  if (route == routes_.end()) co_return plain(404, "Nothing is here.\n");
  const auto webhook = route->second.webhook;
  const auto& method = exchange->request().method;
  if (method != "POST" && method != "GET") co_return plain(405, "POST only.\n");
  auto body = co_await exchange->body();
  if (!body)
    co_return plain(body.error().kind == Kind::timeout ? 408 : 413, "The body is too large or came too slowly.\n");
  auto request = exchange->request();
  auto text = std::move(*body);
  co_return co_await webhook(std::move(request), std::move(text));
}

} // namespace openclaw::messaging
