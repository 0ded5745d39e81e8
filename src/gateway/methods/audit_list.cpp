#include "gateway/services.hpp"
#include "store/journal.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_journal(Call call) {
  store::JournalQuery query;
  query.since_ms = integer_or(call.params, "sinceMs", 0);
  query.agent_id = string_or(call.params, "agentId");
  query.session_key = string_or(call.params, "sessionKey");
  query.limit = integer_or(call.params, "limit", query.limit);
  CO_TRY(const auto entries, store::journal(call.services.database.reader(), query));
  json::array rows;
  for (const auto& entry : entries)
    rows.push_back(json::object{{"sequence", entry.sequence},
                                {"time", entry.time_ms},
                                {"actor", entry.actor},
                                {"behalf", entry.behalf},
                                {"agentId", entry.agent_id},
                                {"sessionKey", entry.session_key},
                                {"runId", entry.run_id},
                                {"action", entry.action},
                                {"subject", entry.subject},
                                {"outcome", entry.outcome},
                                {"costMicroUsd", entry.cost_micro_usd},
                                {"hash", entry.hash}});
  co_return json::value(json::object{{"entries", std::move(rows)}});
}

} // namespace

void register_audit_list(MethodTable& table) {
  table.add({"audit.list", Scope::admin,
             R"({"type":"object","additionalProperties":false,"properties":{
    "sinceMs":{"type":"integer","minimum":0},"agentId":{"type":"string"},"sessionKey":{"type":"string"},
    "limit":{"type":"integer","minimum":1,"maximum":10000}}})",
             list_journal});
}

} // namespace openclaw::gateway
