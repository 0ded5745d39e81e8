#include "net/http_server.hpp"

#include "async/event.hpp"
#include "base/log.hpp"
#include "net/http_exchange.hpp"
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

namespace asio = boost::asio;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, async::Executor>;
using Code = boost::system::error_code;

constexpr int kBacklog = 1024;
constexpr int kPortAttempts = 16;
constexpr std::int64_t kAcceptPauseMs = 200;

Task<> pause_accepting(async::Executor executor) {
  async::Timer timer(executor, std::chrono::milliseconds(kAcceptPauseMs));
  co_await timer.async_wait(async::use_task);
  co_return co_await async::check_cancelled();
}

void admit(std::shared_ptr<ServerCore> core, Socket socket, async::Scope& scope) {
  // Beyond the limits a connection costs nothing more than its close.
  if (core->stopping || !core->make_room()) return;
  Code code;
  const auto endpoint = socket.remote_endpoint(code);
  if (code) return;
  Peer peer{endpoint.address().to_string(), endpoint.address().is_loopback()};
  scope.spawn("http connection",
              serve_connection(std::move(core), make_plain_stream(std::move(socket)), std::move(peer)));
}

Task<> accept_loop(std::shared_ptr<ServerCore> core, std::shared_ptr<Acceptor> acceptor, async::Scope* scope) {
  bool complained = false;
  while (!core->stopping) {
    CO_TRY_VOID(co_await async::check_cancelled());
    auto [code, socket] = co_await acceptor->async_accept(async::use_task);
    if (core->stopping) break;
    if (!code) {
      complained = false;
      admit(core, std::move(socket), *scope);
      continue;
    }
    if (code == asio::error::operation_aborted || code == asio::error::connection_aborted) continue;
    // Out of file descriptors or memory: what is open goes on, and accepting resumes once something was closed.
    if (!complained)
      log::warn("net", fmt::format("No new connection can be accepted for now: {}.", code.message()),
                {{"hint", "Raise the limit of open files (ulimit -n)."}});
    complained = true;
    CO_TRY_VOID(co_await pause_accepting(core->executor));
  }
  co_return Result<>{};
}

Result<std::shared_ptr<Acceptor>> open_acceptor(async::Executor executor, const asio::ip::address& address, int port) {
  auto acceptor = std::make_shared<Acceptor>(executor);
  const asio::ip::tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  const auto where =
      fmt::format("{}:{}", address.is_v6() ? "[" + address.to_string() + "]" : address.to_string(), port);
  Code code;
  acceptor->open(endpoint.protocol(), code);
  if (!code) acceptor->set_option(asio::socket_base::reuse_address(true), code);
  if (!code && address.is_v6()) acceptor->set_option(asio::ip::v6_only(true), code);
  if (!code) acceptor->bind(endpoint, code);
  if (!code) acceptor->listen(kBacklog, code);
  if (!code) return acceptor;
  if (code == asio::error::address_in_use)
    return fail(Kind::conflict,
                fmt::format("Port {} on {} is already in use by another program.", port, address.to_string()),
                fmt::format("Stop that program (find it with: ss -ltnp 'sport = :{}'), or choose another port.", port));
  if (code == asio::error::access_denied)
    return fail(Kind::denied, fmt::format("Listening on {} is not allowed for this user.", where),
                "Choose a port above 1023.");
  return fail(Kind::missing, fmt::format("Listening on {} failed: {}.", where, code.message()),
              "Choose an address that this machine has.");
}

class ListeningServer final : public HttpServer {
public:
  ListeningServer(std::shared_ptr<ServerCore> core, std::vector<std::shared_ptr<Acceptor>> acceptors, int port)
      : core_(std::move(core)), acceptors_(std::move(acceptors)), port_(port) {}
  ~ListeningServer() override { stop(); }
  int port() const override { return port_; }
  void start(async::Scope& scope) override {
    for (const auto& acceptor : acceptors_)
      scope.spawn("http accept", accept_loop(core_, acceptor, &scope));
  }
  void stop() override {
    if (core_->stopping) return;
    core_->stopping = true;
    Code ignored;
    for (const auto& acceptor : acceptors_)
      acceptor->close(ignored);
    core_->close_idle();
  }
  std::size_t connections() const override { return core_->connections; }

private:
  std::shared_ptr<ServerCore> core_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  int port_;
};

Result<std::vector<std::shared_ptr<Acceptor>>> open_all(async::Executor executor,
                                                        const std::vector<HttpServer::Address>& addresses, int* port) {
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  Error last{Kind::invalid, "There is no address to listen on.", "Name at least one, such as 127.0.0.1.", {}};
  for (const auto& wanted : addresses) {
    Code code;
    const auto address = asio::ip::make_address(wanted.host, code);
    if (code)
      return fail(Kind::invalid, fmt::format("\"{}\" is not an IP address to listen on.", wanted.host),
                  "Use 127.0.0.1, ::1, 0.0.0.0 or another address of this machine.");
    auto opened = open_acceptor(executor, address, *port != 0 ? *port : wanted.port);
    if (!opened && opened.error().kind == Kind::missing && address.is_v6()) {
      log::info("net", "An IPv6 address is skipped because this machine does not have it.", {{"address", wanted.host}});
      last = opened.error();
      continue;
    }
    if (!opened) return std::unexpected(opened.error());
    if (*port == 0) *port = (*opened)->local_endpoint(code).port();
    acceptors.push_back(std::move(*opened));
  }
  if (acceptors.empty()) return std::unexpected(last);
  return acceptors;
}

} // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(async::Executor executor, std::vector<Address> addresses,
                                                       ServerLimits limits, Handler handler) {
  auto core = std::make_shared<ServerCore>(executor, limits, std::move(handler));
  const bool any_port = !addresses.empty() && addresses.front().port == 0;
  for (int attempt = 1;; ++attempt) {
    int port = 0;
    auto acceptors = open_all(executor, addresses, &port);
    if (acceptors)
      return std::unique_ptr<HttpServer>(
          std::make_unique<ListeningServer>(std::move(core), std::move(*acceptors), port));
    // A port that is free on the first address may be taken on the second: pick another.
    if (!any_port || acceptors.error().kind != Kind::conflict || attempt == kPortAttempts)
      return std::unexpected(acceptors.error());
  }
}

} // namespace openclaw::net
