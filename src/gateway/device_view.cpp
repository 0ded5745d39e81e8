#include "gateway/device_view.hpp"

#include <algorithm>

namespace openclaw::gateway {
namespace {

json::object facts_to_json(const store::DeviceFacts& facts) {
  json::object object{{"deviceId", facts.device_id}, {"publicKey", facts.public_key}};
  const auto add = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text;
  };
  add("displayName", facts.display_name);
  add("platform", facts.platform);
  add("clientId", facts.client_id);
  add("clientMode", facts.client_mode);
  add("remoteIp", facts.address);
  return object;
}

json::object grant_to_json(const store::DeviceGrant& grant) {
  json::object object{{"role", grant.role}, {"scopes", to_array(grant.scopes)}, {"createdAtMs", grant.created_ms}};
  if (grant.rotated_ms) object["rotatedAtMs"] = *grant.rotated_ms;
  if (grant.revoked_ms) object["revokedAtMs"] = *grant.revoked_ms;
  if (grant.last_used_ms) object["lastUsedAtMs"] = *grant.last_used_ms;
  return object;
}

} // namespace

json::array to_array(const std::vector<std::string>& strings) {
  json::array array;
  for (const auto& string : strings)
    array.push_back(json::value(string));
  return array;
}

json::object request_to_json(const store::DeviceRequest& request) {
  auto object = facts_to_json(request.facts);
  object["requestId"] = request.request_id;
  object["role"] = request.role;
  object["roles"] = to_array({request.role});
  object["scopes"] = to_array(request.scopes);
  object["isRepair"] = request.repair;
  object["ts"] = request.created_ms;
  return object;
}

json::object device_to_json(const store::DeviceRow& device, const std::vector<store::DeviceGrant>& grants) {
  auto object = facts_to_json(device.facts);
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  json::array tokens;
  for (const auto& grant : grants) {
    if (grant.device_id != device.facts.device_id) continue;
    tokens.push_back(grant_to_json(grant));
    if (grant.revoked_ms) continue;
    roles.push_back(grant.role);
    for (const auto& scope : grant.scopes)
      if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  }
  if (!roles.empty()) object["role"] = roles.front();
  object["roles"] = to_array(roles);
  object["scopes"] = to_array(scopes);
  object["tokens"] = std::move(tokens);
  object["createdAtMs"] = device.created_ms;
  object["approvedAtMs"] = device.approved_ms;
  return object;
}

DeviceFiles device_files(const json::object& listed) {
  json::object paired;
  for (const auto& device : listed.at("paired").as_array()) {
    auto entry = device.as_object();
    json::object tokens; // by role, as OpenClaw's file has them
    for (const auto& token : entry["tokens"].as_array())
      tokens[string_or(token, "role")] = token;
    entry["tokens"] = std::move(tokens);
    paired[string_or(device, "deviceId")] = std::move(entry);
  }
  json::object pending;
  for (const auto& request : listed.at("pending").as_array())
    pending[string_or(request, "requestId")] = request;
  return {to_text(paired) + "\n", to_text(pending) + "\n"};
}

} // namespace openclaw::gateway
