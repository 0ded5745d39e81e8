// Every client that may read gets every session's events here; 2026.9 clients ask for them first and need to hear yes.
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> subscribe(Call) {
  co_return json::value(json::object{{"subscribed", true}});
}
Task<json::value> unsubscribe(Call) {
  co_return json::value(json::object{{"subscribed", false}});
}
Task<json::value> subscribe_to_one(Call call) {
  CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "key")));
  co_return json::value(json::object{{"subscribed", true}, {"key", key.canonical}});
}
Task<json::value> unsubscribe_from_one(Call call) {
  CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "key")));
  co_return json::value(json::object{{"subscribed", false}, {"key", key.canonical}});
}

} // namespace

void register_sessions_subscribe(MethodTable& table) {
  constexpr const char* one_key =
      R"({"type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":1}}})";
  table.add({"sessions.subscribe", Scope::read, R"({"type":"object"})", subscribe});
  table.add({"sessions.unsubscribe", Scope::read, R"({"type":"object"})", unsubscribe});
  table.add({"sessions.messages.subscribe", Scope::read, one_key, subscribe_to_one});
  table.add({"sessions.messages.unsubscribe", Scope::read, one_key, unsubscribe_from_one});
}

} // namespace openclaw::gateway
