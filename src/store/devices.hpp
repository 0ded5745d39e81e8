// Rows about devices: who they are, what they may do in a role, their tokens as SHA-256, and the requests that wait for
// a person. Who may change them is decided in gateway/devices.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

// As the device describes itself; only the id and the key are proven.
struct DeviceFacts {
  std::string device_id; // SHA-256 of the key, hexadecimal
  std::string public_key;
  std::string display_name;
  std::string platform;
  std::string client_id;
  std::string client_mode;
  std::string address;
};

struct DeviceGrant {
  std::string device_id;
  std::string role;
  std::vector<std::string> scopes;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> rotated_ms;
  std::optional<std::int64_t> revoked_ms;
  std::optional<std::int64_t> last_used_ms;
};

struct DeviceRow {
  DeviceFacts facts;
  std::int64_t created_ms = 0;
  std::int64_t approved_ms = 0;
};

struct DeviceRequest {
  std::string request_id;
  DeviceFacts facts;
  std::string role;
  std::vector<std::string> scopes;
  bool repair = false; // the device is known already
  std::int64_t created_ms = 0;
};

// The newest tokens of a grant are good beside one another: programs that share a device's key connect at the same
// time.
inline constexpr int kTokensPerGrant = 4;

Result<std::vector<DeviceRow>> list_devices(Connection& connection);
Result<std::int64_t> count_devices(Connection& connection);
Result<std::optional<DeviceRow>> find_device(Connection& connection, std::string_view device_id);
// Adds it, or renews what it says of itself.
Result<> save_device(Connection& connection, const DeviceFacts& facts, std::int64_t now_ms);
// With its grants, tokens and requests. False: there was none.
Result<bool> remove_device(Connection& connection, std::string_view device_id);

Result<std::vector<DeviceGrant>> list_grants(Connection& connection);
Result<std::optional<DeviceGrant>> find_grant(Connection& connection, std::string_view device_id,
                                              std::string_view role);
Result<> save_grant(Connection& connection, const DeviceGrant& grant);
Result<> use_grant(Connection& connection, std::string_view device_id, std::string_view role, std::int64_t now_ms);

// The oldest tokens beyond kTokensPerGrant go.
Result<> add_device_token(Connection& connection, std::string_view hash, std::string_view device_id,
                          std::string_view role, std::int64_t now_ms);
Result<bool> has_device_token(Connection& connection, std::string_view hash, std::string_view device_id,
                              std::string_view role);
Result<> drop_device_tokens(Connection& connection, std::string_view device_id, std::string_view role);

// Those created after `since_ms`, the oldest first.
Result<std::vector<DeviceRequest>> list_requests(Connection& connection, std::int64_t since_ms);
Result<std::optional<DeviceRequest>> find_request(Connection& connection, std::string_view request_id,
                                                  std::int64_t since_ms);
// Replaces a former request of the same device and role.
Result<> save_request(Connection& connection, const DeviceRequest& request);
Result<> drop_request(Connection& connection, std::string_view request_id);
Result<> drop_requests_before(Connection& connection, std::int64_t since_ms);

} // namespace openclaw::store
