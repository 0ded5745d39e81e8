#include "gateway/gateway.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/bind.hpp"
#include "gateway/models_view.hpp"
#include "gateway/services.hpp"
#include "gateway/snapshot.hpp"
#include "store/sessions.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// The state of health is told once a minute, and never because somebody came.
constexpr std::int64_t kTicksPerHealth = 2;
constexpr std::string_view kNoSocketPath = "/__openclaw__/ws"; // OpenClaw's canvas reloader

net::Response refusal_response(const DoorRefusal& refusal) {
  return json_error(refusal.status, refusal.message, refusal.hint);
}

} // namespace

Gateway::Gateway(GatewayOptions options, async::Executor executor, async::Time& time, Random& random,
                 store::Database& database, Broadcaster& broadcaster)
    : options_(std::move(options)), executor_(executor), time_(time), random_(random), broadcaster_(broadcaster),
      credentials_(time, random, database, options_.secret, options_.auth_mode),
      devices_(executor, time, random, database, broadcaster.clients()),
      presence_(executor, time, broadcaster.clients()), door_(options_.allowed_hosts, options_.allowed_origins),
      host_{executor, time, random, credentials_, broadcaster.clients(), devices_, presence_, methods(), nullptr, {}},
      started_ms_(time.monotonic_ms()), boot_id_(uuid_v7(time, random)) {
  register_routes(routes_);
  if (options_.exposed) door_.answer_for(machine_addresses);
}

void Gateway::attach(Services& services) {
  services_ = &services;
  host_.services = &services;
  devices_.project_into(services.state_folder);
  presence_.introduce(services.version);
  clients().on_tick([this] {
    if (++ticks_ % kTicksPerHealth == 0) tell_health();
  });
  host_.hello = [&services](const ClientFacts& client) { return hello_payload(services, client); };
  broadcaster_.set_models_status([&services] { return models_status(services.models); });
  broadcaster_.set_verbose([&services](const std::string& key) {
    const auto row = store::find_session(services.database.reader(), key);
    return row && *row && (*row)->verbose.value_or("off") != "off";
  });
}

Result<> Gateway::start(async::Scope& scope, Services& services) {
  if (options_.secret.empty())
    return fail(Kind::invalid, "The gateway has no token or password, so nobody could be told apart from a stranger.",
                "Set one with: openclaw config set gateway.auth.token TOKEN");
  attach(services);
  if (!options_.control_ui_root.empty()) {
    TRY(control_ui_, ControlUi::open(options_.control_ui_root, options_.control_ui_path));
  }
  TRY(server_,
      net::HttpServer::listen(executor_, options_.addresses, {},
                              [this](std::shared_ptr<net::Exchange> exchange) { return handle(std::move(exchange)); }));
  door_.set_port(server_->port());
  server_->start(scope);
  log::info("gateway", "The gateway listens.", {{"port", std::to_string(port())}});
  return {};
}

Task<> Gateway::stop(std::string reason) {
  stopping_ = true;
  CO_TRY_VOID(co_await broadcaster_.shut_down(std::move(reason)));
  if (server_) server_->stop();
  CO_TRY_VOID(co_await presence_.shut_down());
  CO_TRY_VOID(co_await devices_.shut_down());
  co_return Result<>{};
}

void Gateway::tell_health() {
  ++clients().versions().health;
  Broadcast event;
  event.event = "health";
  event.payload = health_payload(*services_);
  event.scope = Scope::read;
  event.may_skip = true;
  event.with_versions = true;
  clients().broadcast(std::move(event));
}

std::string Gateway::address() const {
  return fmt::format("http://127.0.0.1:{}/", port());
}

Task<std::string> Gateway::create_login_url() {
  CO_TRY(const auto login, co_await credentials_.create_login(all_scopes()));
  co_return fmt::format("{}#login={}", address(), login.code);
}

Task<> Gateway::handle(std::shared_ptr<net::Exchange> exchange) {
  const auto& request = exchange->request();
  auto refused = door_.judge(request);
  const bool socket = exchange->wants_websocket() && request.path() != kNoSocketPath;
  if (!refused && socket) refused = secret_in_query(request);
  const auto remote = judge_remote(request, exchange->peer(), options_.trusted_proxies);
  Greetings::Place place;
  if (!refused && socket && !stopping_) place = greetings_.enter(remote);
  if (!refused && socket && !place)
    refused = DoorRefusal{503, "The gateway has no room for a new connection just now.", "Try again in a few seconds."};
  if (refused) {
    log::warn("gateway", "A request was turned away.", {{"why", refused->message}, {"peer", remote.address}});
    auto response = refusal_response(*refused);
    if (refused->status == 503) response.headers.set("Retry-After", "2");
    add_security_headers(response);
    co_return co_await exchange->respond(std::move(response));
  }
  if (socket) {
    CO_TRY(auto upgraded, co_await exchange->upgrade(kMaxFirstFrame));
    exchange.reset();
    co_return co_await serve_websocket(std::move(upgraded), remote, std::move(place));
  }
  auto answered = co_await answer(exchange, remote);
  auto response = answered
                      ? std::move(*answered)
                      : json_error(http_status(answered.error().kind), answered.error().message, answered.error().hint);
  if (!answered && answered.error().kind == Kind::bug)
    log::error("gateway", answered.error().text(), {{"path", std::string(request.path())}});
  add_security_headers(response);
  co_return co_await exchange->respond(std::move(response));
}

Task<> Gateway::serve_websocket(std::shared_ptr<net::WebSocket> socket, Remote remote, Greetings::Place place) {
  auto connection = std::make_shared<Connection>(host_, std::move(socket), std::move(remote), std::move(place));
  co_return co_await Connection::serve(std::move(connection));
}

Task<net::Response> Gateway::answer(std::shared_ptr<net::Exchange> exchange, Remote remote) {
  const auto& request = exchange->request();
  const auto* route = routes_.find(request.method, request.path());
  if (!route || !route->page)
    if (const auto refused = secret_in_query(request)) co_return refusal_response(*refused);
  if (!route && control_ui_ && control_ui_->has(request.path())) {
    const auto& agent = services_->runtime.settings().agents.front();
    ControlUi::Request asked{request.method, std::string(request.path()), std::string(request.query()), agent.name,
                             agent.avatar};
    auto response = co_await control_ui_->serve(std::move(asked));
    co_return response;
  }
  if (!route) {
    const auto verbs = routes_.verbs(request.path());
    if (verbs.empty()) co_return json_error(404, "There is nothing at this address.", "WebChat is at /.");
    auto response = json_error(405, fmt::format("{} is not possible here.", request.method.substr(0, 16)),
                               fmt::format("Use {}.", join(verbs, " or ")));
    response.headers.set("Allow", join(verbs, ", "));
    co_return response;
  }
  RouteCall call{*services_, exchange, std::move(remote)};
  auto response = co_await route->handle(std::move(call));
  co_return response;
}

} // namespace openclaw::gateway
