#include "agent/notice.hpp"
#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

Task<json::value> inject(Call call) {
  auto& services = call.services;
  const auto written = string_or(call.params, "sessionKey");
  CO_TRY(const auto key, services.messaging.canonical(written));
  auto text = string_or(call.params, "message");
  if (const auto label = string_or(call.params, "label"); !label.empty()) text = fmt::format("[{}]\n\n{}", label, text);
  const auto message = agent::injected_message(std::move(text), services.time.now_ms());
  auto* random = &services.random;
  std::function<Result<std::string>(store::Connection&)> append =
      [=](store::Connection& connection) -> Result<std::string> {
    TRY(const auto session, store::find_session(connection, key.canonical));
    if (!session) return fail(Kind::missing, "There is no such session.", "A session begins with its first message.");
    TRY(const auto entry, agent::append_message(connection, session->session_id, "", message, *random));
    return entry.entry_id;
  };
  CO_TRY(const auto id, co_await services.database.write<std::string>(std::move(append)));
  const agent::RunInfo run{"inject-" + id, key.canonical, key.agent_id, written};
  services.runtime.services().events.finished(run, message);
  co_return json::value(json::object{{"ok", true}, {"messageId", id}});
}

} // namespace

void register_chat_inject(MethodTable& table) {
  table.add({"chat.inject", Scope::admin, R"({"type":"object","required":["sessionKey","message"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"message":{"type":"string","minLength":1},"label":{"type":"string","maxLength":100}}})",
             inject});
}

} // namespace openclaw::gateway
