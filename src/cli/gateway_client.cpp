#include "cli/gateway_client.hpp"

#include "base/text.hpp"
#include "base/version.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

constexpr std::size_t kKeptEvents = 4096;
constexpr std::size_t kMessageLimit = 32 * 1024 * 1024;
constexpr std::int64_t kDefaultTimeoutSeconds = 30;

Error error_of(const json::value& frame) {
  const auto* error = find(frame, "error");
  if (!error) return {Kind::remote, "The gateway refused without saying why.", ""};
  const auto* details = find(*error, "details");
  Error out{Kind::remote, string_or(*error, "message", "The gateway refused without saying why."), "",
            string_or(*error, "code")};
  if (details) {
    out.hint = string_or(*details, "hint");
    if (const auto code = string_or(*details, "code"); !code.empty()) out.code = code;
  }
  const auto said = lowercase_ascii(out.message);
  if (said.find("unauthorized") != std::string::npos || said.find("missing scope") != std::string::npos)
    out.kind = Kind::denied;
  else if (out.code == "INVALID_REQUEST")
    out.kind = Kind::invalid;
  else if (bool_or(*error, "retryable", false))
    out.kind = Kind::busy;
  if (out.kind == Kind::denied && out.hint.empty())
    out.hint = "The token comes from gateway.auth.token, OPENCLAW_GATEWAY_TOKEN or the file gateway.token in the state "
               "folder.";
  return out;
}

Result<Incoming> parse_frame(std::string_view text) {
  TRY(const auto frame, parse_json(text, "gateway's message"));
  Incoming incoming;
  const auto type = string_or(frame, "type");
  if (const auto* payload = find(frame, "payload")) incoming.payload = *payload;
  if (type == "event") {
    incoming.event = string_or(frame, "event");
  } else if (type == "res") {
    incoming.id = string_or(frame, "id");
    if (!bool_or(frame, "ok", false)) incoming.error = error_of(frame);
  }
  return incoming;
}

// Closes the connection when nothing came in time: reading itself knows no clock.
Task<> close_after(async::Time* time, std::int64_t milliseconds, std::shared_ptr<net::WebSocket> socket,
                   std::shared_ptr<bool> fired) {
  CO_TRY_VOID(co_await time->sleep_ms(milliseconds));
  *fired = true;
  socket->close(1000, "timeout");
  co_return Result<>{};
}

} // namespace

Task<std::shared_ptr<GatewayClient>> GatewayClient::connect(net::HttpClient& client, async::Time& time,
                                                            async::Executor executor, GatewayAddress address,
                                                            std::int64_t timeout_ms) {
  const std::shared_ptr<GatewayClient> self(new GatewayClient(time, executor, timeout_ms));
  self->url_ = address.url;
  net::Outbound outbound("GET", address.url);
  outbound.connect_timeout_ms = std::min<std::int64_t>(timeout_ms, 10'000);
  auto connected = co_await client.connect_websocket(std::move(outbound));
  if (!connected)
    co_return fail(connected.error().kind,
                   fmt::format("The gateway at {} does not answer: {}", address.url, connected.error().message),
                   "Look at its log (openclaw logs), or start it again with: openclaw gateway");
  self->socket_ = std::move(*connected);
  self->socket_->set_read_limit(kMessageLimit);
  json::object params{
      {"minProtocol", 3},
      {"maxProtocol", 4},
      {"client", {{"id", "cli"}, {"version", kVersion}, {"platform", "linux"}, {"mode", "cli"}}},
      {"caps", {"tool-events"}},
      {"role", "operator"},
      {"scopes", {"operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"}}};
  if (!address.token.empty()) params["auth"] = json::object{{"token", address.token.reveal()}};
  auto greeted = co_await self->request("connect", std::move(params));
  if (!greeted) {
    auto closed = co_await self->close();
    co_return std::unexpected(greeted.error());
  }
  self->hello_ = std::move(*greeted);
  std::erase_if(self->waiting_, [](const Incoming& incoming) { return incoming.event == "connect.challenge"; });
  co_return self;
}

std::string GatewayClient::send_request(const std::string& method, json::object params) {
  const auto id = std::to_string(++last_id_);
  const json::object frame{{"type", "req"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  socket_->send(std::make_shared<const std::string>(to_text(frame)));
  return id;
}

Task<Incoming> GatewayClient::read(std::int64_t timeout_ms) {
  const auto fired = std::make_shared<bool>(false);
  async::Scope::Child watch;
  if (timeout_ms > 0) watch = watch_.spawn("the command's time limit", close_after(&time_, timeout_ms, socket_, fired));
  auto text = co_await socket_->read();
  watch.cancel();
  if (*fired)
    co_return fail(Kind::timeout, fmt::format("The gateway did not answer within {} seconds.", timeout_ms / 1000),
                   "Wait longer with --timeout SECONDS, or look at its log: openclaw logs");
  if (!text) {
    if (text.error().kind == Kind::cancelled)
      co_return fail(Kind::transient, "The gateway closed the connection.", "Look at its log: openclaw logs");
    co_return std::unexpected(text.error());
  }
  co_return parse_frame(*text);
}

Task<json::value> GatewayClient::request(std::string method, json::object params) {
  const auto id = send_request(method, std::move(params));
  const auto deadline = time_.monotonic_ms() + timeout_ms_;
  while (true) {
    const auto left = std::max<std::int64_t>(deadline - time_.monotonic_ms(), 1);
    CO_TRY(auto incoming, co_await read(left));
    if (!incoming.event.empty()) {
      if (waiting_.size() < kKeptEvents) waiting_.push_back(std::move(incoming));
      continue;
    }
    if (incoming.id != id) continue;
    if (incoming.error) co_return std::unexpected(*incoming.error);
    co_return std::move(incoming.payload);
  }
}

Task<Incoming> GatewayClient::next(std::int64_t timeout_ms) {
  if (!waiting_.empty()) {
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    co_return first;
  }
  auto incoming = co_await read(timeout_ms);
  co_return incoming;
}

Task<> GatewayClient::close() {
  if (socket_) socket_->close(1000, "");
  watch_.cancel();
  auto joined = co_await watch_.join();
  co_return joined;
}

namespace {

Task<int> work_over_connection(Invocation* invocation, GatewayWork work, net::HttpClient* http, async::Time* time,
                               async::Executor executor, GatewayAddress address, std::int64_t timeout_ms) {
  CO_TRY(const auto client, co_await GatewayClient::connect(*http, *time, executor, std::move(address), timeout_ms));
  auto status = co_await work(invocation, client.get());
  auto closed = co_await client->close();
  co_return status;
}

Task<json::value> one_request(net::HttpClient* http, async::Time* time, async::Executor executor,
                              GatewayAddress address, std::int64_t timeout_ms, std::string method,
                              json::object params) {
  CO_TRY(const auto client, co_await GatewayClient::connect(*http, *time, executor, std::move(address), timeout_ms));
  auto answer = co_await client->request(std::move(method), std::move(params));
  auto closed = co_await client->close();
  co_return answer;
}

net::ClientConfig direct_for(const GatewayAddress& address) {
  // A proxy of the environment is for the outside world; the gateway on this machine is never behind it.
  if (address.url.starts_with("ws://127.")) return {};
  return net::client_config_from_environment();
}

} // namespace

int run_with_gateway(Invocation& invocation, GatewayWork work) {
  const auto seconds = invocation.integer("timeout", kDefaultTimeoutSeconds, 1, 86'400);
  if (!seconds) return invocation.fail_with(seconds.error());
  auto address = find_gateway(invocation);
  if (!address) return invocation.fail_with(address.error());
  async::asio::io_context loop(1);
  async::SystemTime time;
  const auto http = net::make_http_client(loop.get_executor(), direct_for(*address));
  auto status = async::run(loop, work_over_connection(&invocation, work, http.get(), &time, loop.get_executor(),
                                                      std::move(*address), *seconds * 1000));
  if (!status) return invocation.fail_with(status.error());
  return *status;
}

Result<json::value> call_gateway(const Invocation& invocation, std::string method, json::object params) {
  TRY(const auto seconds, invocation.integer("timeout", kDefaultTimeoutSeconds, 1, 86'400));
  TRY(auto address, find_gateway(invocation));
  async::asio::io_context loop(1);
  async::SystemTime time;
  const auto http = net::make_http_client(loop.get_executor(), direct_for(address));
  return async::run(loop, one_request(http.get(), &time, loop.get_executor(), std::move(address), seconds * 1000,
                                      std::move(method), std::move(params)));
}

} // namespace openclaw::cli
