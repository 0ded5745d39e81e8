#include "gateway/connection.hpp"
#include "agent/session_key.hpp"

#include "async/offload.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// Longer texts are parsed on the pool, so that one large message does not hold up everybody.
constexpr std::size_t kParseInPlace = 64 * 1024;

Task<json::value> parse_frame(std::string text) {
  if (text.size() <= kParseInPlace) co_return parse_json(text, "frame");
  std::function<Result<json::value>()> parse = [text = std::move(text)] { return parse_json(text, "frame"); };
  auto parsed = co_await async::offload<json::value>(std::move(parse));
  co_return parsed;
}

} // namespace

Connection::Connection(ConnectionHost& host, std::shared_ptr<net::WebSocket> socket, Remote remote,
                       Greetings::Place place)
    : host_(host), socket_(std::move(socket)), remote_(std::move(remote)), place_(std::move(place)),
      id_(uuid_v7(host.time, host.random)), nonce_(uuid_v7(host.time, host.random)), scope_(host.executor) {}

Task<> Connection::serve(std::shared_ptr<Connection> connection) {
  auto& self = *connection;
  self.socket_->send(event_frame("connect.challenge", {{"nonce", self.nonce_}, {"ts", self.host_.time.now_ms()}}));
  const auto deadline = self.scope_.spawn("handshake deadline", self.expire_handshake());
  auto greeted = co_await self.greet();
  self.place_.reset();
  deadline.cancel();
  if (greeted && self.client_) {
    auto ended = co_await self.read_requests();
    (void)ended;
    self.host_.clients.remove(self.client_.get());
    self.host_.presence.left(self.facts());
  }
  self.socket_->close(1000, "");
  // Waiting for the children must itself not be cut short: they refer to this connection.
  co_await async::asio::this_coro::reset_cancellation_state(async::asio::disable_cancellation());
  self.scope_.cancel();
  co_return co_await self.scope_.join();
}

Task<> Connection::expire_handshake() {
  CO_TRY_VOID(co_await host_.time.sleep_ms(kHandshakeMs));
  if (!client_) socket_->close(1000, "");
  co_return Result<>{};
}

void Connection::refuse(std::string_view id, Refusal refusal) {
  static auto& refused =
      metrics::counter("openclaw_gateway_handshakes_refused_total", "WebSocket handshakes that were refused.");
  refused.add();
  answer_error(id, refusal.error);
  log::warn("gateway", "A client was not let in.", {{"why", refusal.close_reason}, {"connection", id_}});
  socket_->close(refusal.close_code, std::string(utf8_prefix(refusal.close_reason, 123)));
}

Task<> Connection::greet() {
  CO_TRY(auto text, co_await socket_->read());
  auto frame = parse_json(text, "frame");
  if (!frame) {
    socket_->close(1000, "");
    co_return Result<>{};
  }
  const auto id = answerable_id(*frame);
  auto request = read_request(std::move(*frame));
  if (!request) {
    socket_->close(1008, "invalid request frame");
    co_return Result<>{};
  }
  if (request->method != "connect") {
    refuse(id, gateway::refuse("INVALID_REQUEST", "invalid handshake: first request must be connect"));
    co_return Result<>{};
  }
  const HandshakeFacts facts{id_, nonce_, host_.time.now_ms(), remote_};
  auto accepted = shake_hands(request->params, facts, host_.credentials, host_.devices);
  if (!accepted) {
    refuse(id, std::move(accepted).error());
    co_return Result<>{};
  }
  co_return co_await admit(id, std::move(*accepted));
}

Task<> Connection::admit(std::string request_id, Admission admission) {
  auto& facts = admission.client;
  if (admission.step == DeviceStep::ask) {
    auto asked = co_await host_.devices.ask(admission.device, facts.role, admission.wanted);
    if (asked) {
      log::info("gateway", "A device waits to be paired.",
                {{"device", facts.device_id}, {"request", asked->request_id}, {"scopes", join(asked->scopes, ",")}});
      refuse(request_id, pairing_required(asked->request_id, asked->repair));
    } else {
      refuse(request_id, Refusal{error_to_json(asked.error()), 1008, asked.error().message});
    }
    co_return Result<>{};
  }
  std::optional<Devices::Issued> issued;
  if (admission.step == DeviceStep::admit) {
    auto admitted = co_await host_.devices.admit(admission.device, facts.role, admission.wanted, remote_.local);
    if (!admitted) {
      refuse(request_id, Refusal{error_to_json(admitted.error()), 1008, admitted.error().message});
      co_return Result<>{};
    }
    issued = std::move(*admitted);
  } else if (facts.auth_method == "device-token") {
    host_.devices.note_use(facts.device_id, facts.role);
  }
  let_in(request_id, std::move(facts), issued);
  co_return Result<>{};
}

// Nothing is awaited between the last look at the record and this: a revocation that comes now finds the client here.
void Connection::let_in(std::string_view request_id, ClientFacts facts, const std::optional<Devices::Issued>& issued) {
  socket_->set_read_limit(kMaxPayload);
  auto hello = host_.hello(facts);
  if (issued) {
    auto& auth = hello["auth"].as_object();
    auth["deviceToken"] = issued->token;
    auth["issuedAtMs"] = issued->issued_ms;
  }
  client_ = std::make_shared<Client>(socket_, std::move(facts));
  client_->send(answer_frame(request_id, hello));
  host_.clients.add(client_);
  host_.presence.joined(client_->facts(), remote_.address);
}

Task<> Connection::read_requests() {
  while (true) {
    CO_TRY(auto text, co_await socket_->read());
    auto frame = co_await parse_frame(std::move(text));
    if (!frame) {
      log::debug("gateway", "A client sent something that is not JSON.",
                 {{"connection", id_}, {"why", frame.error().message}});
      continue;
    }
    take(std::move(*frame));
  }
}

void Connection::take(json::value frame) {
  const auto id = answerable_id(frame);
  auto request = read_request(std::move(frame));
  if (!request)
    return answer_error(id, protocol_error("INVALID_REQUEST", "invalid request frame: " + request.error().message));
  if (request->method == "connect")
    return answer_error(id, protocol_error("INVALID_REQUEST", "connect is only valid as the first request"));
  const auto* method = host_.methods.find(request->method);
  if (!method) {
    json::object details;
    if (const auto near = nearest(request->method, host_.methods.names()))
      details["hint"] = fmt::format("Did you mean {}?", *near);
    return answer_error(id,
                        protocol_error("INVALID_REQUEST", "unknown method: " + request->method, std::move(details)));
  }
  if (!client_->may(method->scope)) {
    const auto scope = scope_name(method->scope);
    const auto* code = facts().protocol >= 4 ? "FORBIDDEN" : "INVALID_REQUEST";
    return answer_error(id, protocol_error(code, fmt::format("missing scope: {}", scope),
                                           {{"code", "MISSING_SCOPE"},
                                            {"missingScope", scope},
                                            {"requiredScopes", json::array{json::value(scope)}}}));
  }
  if (const auto problems = host_.methods.problems(*method, request->params); !problems.empty())
    return answer_error(
        id, protocol_error("INVALID_REQUEST", fmt::format("invalid {} params: {}", method->name, problems)));
  if (in_flight_ >= kMaxInFlight) {
    auto error = protocol_error(
        "UNAVAILABLE", fmt::format("This connection has {} requests in flight; wait for an answer before the next one.",
                                   kMaxInFlight));
    error["retryable"] = true;
    error["retryAfterMs"] = 100;
    return answer_error(id, error);
  }
  for (const auto* key : {"sessionKey", "key"})
    if (const auto written = string_or(request->params, key);
        !written.empty() && written.size() <= agent::kLongestSessionKey)
      client_->remember_key(written);
  ++in_flight_;
  scope_.spawn(method->name, run_method(method, std::move(*request)));
}

Task<> Connection::run_method(const Method* method, RequestFrame request) {
  const auto id = request.id;
  const auto began = host_.time.monotonic_ms();
  json::value failure_payload;
  auto* client = client_.get();
  Call call{*host_.services,
            shared_from_this(),
            id,
            std::move(request.params),
            [client, id](json::value payload) { client->send(answer_frame(id, payload)); },
            &failure_payload,
            request.trace};
  auto outcome = co_await method->handle(std::move(call));
  --in_flight_;
  if (outcome) {
    client_->send(answer_frame(id, *outcome));
  } else {
    answer_error(id, error_to_json(outcome.error()), failure_payload);
    if (outcome.error().kind == Kind::bug) log::error("gateway", outcome.error().text(), {{"method", method->name}});
  }
  log::debug("gateway", "answered",
             {{"method", method->name},
              {"ok", outcome ? "true" : "false"},
              {"ms", std::to_string(host_.time.monotonic_ms() - began)}});
  co_return Result<>{};
}

void Connection::answer_error(std::string_view id, const json::object& error, const json::value& payload) {
  auto frame = error_frame(id, error, payload);
  if (client_) return client_->send(std::move(frame));
  socket_->send(std::move(frame));
}

} // namespace openclaw::gateway
