#include "net/connect.hpp"

#include "async/offload.hpp"
#include "net/http_parser.hpp"
#include <boost/asio/ip/basic_resolver.hpp>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

namespace asio = boost::asio;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, async::Executor>;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;
using Code = boost::system::error_code;

constexpr std::int64_t kCandidateMs = 3000; // while others are left to try
constexpr std::size_t kCandidates = 8;
constexpr std::size_t kTunnelHeadBytes = 16 * 1024;

std::string name_of(const Proxy& proxy) {
  return host_and_port(proxy.host, proxy.port);
}

std::unexpected<Error> timed_out(const std::string& where) {
  return fail(Kind::timeout, fmt::format("Connecting to {} took too long.", where),
              "Check that the address is right and that the network is up.");
}

Error connect_error(const Code& code, const std::string& where) {
  if (code == asio::error::operation_aborted) return async::error_from(code, "Connecting to " + where);
  if (code == asio::error::connection_refused)
    return {Kind::transient,
            fmt::format("Nothing answers at {}: the connection was refused.", where),
            "Start that server, or correct its address in the configuration.",
            {}};
  return {Kind::transient,
          fmt::format("Connecting to {} failed: {}.", where, code.message()),
          "Check that the address is right and that the network is up.",
          {}};
}

struct Resolution {
  explicit Resolution(async::Executor executor) : resolver(executor), done(executor) {}
  Resolver resolver;
  async::Event done;
  Code code;
  Endpoints endpoints;
  bool ready = false;
};

// getaddrinfo cannot be interrupted: it is left behind when the time is over or the task is stopped.
Task<Endpoints> resolve(async::Executor executor, std::string host, int port, std::shared_ptr<Deadline> deadline) {
  Code literal;
  const auto address = asio::ip::make_address(host, literal);
  const auto number = static_cast<std::uint16_t>(port);
  if (!literal) co_return Endpoints{{address, number}};
  if (host == "localhost" || host.ends_with(".localhost")) // RFC 6761
    co_return Endpoints{{asio::ip::address_v4::loopback(), number}, {asio::ip::address_v6::loopback(), number}};
  const auto state = std::make_shared<Resolution>(executor);
  state->resolver.async_resolve(host, std::to_string(port), [state](Code code, const Resolver::results_type& results) {
    state->code = code;
    for (const auto& entry : results)
      if (state->endpoints.size() < kCandidates) state->endpoints.push_back(entry.endpoint());
    state->ready = true;
    state->done.notify();
  });
  const Deadline::Step step(deadline, [state] { state->done.notify(); });
  while (!state->ready && !deadline->expired())
    CO_TRY_VOID(co_await state->done.wait());
  if (!state->ready)
    co_return fail(Kind::timeout, fmt::format("Looking up the name {} took too long.", host),
                   "Check this machine's DNS.");
  if (state->code)
    co_return fail(Kind::transient, fmt::format("The name {} could not be looked up: {}.", host, state->code.message()),
                   "Check its spelling and this machine's DNS.");
  co_return std::move(state->endpoints);
}

Task<Socket> connect_candidate(async::Executor executor, asio::ip::tcp::endpoint endpoint, std::int64_t milliseconds) {
  const auto where = host_and_port(endpoint.address().to_string(), endpoint.port());
  Socket socket(executor);
  const auto own = std::make_shared<Deadline>(executor);
  own->arm(milliseconds);
  const Deadline::Step step(own, [&socket] {
    Code ignored;
    socket.close(ignored);
  });
  auto [code] = co_await socket.async_connect(endpoint, async::use_task);
  if (own->expired()) co_return timed_out(where);
  own->disarm();
  if (code) co_return std::unexpected(connect_error(code, where));
  co_return std::move(socket);
}

Task<Socket> connect_host(async::Executor executor, std::string host, int port, bool guarded,
                          std::shared_ptr<Deadline> deadline) {
  CO_TRY(auto endpoints, co_await resolve(executor, host, port, deadline));
  Error last{Kind::transient, fmt::format("The name {} has no address.", host), "Check its spelling.", {}};
  if (guarded)
    std::erase_if(endpoints, [&](const auto& endpoint) {
      auto allowed = check_public_address(endpoint.address().to_string());
      if (!allowed) last = allowed.error();
      return !allowed;
    });
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    CO_TRY_VOID(co_await async::check_cancelled());
    if (deadline->expired()) co_return timed_out(host_and_port(host, port));
    const auto left = deadline->left_ms();
    const auto time = i + 1 < endpoints.size() ? std::min(left, kCandidateMs) : left;
    auto socket = co_await connect_candidate(executor, endpoints[i], time);
    if (!socket) {
      // The first address is the one that people know.
      if (i == 0 || socket.error().kind == Kind::cancelled) last = socket.error();
      if (socket.error().kind == Kind::cancelled) break;
      continue;
    }
    // The peer that is connected, and nothing else, is what counts.
    Code code;
    const auto peer = socket->remote_endpoint(code);
    if (code) {
      last = connect_error(code, host_and_port(host, port));
      continue;
    }
    if (guarded) CO_TRY_VOID(check_public_address(peer.address().to_string()));
    co_return std::move(*socket);
  }
  co_return std::unexpected(last);
}

// Which variable of the environment names the proxy of this destination.
const char* variable_of(const Url& url) {
  return url.tls() ? "HTTPS_PROXY" : "HTTP_PROXY";
}

Task<Socket> connect_proxy(async::Executor executor, Destination destination, std::shared_ptr<Deadline> deadline) {
  const auto& proxy = *destination.proxy;
  auto socket = co_await connect_host(executor, proxy.host, proxy.port, false, deadline);
  if (socket || socket.error().kind == Kind::cancelled) co_return socket;
  co_return fail(socket.error().kind,
                 fmt::format("The proxy {} cannot be reached. {}", name_of(proxy), socket.error().message),
                 fmt::format("Check {} and that the proxy runs.", variable_of(destination.url)));
}

Task<Socket> open_tunnel(Socket socket, Destination destination, std::shared_ptr<Deadline> deadline) {
  const auto where = host_and_port(destination.url.host, destination.url.port);
  std::string request = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", where, where);
  if (!destination.proxy->authorization.empty())
    request += fmt::format("Proxy-Authorization: {}\r\n", destination.proxy->authorization.reveal());
  request += "\r\n";
  auto stream = make_plain_stream(std::move(socket));
  const Deadline::Step step(deadline, [raw = stream.get()] { raw->cancel(); });
  MessageParser parser(MessageParser::Message::response_without_body, kTunnelHeadBytes, 0);
  std::vector<std::string_view> parts{request};
  auto written = co_await stream->write(std::move(parts));
  while (written && !parser.head_done()) {
    auto bytes = co_await stream->read();
    if (!bytes) {
      written = std::unexpected(bytes.error());
    } else if (bytes->empty()) {
      written = fail(
          Kind::transient,
          fmt::format("The proxy {} closed the connection instead of opening {}.", name_of(*destination.proxy), where),
          fmt::format("Check {}: it must name an HTTP proxy.", variable_of(destination.url)));
    } else {
      written = parser.feed(*bytes);
    }
  }
  if (deadline->expired()) co_return timed_out(where + " through the proxy");
  CO_TRY_VOID(std::move(written));
  const auto status = parser.take_response().status;
  if (status == 407) co_return std::unexpected(proxy_wants_credentials(destination));
  if (status < 200 || status > 299 || !parser.take_rest().empty())
    co_return fail(
        Kind::transient,
        fmt::format("The proxy {} refuses to open {} (status {}).", name_of(*destination.proxy), where, status),
        "Allow that host at the proxy, or name it in NO_PROXY where it can be reached directly.");
  co_return take_socket(std::move(stream));
}

Task<std::shared_ptr<TlsContext>> tls_context(std::shared_ptr<TlsStore> store) {
  if (!store->context) {
    std::function<Result<std::shared_ptr<TlsContext>>()> load = [file = store->ca_file] {
      return load_tls_context(file);
    };
    CO_TRY(auto loaded, co_await async::offload<std::shared_ptr<TlsContext>>(std::move(load)));
    if (!store->context) store->context = std::move(loaded);
  }
  co_return store->context;
}

} // namespace

std::string host_and_port(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

// Not Kind::denied: no key and no account is to blame, and whoever runs the proxy may mend it at any time.
Error proxy_wants_credentials(const Destination& destination) {
  return {Kind::transient,
          fmt::format("The proxy {} wants a user name and password, or refuses the ones it got.",
                      name_of(*destination.proxy)),
          fmt::format("Put them into {} as http://user:password@host:port and start the program again.",
                      variable_of(destination.url)),
          {}};
}

Result<> check_destination(const Destination& destination) {
  if (destination.egress == Egress::configured) return {};
  TRY_VOID(check_public_port(destination.url.port));
  const auto& host = destination.url.host;
  Code literal;
  (void)asio::ip::make_address(host, literal);
  if (!literal) return check_public_address(host);
  // A proxy resolves names where we cannot look, so names that are private by their form are refused by it.
  for (const std::string_view suffix : {"localhost", "local", "internal", "intranet", "lan", "home.arpa"})
    if (host == suffix || host.ends_with("." + std::string(suffix)))
      return fail(
          Kind::denied, fmt::format("{} is the name of a private host.", host),
          "Only public addresses may be fetched this way; the owner can allow a private host in the configuration.");
  return {};
}

Task<std::unique_ptr<Stream>> connect_stream(Destination destination, std::shared_ptr<TlsStore> tls,
                                             std::shared_ptr<Deadline> deadline) {
  CO_TRY_VOID(check_destination(destination));
  const auto executor = deadline->executor();
  std::shared_ptr<TlsContext> context;
  if (destination.url.tls()) {
    CO_TRY(context, co_await tls_context(tls));
  }
  Socket socket(executor);
  if (destination.proxy) {
    CO_TRY(socket, co_await connect_proxy(executor, destination, deadline));
    if (destination.tunnel()) {
      CO_TRY(socket, co_await open_tunnel(std::move(socket), destination, deadline));
    }
  } else {
    const bool guarded = destination.egress == Egress::public_only;
    CO_TRY(socket, co_await connect_host(executor, destination.url.host, destination.url.port, guarded, deadline));
  }
  if (!destination.url.tls()) co_return make_plain_stream(std::move(socket));
  auto stream = co_await start_tls(std::move(context), std::move(socket), destination.url.host, deadline);
  if (deadline->expired()) co_return timed_out(host_and_port(destination.url.host, destination.url.port));
  co_return stream;
}

} // namespace openclaw::net
