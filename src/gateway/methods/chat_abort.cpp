#include "gateway/receipt.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> abort_runs(Call call) {
  CO_TRY(const auto key, call.services.messaging.canonical(string_or(call.params, "sessionKey")));
  co_return stopped_to_json(call.services.runtime.abort(key.canonical, string_or(call.params, "runId"), "rpc"));
}

} // namespace

void register_chat_abort(MethodTable& table) {
  table.add({"chat.abort", Scope::write, R"({"type":"object","required":["sessionKey"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"runId":{"type":"string"}}})",
             abort_runs});
}

} // namespace openclaw::gateway
