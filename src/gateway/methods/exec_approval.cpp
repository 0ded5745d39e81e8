// Unknown parameters are refused here: nobody may think that a word of theirs narrowed what they allowed.
#include "agent/approvals.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kAskMs = 120'000; // as OpenClaw 2026.1.30

Task<json::value> list_approvals(Call call) {
  CO_TRY(const auto pending, call.services.runtime.approvals().pending());
  json::array approvals;
  for (const auto& request : pending)
    approvals.push_back(approval_to_json(request));
  CO_TRY(const auto lost, call.services.runtime.approvals().lost_by_restart());
  json::array expired;
  for (const auto& request : lost)
    expired.push_back(approval_to_json(request));
  co_return json::value(json::object{{"approvals", std::move(approvals)}, {"lostByRestart", std::move(expired)}});
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

// A program outside asks a person through this gateway: it waits for the answer and runs nothing here. The command is
// a text that somebody else will run, so "always" stores no rule about it.
Task<json::value> request(Call call) {
  auto& services = call.services;
  const auto& params = call.params;
  const auto text = [&params](std::string_view key) { return string_or(params, key); };
  const auto session = text("sessionKey");
  CO_TRY(const auto key, services.messaging.canonical(session.empty() ? "main" : session));
  const auto agent_id = text("agentId");
  if (!agent_id.empty() && !services.runtime.settings().find_agent(agent_id))
    co_return fail(Kind::missing, "There is no such agent.", "See the agents with: openclaw config get agents.list");
  policy::Effect effect;
  effect.risk = policy::Risk::execute;
  effect.tool = "exec";
  effect.summary = text("command");
  policy::CommandEffect command;
  command.through_shell = true;
  command.directory = text("cwd");
  command.target = text("host").empty() ? "client" : printable(text("host"), 64);
  effect.command = std::move(command);
  agent::RunInfo run{"", key.canonical, agent_id.empty() ? key.agent_id : agent_id, session};
  auto reason = fmt::format("{} asks before it runs this.", printable(call.connection->facts().name, 64));
  const auto created = services.time.now_ms();
  const auto timeout = integer_or(params, "timeoutMs", kAskMs);
  auto answer = co_await services.runtime.approvals().ask(std::move(run), call.request_id, std::move(effect),
                                                          std::move(reason), timeout);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  const bool expired = answer->decision == agent::ApprovalDecision::expired;
  co_return json::value(
      json::object{{"id", answer->id},
                   {"decision", expired ? json::value(nullptr) : json::value(agent::decision_name(answer->decision))},
                   {"createdAtMs", created},
                   {"expiresAtMs", created + timeout}});
}

} // namespace

void register_exec_approval(MethodTable& table) {
  table.add({"exec.approval.request", Scope::approvals,
             R"({"type":"object","required":["command"],"additionalProperties":false,"properties":{
    "id":{"type":"string"},"command":{"type":"string","minLength":1,"maxLength":100000},"cwd":{"type":["string","null"]},"host":{"type":["string","null"]},
    "security":{"type":["string","null"]},"ask":{"type":["string","null"]},"agentId":{"type":["string","null"]},
    "resolvedPath":{"type":["string","null"]},"sessionKey":{"type":["string","null"]},
    "timeoutMs":{"type":"integer","minimum":1,"maximum":86400000}}})",
             request});
  table.add({"exec.approval.list", Scope::approvals, R"({"type":"object"})", list_approvals});
  table.add({"exec.approval.resolve", Scope::approvals,
             R"({"type":"object","required":["id","decision"],"additionalProperties":false,"properties":{
    "id":{"type":"string","minLength":1},"decision":{"enum":["allow-once","allow-always","deny"]}}})",
             resolve});
}

} // namespace openclaw::gateway
