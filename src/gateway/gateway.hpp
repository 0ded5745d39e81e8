// The gateway's one port: HTTP routes and WebSocket connections, behind one door that judges Host, Origin and
// credentials. It listens and lets in; what methods do is in methods/, what routes do is in http/.
#pragma once
#include "base/secret.hpp"
#include "gateway/broadcaster.hpp"
#include "gateway/connection.hpp"
#include "gateway/control_ui.hpp"
#include "gateway/credentials.hpp"
#include "gateway/door.hpp"
#include "gateway/http_route.hpp"
#include "net/http_server.hpp"
#include <memory>
#include <string>
#include <vector>

namespace openclaw::gateway {

struct GatewayOptions {
  std::vector<net::HttpServer::Address> addresses; // usually 127.0.0.1 and ::1
  Secret secret;                                   // gateway.auth.token or .password, never empty
  std::vector<std::string> allowed_hosts;          // gateway.allowedHosts
  std::vector<std::string> allowed_origins;        // gateway.controlUi.allowedOrigins
  AuthMode auth_mode = AuthMode::token;            // gateway.auth.mode
  std::vector<std::string> trusted_proxies = {};   // gateway.trustedProxies
  bool exposed = false;                            // other machines reach one of the addresses
  std::string control_ui_root = {};                // gateway.controlUi.root; empty: none is served
  std::string control_ui_path = {};                // gateway.controlUi.basePath
};

class Gateway {
public:
  Gateway(GatewayOptions options, async::Executor executor, async::Time& time, Random& random,
          store::Database& database, Broadcaster& broadcaster);

  // Listens and serves until stop(); connections are children of `scope`. `services` outlives it.
  Result<> start(async::Scope& scope, Services& services);
  // Says goodbye to the clients, closes them with 1012 and accepts nobody any more. The scope given to start() is then
  // joined by its owner.
  Task<> stop(std::string reason);

  int port() const { return server_ ? server_->port() : 0; }
  // "http://127.0.0.1:18789/#login=CODE", good once and for ten minutes.
  Task<std::string> create_login_url();

  Credentials& credentials() { return credentials_; }
  Devices& devices() { return devices_; }
  Presence& presence() { return presence_; }
  Clients& clients() { return broadcaster_.clients(); }
  const std::string& boot_id() const { return boot_id_; } // another one after each start
  std::int64_t uptime_ms() const { return time_.monotonic_ms() - started_ms_; }
  bool stopping() const { return stopping_; }
  std::string address() const; // "http://127.0.0.1:PORT/"

  // What start() does before it listens; alone for tests, which bring their own requests and sockets.
  void attach(Services& services);
  Task<> handle(std::shared_ptr<net::Exchange> exchange);
  Task<> serve_websocket(std::shared_ptr<net::WebSocket> socket, Remote remote, Greetings::Place place = nullptr);

private:
  Task<net::Response> answer(std::shared_ptr<net::Exchange> exchange, Remote remote);
  void tell_health();

  GatewayOptions options_;
  async::Executor executor_;
  async::Time& time_;
  Random& random_;
  Broadcaster& broadcaster_;
  Credentials credentials_;
  Devices devices_;
  Presence presence_;
  Greetings greetings_;
  Door door_;
  RouteTable routes_;
  std::optional<ControlUi> control_ui_;
  ConnectionHost host_;
  Services* services_ = nullptr;
  std::unique_ptr<net::HttpServer> server_;
  std::int64_t started_ms_ = 0;
  std::string boot_id_;
  std::int64_t ticks_ = 0;
  bool stopping_ = false;
};

} // namespace openclaw::gateway
