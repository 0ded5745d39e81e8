// The authenticated connections and what is sent to all of them: each event is serialised once, numbered for each
// connection, withheld from those without the scope, and never allowed to pile up behind a slow reader. It runs the
// tick while anybody is there.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "gateway/handshake.hpp"
#include "gateway/scope.hpp"
#include "net/websocket.hpp"
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace openclaw::gateway {

inline constexpr std::int64_t kTickMs = 30'000;
inline constexpr std::size_t kMaxPayload = 25 * 1024 * 1024;
inline constexpr std::size_t kMaxBuffered = 50 * 1024 * 1024;
inline constexpr std::size_t kSkipAbove = 1'572'864; // events that may be dropped are, above this
inline constexpr int kDeviceGone = 4001;             // closes a connection whose device lost its rights

// One authenticated connection, as a receiver.
class Client {
public:
  Client(std::shared_ptr<net::WebSocket> socket, ClientFacts facts)
      : socket_(std::move(socket)), facts_(std::move(facts)) {}
  const ClientFacts& facts() const { return facts_; }
  bool may(Scope scope) const { return allows(facts_.scopes, scope); }
  bool wants(const std::string& capability) const { return facts_.capabilities.contains(capability); }
  // A session key as this client writes it; events of that session echo it to this client.
  void remember_key(const std::string& written);
  bool writes_key(const std::string& written) const { return keys_.contains(written); }
  // The sessions whose events it asked for: all of them, or some by their canonical keys. False: it follows too many.
  void follow_all(bool follow) { follows_all_ = follow; }
  bool follow(const std::string& session_key);
  void unfollow(const std::string& session_key) { followed_.erase(session_key); }
  bool follows_all() const { return follows_all_; }
  bool follows(const std::string& session_key) const { return follows_all_ || followed_.contains(session_key); }

  // An answer, or an event for this client alone. Closes with 1008 when the reader is hopelessly behind.
  void send(FrameText frame);
  // `opening` is the event's frame without its number and closing brace. What is skipped still takes a number, so that
  // the client sees a gap and asks again.
  void send_event(std::string_view opening, bool may_skip);
  void close(int code, std::string reason) { socket_->close(code, std::move(reason)); }

private:
  std::shared_ptr<net::WebSocket> socket_;
  ClientFacts facts_;
  std::int64_t sequence_ = 0;
  std::set<std::string> keys_;
  std::set<std::string> followed_;
  bool follows_all_ = false;
};
using Audience = std::function<bool(const Client&)>;

struct Broadcast {
  std::string event;
  json::object payload;
  Scope scope = Scope::none;
  bool may_skip = false;
  // When they differ, `written_key` replaces payload.sessionKey for those clients that write the session so.
  std::string session_key;
  std::string written_key;
  Audience audience;          // among those with the scope; none: all of them
  bool with_versions = false; // says which state it leaves: presence, health
};

// How often what all clients see has changed; a client that missed an event sees it here.
struct StateVersions {
  std::int64_t presence = 1;
  std::int64_t health = 1;
};
json::object versions_to_json(const StateVersions& versions);

class Clients {
public:
  Clients(async::Executor executor, async::Time& time) : time_(time), scope_(executor) {}

  void add(std::shared_ptr<Client> client);
  void remove(const Client* client);
  std::size_t size() const { return clients_.size(); }
  const std::vector<std::shared_ptr<Client>>& all() const { return clients_; }

  void broadcast(Broadcast what);
  bool any(const Audience& audience) const;
  // Closes the connections of a device at once; of all its roles when `role` is empty. `except` is a connection's id.
  void disconnect(std::string_view device_id, std::string_view role, std::string_view reason, std::string_view except);
  StateVersions& versions() { return versions_; }
  // Called after each tick.
  void on_tick(std::function<void()> call) { on_tick_ = std::move(call); }
  // Says goodbye to everybody and ends the tick; who comes later is closed at once. A second call changes nothing.
  Task<> shut_down(std::string reason);

private:
  Task<> run_tick();
  async::Time& time_;
  std::vector<std::shared_ptr<Client>> clients_;
  StateVersions versions_;
  std::function<void()> on_tick_;
  bool closed_ = false;
  async::Scope scope_;
  async::Scope::Child tick_;
};

} // namespace openclaw::gateway
