// `agent` answers twice with the same id: accepted at once, and the outcome when the run has ended. `agent.wait` waits
// for any run.
#include "gateway/attachments.hpp"
#include "gateway/delivery.hpp"
#include "gateway/services.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kLongestWaitMs = 24LL * 3600 * 1000;
constexpr std::int64_t kWaitMs = 30'000;

// The session is named by its key, by its id, by the agent alone, or not at all.
Result<std::string> session_of(Services& services, const json::object& params) {
  if (auto key = string_or(params, "sessionKey"); !key.empty()) return key;
  if (const auto id = string_or(params, "sessionId"); !id.empty()) {
    TRY(const auto rows, store::list_sessions(services.database.reader(), 10'000));
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& other) { return other.session_id == id; });
    if (row == rows.end())
      return fail(Kind::missing, fmt::format("There is no session with the id {}.", id.substr(0, 64)),
                  "See the sessions with: openclaw sessions");
    return row->key;
  }
  if (const auto agent_id = string_or(params, "agentId"); !agent_id.empty())
    return fmt::format("agent:{}:main", agent_id);
  return std::string("main");
}

json::object result_of(const agent::RunOutcome& outcome, const std::string& session_id) {
  const auto& answer = outcome.answer;
  json::array payloads;
  if (const auto text = ports::text_of(answer); !text.empty())
    payloads.push_back(json::object{{"text", text}, {"mediaUrl", nullptr}});
  const auto& usage = answer.usage;
  json::object meta{{"durationMs", std::max<std::int64_t>(outcome.ended_ms - outcome.started_ms, 0)},
                    {"agentMeta",
                     {{"sessionId", session_id},
                      {"provider", answer.provider},
                      {"model", answer.model},
                      {"usage",
                       {{"input", usage.input},
                        {"output", usage.output},
                        {"cacheRead", usage.cache_read},
                        {"cacheWrite", usage.cache_write},
                        {"total", usage.total()}}}}},
                    {"aborted", outcome.status == "aborted"}};
  return {{"payloads", std::move(payloads)}, {"meta", std::move(meta)}};
}

Task<json::value> run_agent(Call call) {
  auto& services = call.services;
  CO_TRY(auto written, session_of(services, call.params));
  messaging::Inbound message;
  message.dedupe_key = string_or(call.params, "idempotencyKey");
  message.session_key = std::move(written);
  message.text = string_or(call.params, "message");
  message.thinking = string_or(call.params, "thinking");
  message.extra_system_prompt = string_or(call.params, "extraSystemPrompt");
  message.timeout_ms = integer_or(call.params, "timeout", 0) * 1000;
  message.trace = call.trace;
  CO_TRY_VOID(add_attachments(services, call.params, message));
  CO_TRY_VOID(add_delivery(services, call.params, message));
  if (bool_or(call.params, "deliver", false) && message.delivery.empty())
    co_return fail(Kind::invalid,
                   "This session has had no message from a messenger, so there is nowhere to deliver to.",
                   "Name the place with channel and to, or leave out deliver: the answer comes back here.");
  CO_TRY(const auto receipt, co_await services.messaging.receive(std::move(message)));
  if (receipt.state == messaging::Receipt::State::stopped) {
    const json::object stopped{{"runId", string_or(call.params, "idempotencyKey")},
                               {"status", "ok"},
                               {"summary", "completed"},
                               {"result", {{"payloads", json::array()}, {"meta", {{"aborted", true}}}}}};
    co_return json::value(stopped);
  }
  const auto run_id = receipt.run_id;
  CO_TRY(const auto key, services.messaging.canonical(receipt.session_key));
  call.answer_early(json::object{{"runId", run_id},
                                 {"status", "accepted"},
                                 {"acceptedAt", services.time.now_ms()},
                                 {"sessionKey", key.canonical},
                                 {"agentId", key.agent_id}});

  auto ended = co_await services.runtime.wait(run_id, kLongestWaitMs);
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->status == "ok") {
    CO_TRY(const auto session, store::find_session(services.database.reader(), key.canonical));
    co_return json::value(json::object{{"runId", run_id},
                                       {"status", "ok"},
                                       {"summary", "completed"},
                                       {"result", result_of(*ended, session ? session->session_id : "")}});
  }
  if (ended->status == "aborted") {
    co_return json::value(
        json::object{{"runId", run_id}, {"status", "ok"}, {"summary", "aborted"}, {"result", result_of(*ended, "")}});
  }
  const auto summary = ended->error.empty() ? std::string("The run failed.") : ended->error;
  *call.failure_payload = json::object{{"runId", run_id}, {"status", "error"}, {"summary", summary}};
  co_return fail(ended->status == "timeout" ? Kind::timeout : Kind::remote, summary, "",
                 ended->status == "timeout" ? "AGENT_TIMEOUT" : "");
}

Task<json::value> wait_for_agent(Call call) {
  const auto run_id = string_or(call.params, "runId");
  const auto timeout = std::min(integer_or(call.params, "timeoutMs", kWaitMs), kLongestWaitMs);
  auto ended = co_await call.services.runtime.wait(run_id, timeout);
  // A run that nobody knows (yet) looks to clients like one that has not ended.
  if (!ended && (ended.error().kind == Kind::timeout || ended.error().kind == Kind::missing))
    co_return json::value(json::object{{"runId", run_id}, {"status", "timeout"}});
  if (!ended) co_return std::unexpected(ended.error());
  json::object payload{{"runId", run_id}, {"status", ended->status == "ok" ? "ok" : "error"}};
  if (ended->started_ms > 0) payload["startedAt"] = ended->started_ms;
  if (ended->ended_ms > 0) payload["endedAt"] = ended->ended_ms;
  if (ended->status != "ok") payload["error"] = ended->error.empty() ? ended->status : ended->error;
  co_return json::value(std::move(payload));
}

} // namespace

void register_agent(MethodTable& table) {
  table.add({"agent", Scope::write, R"({"type":"object","required":["message","idempotencyKey"],"properties":{
    "message":{"type":"string","minLength":1},"agentId":{"type":"string"},"sessionId":{"type":"string"},"sessionKey":{"type":"string"},
    "thinking":{"type":"string"},"deliver":{"type":"boolean"},"to":{"type":"string","maxLength":256},"replyTo":{"type":"string","maxLength":256},
    "channel":{"type":"string"},"replyChannel":{"type":"string"},"accountId":{"type":"string"},"replyAccountId":{"type":"string"},"threadId":{"type":"string","maxLength":150},
    "timeout":{"type":"integer","minimum":0,"maximum":86400},
    "extraSystemPrompt":{"type":"string","maxLength":100000},
    "attachments":{"type":"array","items":{"type":"object","required":["content"]}},"idempotencyKey":{"type":"string","minLength":1}}})",
             run_agent});
  table.add({"agent.wait", Scope::write, R"({"type":"object","required":["runId"],"properties":{
    "runId":{"type":"string","minLength":1},"timeoutMs":{"type":"integer","minimum":0}}})",
             wait_for_agent});
}

} // namespace openclaw::gateway
