// People who ask to talk to an agent through a messenger, and those who may. Not devices: those are device.pair.*.
#include "gateway/services.hpp"
#include "store/channels.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> pairing_list(Call call) {
  auto& reader = call.services.database.reader();
  CO_TRY(const auto requests, store::pairing_requests(reader, call.services.time.now_ms()));
  CO_TRY(const auto allowed, store::allowed_senders(reader));
  json::array pending, senders;
  for (const auto& request : requests)
    pending.push_back(json::object{{"channel", request.of.channel},
                                   {"accountId", request.of.account},
                                   {"sender", request.sender},
                                   {"name", request.name},
                                   {"code", request.code},
                                   {"createdAtMs", request.created_ms},
                                   {"expiresAtMs", request.created_ms + store::kPairingTtlMs}});
  for (const auto& sender : allowed)
    senders.push_back(json::object{{"channel", sender.of.channel},
                                   {"accountId", sender.of.account},
                                   {"sender", sender.sender},
                                   {"name", sender.name},
                                   {"allowedAtMs", sender.created_ms}});
  co_return json::value(json::object{{"pending", std::move(pending)}, {"allowed", std::move(senders)}});
}

Task<json::value> pairing_approve(Call call) {
  if (!call.services.channels) co_return fail(Kind::missing, "There are no messengers in this gateway.");
  const auto& facts = call.connection->facts();
  auto by = facts.device_id.empty() ? facts.id : facts.device_id;
  CO_TRY(const auto request, co_await call.services.channels->pairing().approve(
                                 string_or(call.params, "channel"), string_or(call.params, "code"), std::move(by)));
  co_return json::value(json::object{{"ok", true},
                                     {"channel", request.of.channel},
                                     {"accountId", request.of.account},
                                     {"sender", request.sender},
                                     {"name", request.name}});
}

Task<json::value> pairing_revoke(Call call) {
  const store::AccountName of{string_or(call.params, "channel"), string_or(call.params, "accountId", "default")};
  const auto sender = string_or(call.params, "sender");
  std::function<Result<bool>(store::Connection&)> work = [=](store::Connection& connection) {
    return store::disallow_sender(connection, of, sender);
  };
  CO_TRY(const bool removed, co_await call.services.database.write<bool>(std::move(work)));
  if (!removed)
    co_return fail(Kind::missing, "This person was not let in by pairing.", "See who was: openclaw pairing list");
  co_return json::value(json::object{{"ok", true}});
}

} // namespace

void register_pairing(MethodTable& table) {
  constexpr const char* approve = R"({"type":"object","required":["channel","code"],"additionalProperties":false,
    "properties":{"channel":{"type":"string","maxLength":64},"code":{"type":"string","minLength":8,"maxLength":8}}})";
  constexpr const char* revoke = R"({"type":"object","required":["channel","sender"],"additionalProperties":false,
    "properties":{"channel":{"type":"string","maxLength":64},"accountId":{"type":"string","maxLength":64},"sender":{"type":"string","maxLength":256}}})";
  table.add({"pairing.list", Scope::pairing, R"({"type":"object"})", pairing_list});
  table.add({"pairing.approve", Scope::pairing, approve, pairing_approve});
  table.add({"pairing.revoke", Scope::pairing, revoke, pairing_revoke});
}

} // namespace openclaw::gateway
