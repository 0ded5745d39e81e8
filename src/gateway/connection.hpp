// One WebSocket connection: challenge, handshake, then requests that run at the same time, each a child of this
// connection. It knows the protocol and nothing about what the methods do.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "gateway/clients.hpp"
#include "gateway/devices.hpp"
#include "gateway/greetings.hpp"
#include "gateway/method.hpp"
#include "gateway/presence.hpp"
#include <memory>
#include <string>

namespace openclaw::gateway {

struct Services;

inline constexpr std::size_t kMaxFirstFrame = 64 * 1024;
inline constexpr std::int64_t kHandshakeMs = 10'000;
inline constexpr std::size_t kMaxInFlight = 64;

// What connections of one gateway share; outlives them.
struct ConnectionHost {
  async::Executor executor;
  async::Time& time;
  Random& random;
  Credentials& credentials;
  Clients& clients;
  Devices& devices;
  Presence& presence;
  const MethodTable& methods;
  Services* services = nullptr;                          // passed to the methods
  std::function<json::object(const ClientFacts&)> hello; // the payload of hello-ok
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(ConnectionHost& host, std::shared_ptr<net::WebSocket> socket, Remote remote, Greetings::Place place);

  // Until the socket is closed or the task is cancelled; requests still running are cancelled with it.
  static Task<> serve(std::shared_ptr<Connection> connection);

  // Null before the handshake.
  const std::shared_ptr<Client>& client() const { return client_; }
  const ClientFacts& facts() const { return client_->facts(); }
  const Remote& remote() const { return remote_; }

private:
  Task<> expire_handshake();
  Task<> greet();
  // What remains to be done with the device; the answer is hello-ok's `auth` part for it, or why it is turned away.
  Task<> admit(std::string request_id, Admission admission);
  void let_in(std::string_view request_id, ClientFacts facts, const std::optional<Devices::Issued>& issued);
  Task<> read_requests();
  void refuse(std::string_view id, Refusal refusal);
  void take(json::value frame);
  Task<> run_method(const Method* method, RequestFrame request);
  void answer_error(std::string_view id, const json::object& error, const json::value& payload = nullptr);

  ConnectionHost& host_;
  std::shared_ptr<net::WebSocket> socket_;
  Remote remote_;
  Greetings::Place place_; // until the end of the handshake
  std::string id_;
  std::string nonce_;
  std::shared_ptr<Client> client_;
  std::size_t in_flight_ = 0;
  async::Scope scope_;
};

} // namespace openclaw::gateway
