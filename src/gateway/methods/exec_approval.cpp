// Unknown parameters are refused here: nobody may think that a word of theirs narrowed what they allowed.
#include "agent/approvals.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_approvals(Call call) {
  CO_TRY(const auto pending, call.services.runtime.approvals().pending());
  json::array approvals;
  for (const auto& request : pending)
    approvals.push_back(approval_to_json(request));
  co_return json::value(json::object{{"approvals", std::move(approvals)}});
}

Task<json::value> resolve(Call call) {
  const auto word = string_or(call.params, "decision");
  const auto decision = word == "allow-once"     ? agent::ApprovalDecision::allow_once
                        : word == "allow-always" ? agent::ApprovalDecision::allow_always
                                                 : agent::ApprovalDecision::deny;
  auto id = string_or(call.params, "id");
  auto by = call.connection ? call.connection->facts().name : std::string("gateway");
  CO_TRY(const bool remembered,
         co_await call.services.runtime.approvals().resolve(std::move(id), decision, std::move(by)));
  json::object answer{{"ok", true}};
  if (decision == agent::ApprovalDecision::allow_always) answer["remembered"] = remembered;
  co_return json::value(std::move(answer));
}

} // namespace

void register_exec_approval(MethodTable& table) {
  table.add({"exec.approval.list", Scope::approvals, R"({"type":"object"})", list_approvals});
  table.add({"exec.approval.resolve", Scope::approvals,
             R"({"type":"object","required":["id","decision"],"additionalProperties":false,"properties":{
    "id":{"type":"string","minLength":1},"decision":{"enum":["allow-once","allow-always","deny"]}}})",
             resolve});
}

} // namespace openclaw::gateway
