// Which devices are known, what each may do in a role, and who waits for a person. No path here gives a device more
// than the person who approves it has, or than the gateway's own secret that it showed; tokens leave it once and are
// kept as hashes.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "gateway/clients.hpp"
#include "store/database.hpp"
#include "store/devices.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::gateway {

class Devices {
public:
  static constexpr std::int64_t kRequestMs = 5 * 60'000;
  static constexpr std::size_t kMaxRequests = 50;
  static constexpr std::int64_t kMaxDevices = 500;

  Devices(async::Executor executor, async::Time& time, Random& random, store::Database& database, Clients& clients);
  // Where devices/paired.json and devices/pending.json are kept for other programs to read; nowhere until it is set.
  void project_into(std::string state_folder) { folder_ = std::move(state_folder); }
  // Waits for the files.
  Task<> shut_down();

  // The grant that a token of this device and role stands for; nothing when it is another's, revoked or unknown.
  std::optional<store::DeviceGrant> grant_of_token(std::string_view token, const std::string& device_id,
                                                   const std::string& role) const;
  std::optional<store::DeviceGrant> grant(const std::string& device_id, const std::string& role) const;
  void note_use(std::string device_id, std::string role);

  struct Issued {
    std::string token;
    std::int64_t issued_ms = 0;
  };
  // For a device that showed the gateway's own secret. `may_widen`: it is a program of this machine, so it is paired,
  // or its grant widened, without asking. Nothing is issued to a revoked device, nor beyond kMaxDevices. Kind::denied:
  // it needs a person after all.
  Task<std::optional<Issued>> admit(store::DeviceFacts facts, std::string role, std::vector<std::string> scopes,
                                    bool may_widen);
  // Kind::busy when too many wait.
  Task<store::DeviceRequest> ask(store::DeviceFacts facts, std::string role, std::vector<std::string> scopes);

  // Who asks for a change: its scopes bound what the change can give.
  struct Caller {
    std::vector<std::string> scopes;
    std::string device_id; // may be empty
    std::string connection_id;
  };
  Result<json::object> list() const;
  Task<json::object> approve(std::string request_id, Caller caller);
  Task<json::object> reject(std::string request_id);
  Task<json::object> remove(std::string device_id, Caller caller);
  // `scopes`: narrows the grant to these.
  Task<json::object> rotate(std::string device_id, std::string role, std::optional<std::vector<std::string>> scopes,
                            Caller caller);
  Task<json::object> revoke(std::string device_id, std::string role, Caller caller);

private:
  void changed();
  Task<> write_files();
  void tell_resolved(const std::string& request_id, const std::string& device_id, std::string_view decision);

  async::Time& time_;
  Random& random_;
  store::Database& database_;
  Clients& clients_;
  std::string folder_;
  bool writing_ = false;
  bool stale_ = false; // what is being written is out of date already
  async::Scope scope_;
};

} // namespace openclaw::gateway
