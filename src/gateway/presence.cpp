#include "gateway/presence.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <sys/utsname.h>
#include <utility>
#include <vector>

namespace openclaw::gateway {
namespace {

constexpr std::string_view kReported[] = {"host", "ip",     "version",  "platform",   "deviceFamily", "modelIdentifier",
                                          "mode", "reason", "deviceId", "instanceId", "text"};

std::string key_of(const ClientFacts& facts) {
  if (!facts.device_id.empty()) return facts.device_id;
  return facts.instance_id.empty() ? facts.connection_id : facts.instance_id;
}

bool is_shown(const ClientFacts& facts) {
  return facts.mode != "cli" && facts.mode != "probe";
}

} // namespace

Presence::Presence(async::Executor executor, async::Time& time, Clients& clients)
    : time_(time), clients_(clients), scope_(executor) {}

void Presence::introduce(std::string_view version) {
  utsname names{};
  const bool known = ::uname(&names) == 0;
  const std::string host = known ? names.nodename : "unknown";
  self_ = {{"host", host},
           {"ip", "127.0.0.1"},
           {"version", version},
           {"platform", known ? fmt::format("linux {}", names.release) : "linux"},
           {"deviceFamily", "Linux"},
           {"modelIdentifier", known ? names.machine : "unknown"},
           {"mode", "gateway"},
           {"reason", "self"},
           {"text", fmt::format("Gateway: {} · openclaw {} · mode gateway · reason self", host, version)}};
}

Presence::Entry& Presence::entry(const std::string& key) {
  if (const auto at = entries_.find(key); at != entries_.end()) return at->second;
  if (entries_.size() >= kMost) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.renewed_ms < b.second.renewed_ms;
    });
    entries_.erase(oldest);
  }
  return entries_[key];
}

void Presence::joined(const ClientFacts& facts, std::string_view address) {
  if (!is_shown(facts)) return;
  const auto key = key_of(facts);
  auto& here = entry(key);
  ++here.connections;
  here.renewed_ms = time_.now_ms();
  here.shown = {{"host", facts.name},
                {"ip", address},
                {"version", facts.version},
                {"platform", facts.platform},
                {"mode", facts.mode},
                {"instanceId", key},
                {"roles", json::array{json::value(facts.role)}},
                {"reason", "connect"},
                {"text", fmt::format("Client: {} {} · mode {}", facts.name, facts.version, facts.mode)}};
  if (!facts.device_id.empty()) here.shown["deviceId"] = facts.device_id;
  changed();
}

void Presence::left(const ClientFacts& facts) {
  if (!is_shown(facts)) return;
  const auto at = entries_.find(key_of(facts));
  if (at == entries_.end()) return;
  at->second.connections = std::max(at->second.connections - 1, 0);
  if (at->second.connections > 0) return;
  at->second.renewed_ms = time_.now_ms();
  at->second.shown["reason"] = "disconnect";
  changed();
}

void Presence::report(const json::object& fields, std::string_view otherwise) {
  auto key = string_or(fields, "deviceId");
  if (key.empty()) key = string_or(fields, "instanceId");
  if (key.empty()) key = otherwise;
  auto& here = entry(key);
  here.renewed_ms = time_.now_ms();
  for (const auto name : kReported)
    if (const auto text = string_or(fields, name); !text.empty()) here.shown[name] = text;
  here.shown["instanceId"] = key;
  for (const auto* name : {"lastInputSeconds", "tags", "roles", "scopes"})
    if (const auto* value = find(fields, name)) here.shown[name] = *value;
  changed();
}

void Presence::forget_old() {
  const auto since = time_.now_ms() - kLifeMs;
  std::erase_if(entries_,
                [since](const auto& row) { return row.second.connections == 0 && row.second.renewed_ms <= since; });
}

json::array Presence::entries() const {
  const auto now = time_.now_ms();
  std::vector<const Entry*> rows;
  for (const auto& [key, row] : entries_)
    if (row.connections > 0 || row.renewed_ms > now - kLifeMs) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(), [](const Entry* a, const Entry* b) { return a->renewed_ms > b->renewed_ms; });
  json::array shown;
  shown.push_back(self_);
  shown.back().as_object()["ts"] = now;
  for (const auto* row : rows) {
    shown.push_back(row->shown);
    shown.back().as_object()["ts"] = row->renewed_ms;
  }
  return shown;
}

void Presence::changed() {
  ++clients_.versions().presence;
  if (std::exchange(waiting_, true)) return;
  scope_.spawn("presence", tell());
}

Task<> Presence::tell() {
  auto slept = co_await time_.sleep_ms(kQuietMs);
  waiting_ = false;
  if (!slept) co_return slept;
  forget_old();
  Broadcast event;
  event.event = "presence";
  event.payload = {{"presence", entries()}};
  event.scope = Scope::read;
  event.may_skip = true;
  event.with_versions = true;
  if (clients_.size() > 0) clients_.broadcast(std::move(event));
  co_return Result<>{};
}

Task<> Presence::shut_down() {
  scope_.cancel();
  co_return co_await scope_.join();
}

} // namespace openclaw::gateway
