#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> who_is_here(Call call) {
  co_return json::value(call.services.gateway.presence().entries());
}

Task<json::value> report(Call call) {
  const auto& facts = call.connection->facts();
  call.services.gateway.presence().report(call.params, facts.connection_id);
  co_return json::value(json::object{{"ok", true}});
}

} // namespace

void register_system_presence(MethodTable& table) {
  table.add({"system-presence", Scope::read, R"({"type":"object"})", who_is_here});
  table.add({"system-event", Scope::admin, R"({"type":"object","required":["text"],"properties":{
    "text":{"type":"string","minLength":1,"maxLength":1024},
    "deviceId":{"type":"string","maxLength":128},"instanceId":{"type":"string","maxLength":128},
    "host":{"type":"string","maxLength":256},"ip":{"type":"string","maxLength":64},"mode":{"type":"string","maxLength":64},
    "version":{"type":"string","maxLength":128},"platform":{"type":"string","maxLength":256},
    "deviceFamily":{"type":"string","maxLength":128},"modelIdentifier":{"type":"string","maxLength":128},
    "reason":{"type":"string","maxLength":256},"lastInputSeconds":{"type":"integer","minimum":0},
    "tags":{"type":"array","maxItems":32,"items":{"type":"string","maxLength":128}},
    "roles":{"type":"array","maxItems":8,"items":{"type":"string","maxLength":64}},
    "scopes":{"type":"array","maxItems":32,"items":{"type":"string","maxLength":128}}}})",
             report});
}

} // namespace openclaw::gateway
