// What people do with messengers besides talking: look up, react, edit, take away, link and unlink.
#include "base/qr_code.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kLongestWaitMs = 10 * 60 * 1000;

Result<messaging::Actions*> actions_of(const Call& call) {
  if (!call.services.channels) return fail(Kind::missing, "There are no messengers in this gateway.");
  return &call.services.channels->actions();
}

std::string_view kind_word(ports::ChatKind kind) {
  return kind == ports::ChatKind::direct ? "user" : kind == ports::ChatKind::group ? "group" : "channel";
}

Task<json::value> directory_find(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  const bool people = string_or(call.params, "kind") == "peers";
  CO_TRY(const auto entries,
         co_await actions->find(string_or(call.params, "channel"), string_or(call.params, "accountId"), people,
                                string_or(call.params, "query"),
                                static_cast<std::size_t>(integer_or(call.params, "limit", 50))));
  json::array list;
  for (const auto& entry : entries) {
    json::object one{{"kind", kind_word(entry.kind)}, {"id", entry.id}};
    if (!entry.name.empty()) one["name"] = entry.name;
    if (!entry.handle.empty()) one["handle"] = entry.handle;
    list.push_back(std::move(one));
  }
  co_return json::value(json::object{{"entries", std::move(list)}});
}

Task<json::value> directory_self(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  CO_TRY(const auto who,
         co_await actions->probe(string_or(call.params, "channel"), string_or(call.params, "accountId")));
  co_return json::value(json::object{{"kind", "user"}, {"name", who}});
}

Task<json::value> message_action(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  messaging::MessagePlace place{string_or(call.params, "channel"), string_or(call.params, "accountId"),
                                string_or(call.params, "to"), string_or(call.params, "messageId")};
  const auto action = string_or(call.params, "action");
  if (action == "react")
    CO_TRY_VOID(co_await actions->react(std::move(place), string_or(call.params, "emoji"),
                                        bool_or(call.params, "remove", false)));
  else if (action == "edit")
    CO_TRY_VOID(co_await actions->edit(std::move(place), string_or(call.params, "message")));
  else
    CO_TRY_VOID(co_await actions->remove(std::move(place)));
  co_return json::value(json::object{{"ok", true}, {"action", action}});
}

Task<json::value> log_out(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  auto channel = string_or(call.params, "channel");
  auto account = string_or(call.params, "accountId", "default");
  CO_TRY_VOID(co_await actions->log_out(channel, account));
  co_return json::value(json::object{{"channel", channel}, {"accountId", account}, {"cleared", true}});
}

Task<json::value> log_in(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  CO_TRY_VOID(actions->wake(string_or(call.params, "channel"), string_or(call.params, "accountId")));
  co_return json::value(json::object{{"ok", true}});
}

Task<json::value> forget(Call call) {
  CO_TRY(auto* actions, actions_of(call));
  CO_TRY_VOID(co_await actions->forget(string_or(call.params, "channel"), string_or(call.params, "accountId")));
  co_return json::value(json::object{{"ok", true}});
}

// The account that is linked by a code: the first whose channel has such a login.
Result<std::shared_ptr<messaging::Account>> linked_account(const Call& call) {
  if (call.services.channels)
    for (const auto& status : call.services.channels->accounts().status()) {
      const auto wanted = string_or(call.params, "accountId", status.settings.account);
      auto account = call.services.channels->accounts().find(status.settings.channel, status.settings.account);
      if (account && wanted == status.settings.account && account->channel().login()) return account;
    }
  return fail(Kind::missing, "web login provider is not available",
              "Set a channel with a login up first: openclaw channels add whatsapp");
}

json::value login_state(const messaging::AccountHealth& health) {
  json::object state{{"connected", health.state == ports::LinkState::up}};
  state["message"] = health.state == ports::LinkState::up ? "Linked as " + health.who + "."
                     : !health.todo.empty()               ? health.todo
                     : !health.last_error.empty()         ? health.last_error
                                                          : std::string("It is connecting.");
  if (!health.qr.empty())
    if (const auto code = QrCode::of(health.qr)) {
      const auto picture = code->svg();
      const std::span bytes(reinterpret_cast<const std::uint8_t*>(picture.data()), picture.size());
      state["qrDataUrl"] = "data:image/svg+xml;base64," + to_base64(bytes);
    }
  return state;
}

// Waits until there is a code or a connection (start), or a connection only (wait).
Task<json::value> wait_for_login(Call call, bool code_is_enough) {
  CO_TRY(const auto account, linked_account(call));
  auto& time = call.services.time;
  const auto until =
      time.monotonic_ms() + std::clamp<std::int64_t>(integer_or(call.params, "timeoutMs", 30'000), 0, kLongestWaitMs);
  if (code_is_enough) account->wake();
  while (time.monotonic_ms() < until && account->health().state != ports::LinkState::up &&
         !(code_is_enough && !account->health().qr.empty()))
    CO_TRY_VOID(co_await time.sleep_ms(200));
  co_return login_state(account->health());
}
Task<json::value> login_start(Call call) {
  auto state = co_await wait_for_login(std::move(call), true);
  co_return state;
}
Task<json::value> login_wait(Call call) {
  auto state = co_await wait_for_login(std::move(call), false);
  co_return state;
}

} // namespace

void register_channels_actions(MethodTable& table) {
  constexpr const char* account = R"({"type":"object","required":["channel"],"properties":{
    "channel":{"type":"string","minLength":1,"maxLength":64},"accountId":{"type":"string","maxLength":64}}})";
  constexpr const char* directory = R"({"type":"object","required":["channel","kind"],"properties":{
    "channel":{"type":"string","minLength":1,"maxLength":64},"accountId":{"type":"string","maxLength":64},
    "kind":{"enum":["peers","groups"]},"query":{"type":"string","maxLength":200},
    "limit":{"type":"integer","minimum":1,"maximum":200}}})";
  constexpr const char* action = R"({"type":"object","required":["channel","to","messageId","action"],"properties":{
    "channel":{"type":"string","minLength":1,"maxLength":64},"accountId":{"type":"string","maxLength":64},
    "to":{"type":"string","minLength":1,"maxLength":256},"messageId":{"type":"string","minLength":1,"maxLength":256},
    "action":{"enum":["react","edit","delete"]},"emoji":{"type":"string","maxLength":64},"remove":{"type":"boolean"},
    "message":{"type":"string"}}})";
  constexpr const char* login =
      R"({"type":"object","properties":{"timeoutMs":{"type":"integer","minimum":0},"accountId":{"type":"string"}}})";
  table.add({"directory.find", Scope::read, directory, directory_find});
  table.add({"directory.self", Scope::read, account, directory_self});
  table.add({"message.action", Scope::write, action, message_action});
  table.add({"channels.login", Scope::admin, account, log_in});
  table.add({"channels.logout", Scope::admin, account, log_out});
  table.add({"channels.forget", Scope::admin, account, forget});
  table.add({"web.login.start", Scope::admin, login, login_start});
  table.add({"web.login.wait", Scope::admin, login, login_wait});
}

} // namespace openclaw::gateway
