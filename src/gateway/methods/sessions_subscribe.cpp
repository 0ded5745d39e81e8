// Which sessions' events a connection gets besides `chat` and `agent`, which go to everybody who may read.
#include "gateway/connection.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> subscribe(Call call) {
  call.connection->client()->follow_all(true);
  co_return json::value(json::object{{"subscribed", true}});
}
Task<json::value> unsubscribe(Call call) {
  call.connection->client()->follow_all(false);
  co_return json::value(json::object{{"subscribed", false}});
}
Task<json::value> subscribe_to_one(Call call) {
  CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "key")));
  if (!call.connection->client()->follow(key.canonical))
    co_return fail(Kind::busy, "This connection follows 200 sessions already.",
                   "Give some up with sessions.messages.unsubscribe, or follow all of them with sessions.subscribe.");
  co_return json::value(json::object{{"subscribed", true}, {"key", key.canonical}});
}
Task<json::value> unsubscribe_from_one(Call call) {
  CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "key")));
  call.connection->client()->unfollow(key.canonical);
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
