// Pairing of devices and their tokens. The parameters are closed: a field that a later version would obey must not be
// ignored here.
#include "gateway/device_view.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

constexpr const char* kRequestSchema = R"({"type":"object","required":["requestId"],"additionalProperties":false,
  "properties":{"requestId":{"type":"string","minLength":1,"maxLength":128}}})";
constexpr const char* kDeviceSchema = R"({"type":"object","required":["deviceId"],"additionalProperties":false,
  "properties":{"deviceId":{"type":"string","minLength":1,"maxLength":128}}})";
constexpr const char* kRevokeSchema = R"({"type":"object","required":["deviceId","role"],"additionalProperties":false,
  "properties":{"deviceId":{"type":"string","minLength":1,"maxLength":128},"role":{"type":"string","minLength":1,"maxLength":64}}})";
constexpr const char* kRotateSchema = R"({"type":"object","required":["deviceId","role"],"additionalProperties":false,
  "properties":{"deviceId":{"type":"string","minLength":1,"maxLength":128},"role":{"type":"string","minLength":1,"maxLength":64},
  "scopes":{"type":"array","minItems":1,"maxItems":64,"items":{"type":"string","minLength":1,"maxLength":128}}}})";

Devices& devices_of(const Call& call) {
  return call.services.gateway.devices();
}

Devices::Caller caller_of(const Call& call) {
  const auto& facts = call.connection->facts();
  return {facts.scopes, facts.device_id, facts.connection_id};
}

// A device that takes its own rights away hears that it is done, and is then disconnected like any other.
void end_own_connection(const Call& call, const json::object& answer) {
  const auto& client = call.connection->client();
  if (string_or(answer, "deviceId") != client->facts().device_id) return;
  call.answer_early(json::value(answer));
  client->close(kDeviceGone, "device removed");
}

Task<json::value> list(Call call) {
  CO_TRY(auto listed, devices_of(call).list());
  co_return json::value(std::move(listed));
}

Task<json::value> approve(Call call) {
  auto id = string_or(call.params, "requestId");
  auto caller = caller_of(call);
  CO_TRY(auto answer, co_await devices_of(call).approve(std::move(id), std::move(caller)));
  co_return json::value(std::move(answer));
}

Task<json::value> reject(Call call) {
  auto id = string_or(call.params, "requestId");
  CO_TRY(auto answer, co_await devices_of(call).reject(std::move(id)));
  co_return json::value(std::move(answer));
}

Task<json::value> remove(Call call) {
  auto id = string_or(call.params, "deviceId");
  auto caller = caller_of(call);
  CO_TRY(auto answer, co_await devices_of(call).remove(std::move(id), std::move(caller)));
  end_own_connection(call, answer);
  co_return json::value(std::move(answer));
}

Task<json::value> rotate(Call call) {
  auto id = string_or(call.params, "deviceId");
  auto role = string_or(call.params, "role");
  std::optional<std::vector<std::string>> scopes;
  if (const auto* listed = find(call.params, "scopes")) {
    scopes.emplace();
    for (const auto& scope : listed->get_array())
      scopes->emplace_back(scope.get_string());
  }
  auto caller = caller_of(call);
  CO_TRY(auto answer,
         co_await devices_of(call).rotate(std::move(id), std::move(role), std::move(scopes), std::move(caller)));
  co_return json::value(std::move(answer));
}

Task<json::value> revoke(Call call) {
  auto id = string_or(call.params, "deviceId");
  auto role = string_or(call.params, "role");
  auto caller = caller_of(call);
  CO_TRY(auto answer, co_await devices_of(call).revoke(std::move(id), std::move(role), std::move(caller)));
  end_own_connection(call, answer);
  co_return json::value(std::move(answer));
}

} // namespace

void register_device_pair(MethodTable& table) {
  table.add({"device.pair.list", Scope::pairing, R"({"type":"object","additionalProperties":false})", list});
  table.add({"device.pair.approve", Scope::pairing, kRequestSchema, approve});
  table.add({"device.pair.reject", Scope::pairing, kRequestSchema, reject});
  table.add({"device.pair.remove", Scope::pairing, kDeviceSchema, remove});
  table.add({"device.token.rotate", Scope::pairing, kRotateSchema, rotate});
  table.add({"device.token.revoke", Scope::pairing, kRevokeSchema, revoke});
}

} // namespace openclaw::gateway
