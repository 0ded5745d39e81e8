#include "gateway/clients.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include <algorithm>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kRememberedKeys = 64;
constexpr std::size_t kFollowedSessions = 200;

metrics::Gauge& connected() {
  static auto& gauge = metrics::gauge("openclaw_gateway_clients", "Authenticated WebSocket connections.");
  return gauge;
}

metrics::Counter& skipped() {
  static auto& counter =
      metrics::counter("openclaw_gateway_events_skipped_total", "Events that slow clients did not get.");
  return counter;
}

std::string opening_of(const Broadcast& what, const StateVersions& versions) {
  std::string text = R"({"type":"event","event":)";
  text += to_text(json::value(what.event));
  text += R"(,"payload":)";
  text += to_text(what.payload);
  if (what.with_versions) {
    text += R"(,"stateVersion":)";
    text += to_text(versions_to_json(versions));
  }
  text += R"(,"seq":)";
  return text;
}

} // namespace

json::object versions_to_json(const StateVersions& versions) {
  return {{"presence", versions.presence}, {"health", versions.health}};
}

void Client::remember_key(const std::string& written) {
  if (keys_.size() < kRememberedKeys) keys_.insert(written);
}

bool Client::follow(const std::string& session_key) {
  if (followed_.size() >= kFollowedSessions && !followed_.contains(session_key)) return false;
  followed_.insert(session_key);
  return true;
}

void Client::send(FrameText frame) {
  if (socket_->buffered_bytes() > kMaxBuffered) return close(1008, "slow consumer");
  socket_->send(std::move(frame));
}

void Client::send_event(std::string_view opening, bool may_skip) {
  ++sequence_;
  if (may_skip && socket_->buffered_bytes() > kSkipAbove) return skipped().add();
  auto frame = std::make_shared<std::string>();
  frame->reserve(opening.size() + 24);
  *frame += opening;
  *frame += std::to_string(sequence_);
  *frame += '}';
  send(std::move(frame));
}

void Clients::add(std::shared_ptr<Client> client) {
  if (closed_) client->close(1012, "service restart");
  clients_.push_back(std::move(client));
  connected().set(static_cast<std::int64_t>(clients_.size()));
  if (!tick_.running()) tick_ = scope_.spawn("tick", run_tick());
}

void Clients::remove(const Client* client) {
  std::erase_if(clients_, [client](const auto& other) { return other.get() == client; });
  connected().set(static_cast<std::int64_t>(clients_.size()));
  if (clients_.empty()) tick_.cancel();
}

void Clients::broadcast(Broadcast what) {
  std::string canonical;
  std::string echoed;
  const bool aliased = !what.written_key.empty() && what.written_key != what.session_key;
  for (const auto& client : clients_) {
    if (!client->may(what.scope)) continue;
    if (what.audience && !what.audience(*client)) continue;
    if (aliased && client->writes_key(what.written_key)) {
      if (echoed.empty()) {
        what.payload["sessionKey"] = what.written_key;
        echoed = opening_of(what, versions_);
      }
      client->send_event(echoed, what.may_skip);
      continue;
    }
    if (canonical.empty()) {
      if (!what.session_key.empty()) what.payload["sessionKey"] = what.session_key;
      canonical = opening_of(what, versions_);
    }
    client->send_event(canonical, what.may_skip);
  }
}

bool Clients::any(const Audience& audience) const {
  return std::any_of(clients_.begin(), clients_.end(), [&](const auto& client) { return audience(*client); });
}

void Clients::disconnect(std::string_view device_id, std::string_view role, std::string_view reason,
                         std::string_view except) {
  for (const auto& client : clients_) {
    const auto& facts = client->facts();
    if (facts.device_id != device_id || facts.connection_id == except) continue;
    if (role.empty() || facts.role == role) client->close(kDeviceGone, std::string(reason));
  }
}

Task<> Clients::run_tick() {
  while (true) {
    auto slept = co_await time_.sleep_ms(kTickMs);
    if (!slept || clients_.empty()) co_return slept;
    Broadcast tick;
    tick.event = "tick";
    tick.payload = {{"ts", time_.now_ms()}};
    tick.may_skip = true;
    broadcast(std::move(tick));
    if (on_tick_) on_tick_();
  }
}

Task<> Clients::shut_down(std::string reason) {
  if (!std::exchange(closed_, true)) {
    Broadcast goodbye;
    goodbye.event = "shutdown";
    goodbye.payload = {{"reason", reason}};
    broadcast(std::move(goodbye));
    for (const auto& client : clients_)
      client->close(1012, "service restart");
  }
  scope_.cancel();
  co_return co_await scope_.join();
}

} // namespace openclaw::gateway
