#include "gateway/attachments.hpp"
#include "gateway/delivery.hpp"
#include "gateway/receipt.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> send(Call call) {
  messaging::Inbound message;
  message.dedupe_key = string_or(call.params, "idempotencyKey");
  message.session_key = string_or(call.params, "sessionKey");
  message.text = string_or(call.params, "message");
  message.thinking = string_or(call.params, "thinking");
  message.timeout_ms = integer_or(call.params, "timeoutMs", 0);
  message.trace = call.trace;
  CO_TRY_VOID(add_attachments(call.services, call.params, message));
  CO_TRY_VOID(add_delivery(call.services, call.params, message));
  CO_TRY(const auto receipt, co_await call.services.messaging.receive(std::move(message)));
  co_return receipt_to_json(receipt);
}

Task<json::value> retry(Call call) {
  auto session_key = string_or(call.params, "sessionKey");
  auto run_id = string_or(call.params, "runId");
  auto dedupe_key = string_or(call.params, "idempotencyKey");
  CO_TRY(const auto receipt, co_await call.services.messaging.retry(std::move(session_key), std::move(run_id),
                                                                    std::move(dedupe_key), call.trace));
  co_return receipt_to_json(receipt);
}

} // namespace

void register_chat_send(MethodTable& table) {
  table.add({"chat.send", Scope::write,
             R"({"type":"object","required":["sessionKey","message","idempotencyKey"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"message":{"type":"string"},"thinking":{"type":"string"},"deliver":{"type":"boolean"},
    "attachments":{"type":"array","items":{"type":"object","required":["content"],"properties":{"type":{"type":"string"},
      "mimeType":{"type":"string"},"fileName":{"type":"string"},"content":{"type":"string"}}}},"timeoutMs":{"type":"integer","minimum":0},"idempotencyKey":{"type":"string","minLength":1}}})",
             send});
  table.add({"chat.retry", Scope::write,
             R"({"type":"object","required":["sessionKey","runId","idempotencyKey"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"runId":{"type":"string","minLength":1},"idempotencyKey":{"type":"string","minLength":1}}})",
             retry});
}

} // namespace openclaw::gateway
