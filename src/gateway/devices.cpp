#include "gateway/devices.hpp"

#include "async/offload.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "gateway/device_view.hpp"
#include "store/journal.hpp"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::gateway {
namespace {

using store::Connection;
using store::DeviceFacts;
using store::DeviceGrant;
using store::DeviceRequest;
using Scopes = std::vector<std::string>;

constexpr std::size_t kLargestOriginal = 16 * 1024 * 1024;

Scopes joined(Scopes scopes, const Scopes& more) {
  for (const auto& scope : more)
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  return scopes;
}

// `caller` is the device that did it; empty: whoever has the gateway's own token.
Result<> tell(Connection& connection, const std::string& caller, const std::string& device_id, const std::string& role,
              const Scopes& scopes, std::string outcome, std::int64_t now_ms) {
  store::JournalEntry entry;
  entry.time_ms = now_ms;
  entry.actor = caller.empty() ? std::string("owner") : "device:" + caller;
  entry.action = "device";
  entry.subject = fmt::format("{} {} {}", device_id, role, join(scopes, ","));
  entry.outcome = std::move(outcome);
  return store::record(connection, std::move(entry));
}

// What a caller may not give away, it may not touch either.
Result<> check_reach(const Scopes& caller, const Scopes& scopes) {
  const auto lacking = uncovered(caller, scopes);
  if (lacking.empty()) return {};
  return fail(
      Kind::denied, fmt::format("missing scope: {}", printable(lacking, 128)),
      "Whoever changes a device needs every scope that the device has or is to get. Use the gateway's own token.",
      "MISSING_SCOPE");
}

Result<> check_room(Connection& connection) {
  TRY(const auto count, store::count_devices(connection));
  if (count < Devices::kMaxDevices) return {};
  return fail(Kind::busy, fmt::format("There are {} paired devices already, which is the limit.", count),
              "Remove some that are no longer used: openclaw devices list, openclaw devices remove DEVICE");
}

std::unexpected<Error> unknown_request() {
  return fail(Kind::missing, "unknown requestId",
              "A request lasts five minutes. See what waits with: openclaw devices list");
}

std::unexpected<Error> unknown_grant() {
  return fail(Kind::missing, "unknown deviceId/role", "See the paired devices with: openclaw devices list");
}

Result<DeviceGrant> existing_grant(Connection& connection, const std::string& device_id, const std::string& role) {
  TRY(auto grant, store::find_grant(connection, device_id, role));
  if (!grant) return unknown_grant();
  return std::move(*grant);
}

// A grant of what was asked for. A living grant keeps what it had; a revoked one starts anew.
Result<DeviceGrant> give(Connection& connection, const DeviceFacts& facts, const std::string& role,
                         const Scopes& scopes, std::int64_t now_ms) {
  TRY(const auto former, store::find_grant(connection, facts.device_id, role));
  if (!former) {
    TRY(const auto device, store::find_device(connection, facts.device_id));
    if (!device) TRY_VOID(check_room(connection));
  }
  DeviceGrant grant{facts.device_id, role, scopes, now_ms, {}, {}, {}};
  if (former && !former->revoked_ms) {
    grant = *former;
    grant.scopes = joined(former->scopes, scopes);
  }
  TRY_VOID(store::save_device(connection, facts, now_ms));
  TRY_VOID(store::save_grant(connection, grant));
  return grant;
}

struct Admitted {
  bool issued = false;
  bool paired = false; // the record changed
};

Result<Admitted> admit_in(Connection& connection, const DeviceFacts& facts, const std::string& role,
                          const Scopes& scopes, bool may_widen, const std::string& hash, std::int64_t now_ms) {
  Admitted admitted;
  TRY(const auto known, store::find_grant(connection, facts.device_id, role));
  const bool revoked = known && known->revoked_ms;
  const bool enough = known && !revoked && covers(known->scopes, scopes);
  if (!enough && !may_widen) return fail(Kind::denied, "pairing required", "", "PAIRING_REQUIRED");
  if (revoked) return admitted;
  if (!enough) {
    auto given = give(connection, facts, role, scopes, now_ms);
    if (!given && given.error().kind == Kind::busy) return admitted;
    if (!given) return std::unexpected(given.error());
    TRY_VOID(tell(connection, facts.device_id, facts.device_id, role, given->scopes, "paired", now_ms));
    admitted.paired = true;
  }
  TRY_VOID(store::add_device_token(connection, hash, facts.device_id, role, now_ms));
  TRY_VOID(store::use_grant(connection, facts.device_id, role, now_ms));
  admitted.issued = true;
  return admitted;
}

Result<DeviceRequest> ask_in(Connection& connection, DeviceRequest wanted) {
  const auto since = wanted.created_ms - Devices::kRequestMs;
  TRY_VOID(store::drop_requests_before(connection, since));
  TRY(const auto waiting, store::list_requests(connection, since));
  for (const auto& other : waiting) {
    if (other.facts.device_id != wanted.facts.device_id || other.role != wanted.role) continue;
    // A request never changes under its id: whoever approves it approves what was shown.
    if (other.scopes == wanted.scopes) return other;
    TRY_VOID(store::drop_request(connection, other.request_id));
    TRY_VOID(store::save_request(connection, wanted));
    return wanted;
  }
  if (waiting.size() >= Devices::kMaxRequests)
    return fail(Kind::busy, fmt::format("{} devices wait to be paired already.", waiting.size()),
                "Approve or reject some: openclaw devices list. A request lasts five minutes.");
  TRY_VOID(store::save_request(connection, wanted));
  return wanted;
}

// Created 0700, and not through a link that somebody put there.
Result<> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  struct stat found{};
  if (errno == EEXIST && ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  return fail(Kind::transient, fmt::format("The folder {} cannot be made.", path),
              "Look at what is there, and at the folder's owner.");
}

// A file of the original program, recognised by the tokens in it, is put aside once: they are its users' only copies.
Result<> keep_original(const std::string& path) {
  TRY(const auto content, config::read_small_file(path, kLargestOriginal));
  if (!content || content->find("\"token\"") == std::string::npos) return {};
  const auto aside = path + ".original";
  if (::rename(path.c_str(), aside.c_str()) == 0) return {};
  return fail(Kind::transient, fmt::format("{} cannot be put aside as {}.", path, aside), "Move it away yourself.");
}

} // namespace

Devices::Devices(async::Executor executor, async::Time& time, Random& random, store::Database& database,
                 Clients& clients)
    : time_(time), random_(random), database_(database), clients_(clients), scope_(executor) {}

Task<> Devices::shut_down() {
  co_return co_await scope_.join();
}

std::optional<DeviceGrant> Devices::grant(const std::string& device_id, const std::string& role) const {
  auto found = store::find_grant(database_.reader(), device_id, role);
  if (!found) {
    log::error("gateway", "A device could not be looked up.", {{"why", found.error().text()}});
    return std::nullopt;
  }
  return std::move(*found);
}

std::optional<DeviceGrant> Devices::grant_of_token(std::string_view token, const std::string& device_id,
                                                   const std::string& role) const {
  const auto owned = store::has_device_token(database_.reader(), sha256_hex(token), device_id, role);
  if (!owned) log::error("gateway", "A device token could not be looked up.", {{"why", owned.error().text()}});
  if (!owned || !*owned) return std::nullopt;
  auto found = grant(device_id, role);
  if (found && found->revoked_ms) return std::nullopt;
  return found;
}

void Devices::note_use(std::string device_id, std::string role) {
  database_.write_later([device_id = std::move(device_id), role = std::move(role), now = time_.now_ms()](
                            Connection& connection) { return store::use_grant(connection, device_id, role, now); });
}

Task<std::optional<Devices::Issued>> Devices::admit(DeviceFacts facts, std::string role, Scopes scopes,
                                                    bool may_widen) {
  const Issued issued{random_hex(random_, 32), time_.now_ms()};
  const auto hash = sha256_hex(issued.token);
  std::function<Result<Admitted>(Connection&)> work = [=, now = issued.issued_ms](Connection& connection) {
    return admit_in(connection, facts, role, scopes, may_widen, hash, now);
  };
  CO_TRY(const auto admitted, co_await database_.write<Admitted>(std::move(work)));
  if (admitted.paired) {
    log::info("gateway", "A device of this machine was paired.",
              {{"device", facts.device_id}, {"client", printable(facts.client_id, 64)}, {"scopes", join(scopes, ",")}});
    tell_resolved(uuid_v7(time_, random_), facts.device_id, "approved"); // no request was ever shown
    changed();
  }
  if (!admitted.issued)
    log::warn("gateway", "A device was let in by the gateway's secret alone: it is revoked, or too many are paired.",
              {{"device", facts.device_id}});
  std::optional<Issued> outcome;
  if (admitted.issued) outcome = issued;
  co_return outcome;
}

Task<DeviceRequest> Devices::ask(DeviceFacts facts, std::string role, Scopes scopes) {
  DeviceRequest wanted{uuid_v7(time_, random_), std::move(facts), std::move(role), std::move(scopes), false,
                       time_.now_ms()};
  const auto known = grant(wanted.facts.device_id, wanted.role);
  wanted.repair = known.has_value();
  std::function<Result<DeviceRequest>(Connection&)> work = [wanted](Connection& connection) {
    return ask_in(connection, wanted);
  };
  CO_TRY(auto waiting, co_await database_.write<DeviceRequest>(std::move(work)));
  if (waiting.request_id == wanted.request_id) {
    Broadcast event;
    event.event = "device.pair.requested";
    event.payload = request_to_json(waiting);
    event.scope = Scope::pairing;
    clients_.broadcast(std::move(event));
    changed();
  }
  co_return waiting;
}

Result<json::object> Devices::list() const {
  auto& reader = database_.reader();
  TRY(const auto requests, store::list_requests(reader, time_.now_ms() - kRequestMs));
  TRY(const auto devices, store::list_devices(reader));
  TRY(const auto grants, store::list_grants(reader));
  json::array pending;
  for (const auto& request : requests)
    pending.push_back(request_to_json(request));
  json::array paired;
  for (const auto& device : devices)
    paired.push_back(device_to_json(device, grants));
  return json::object{{"pending", std::move(pending)}, {"paired", std::move(paired)}};
}

Task<json::object> Devices::approve(std::string request_id, Caller caller) {
  const auto now = time_.now_ms();
  std::function<Result<std::string>(Connection&)> work = [request_id, scopes = caller.scopes, by = caller.device_id,
                                                          now](Connection& connection) -> Result<std::string> {
    TRY(const auto request, store::find_request(connection, request_id, now - kRequestMs));
    if (!request) return unknown_request();
    TRY_VOID(check_reach(scopes, request->scopes));
    TRY(const auto grant, give(connection, request->facts, request->role, request->scopes, now));
    TRY_VOID(tell(connection, by, grant.device_id, grant.role, grant.scopes, "approved", now));
    TRY_VOID(store::drop_request(connection, request_id));
    return request->facts.device_id;
  };
  CO_TRY(const auto device_id, co_await database_.write<std::string>(std::move(work)));
  tell_resolved(request_id, device_id, "approved");
  changed();
  auto& reader = database_.reader();
  CO_TRY(const auto device, store::find_device(reader, device_id));
  CO_TRY(const auto grants, store::list_grants(reader));
  json::object answer{{"requestId", request_id}};
  if (device) answer["device"] = device_to_json(*device, grants);
  co_return answer;
}

Task<json::object> Devices::reject(std::string request_id) {
  const auto now = time_.now_ms();
  std::function<Result<std::string>(Connection&)> work = [request_id,
                                                          now](Connection& connection) -> Result<std::string> {
    TRY(const auto request, store::find_request(connection, request_id, now - kRequestMs));
    if (!request) return unknown_request();
    TRY_VOID(store::drop_request(connection, request_id));
    TRY_VOID(tell(connection, "", request->facts.device_id, request->role, request->scopes, "rejected", now));
    return request->facts.device_id;
  };
  CO_TRY(const auto device_id, co_await database_.write<std::string>(std::move(work)));
  tell_resolved(request_id, device_id, "rejected");
  changed();
  co_return json::object{{"requestId", request_id}, {"deviceId", device_id}};
}

Task<json::object> Devices::remove(std::string device_id, Caller caller) {
  std::function<Result<bool>(Connection&)> work = [device_id, caller,
                                                   now = time_.now_ms()](Connection& connection) -> Result<bool> {
    TRY(const auto grants, store::list_grants(connection));
    for (const auto& grant : grants)
      if (grant.device_id == device_id && !grant.revoked_ms && caller.device_id != device_id)
        TRY_VOID(check_reach(caller.scopes, grant.scopes));
    TRY(const bool removed, store::remove_device(connection, device_id));
    if (removed) TRY_VOID(tell(connection, caller.device_id, device_id, "", {}, "removed", now));
    return removed;
  };
  CO_TRY(const bool removed, co_await database_.write<bool>(std::move(work)));
  if (!removed) co_return fail(Kind::missing, "unknown deviceId", "See the paired devices with: openclaw devices list");
  clients_.disconnect(device_id, "", "device removed", caller.connection_id);
  changed();
  co_return json::object{{"ok", true}, {"deviceId", device_id}, {"removedAtMs", time_.now_ms()}};
}

Task<json::object> Devices::rotate(std::string device_id, std::string role, std::optional<Scopes> scopes,
                                   Caller caller) {
  const auto now = time_.now_ms();
  auto token = random_hex(random_, 32);
  const auto hash = sha256_hex(token);
  std::function<Result<Scopes>(Connection&)> work = [=, own = caller.scopes,
                                                     by = caller.device_id](Connection& connection) -> Result<Scopes> {
    TRY(auto grant, existing_grant(connection, device_id, role));
    if (grant.revoked_ms)
      return fail(Kind::denied, "This device's token was revoked, so there is none to rotate.",
                  fmt::format("Let it ask anew after: openclaw devices remove {}", device_id));
    // Before narrowing: else a caller could first shrink a stronger device to its own size.
    TRY_VOID(check_reach(own, grant.scopes));
    if (scopes) {
      TRY_VOID(check_reach(grant.scopes, *scopes));
      grant.scopes = narrow(grant.scopes, *scopes);
    }
    grant.rotated_ms = now;
    TRY_VOID(store::save_grant(connection, grant));
    TRY_VOID(store::drop_device_tokens(connection, device_id, role));
    TRY_VOID(store::add_device_token(connection, hash, device_id, role, now));
    TRY_VOID(tell(connection, by, device_id, role, grant.scopes, "token rotated", now));
    return grant.scopes;
  };
  CO_TRY(const auto kept, co_await database_.write<Scopes>(std::move(work)));
  // What still runs was let in with the former token, perhaps with wider scopes.
  clients_.disconnect(device_id, role, "device token rotated", caller.connection_id);
  changed();
  co_return json::object{
      {"deviceId", device_id}, {"role", role}, {"token", token}, {"scopes", to_array(kept)}, {"rotatedAtMs", now}};
}

Task<json::object> Devices::revoke(std::string device_id, std::string role, Caller caller) {
  const auto now = time_.now_ms();
  std::function<Result<std::int64_t>(Connection&)> work = [=](Connection& connection) -> Result<std::int64_t> {
    TRY(auto grant, existing_grant(connection, device_id, role));
    if (grant.revoked_ms) return *grant.revoked_ms;
    if (caller.device_id != device_id) TRY_VOID(check_reach(caller.scopes, grant.scopes));
    grant.revoked_ms = now;
    TRY_VOID(store::save_grant(connection, grant));
    TRY_VOID(store::drop_device_tokens(connection, device_id, role));
    TRY_VOID(tell(connection, caller.device_id, device_id, role, grant.scopes, "token revoked", now));
    return now;
  };
  CO_TRY(const auto revoked, co_await database_.write<std::int64_t>(std::move(work)));
  clients_.disconnect(device_id, role, "device token revoked", caller.connection_id);
  changed();
  co_return json::object{{"deviceId", device_id}, {"role", role}, {"revokedAtMs", revoked}};
}

void Devices::tell_resolved(const std::string& request_id, const std::string& device_id, std::string_view decision) {
  Broadcast event;
  event.event = "device.pair.resolved";
  event.payload = {{"requestId", request_id}, {"deviceId", device_id}, {"decision", decision}, {"ts", time_.now_ms()}};
  event.scope = Scope::pairing;
  clients_.broadcast(std::move(event));
}

void Devices::changed() {
  if (folder_.empty()) return;
  if (writing_) {
    stale_ = true;
    return;
  }
  writing_ = true;
  scope_.spawn("device files", write_files());
}

Task<> Devices::write_files() {
  do {
    stale_ = false;
    auto listed = list();
    if (!listed) {
      log::warn("gateway", "The device files could not be written.", {{"why", listed.error().text()}});
      break;
    }
    const auto folder = folder_ + "/devices";
    std::function<Result<bool>()> work = [folder, files = device_files(*listed)]() -> Result<bool> {
      TRY_VOID(make_private_folder(folder));
      TRY_VOID(keep_original(folder + "/paired.json"));
      TRY_VOID(config::replace_file(folder + "/paired.json", files.paired));
      TRY_VOID(config::replace_file(folder + "/pending.json", files.pending));
      return true;
    };
    auto written = co_await async::offload<bool>(std::move(work));
    if (!written) log::warn("gateway", "The device files could not be written.", {{"why", written.error().text()}});
  } while (stale_);
  writing_ = false;
  co_return Result<>{};
}

} // namespace openclaw::gateway
