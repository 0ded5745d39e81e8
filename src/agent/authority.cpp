#include "agent/authority.hpp"

#include "agent/approvals.hpp"
#include "agent/exec_rights.hpp"
#include "agent/session_key.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

ports::ToolResult refusal(const Error& error) {
  auto result = ports::text_result(error.text());
  result.is_error = true;
  result.details_json = to_text(json::object{
      {"status", "refused"}, {"kind", kind_name(error.kind)}, {"message", error.message}, {"hint", error.hint}});
  return result;
}

// Models use other names for some arguments; the schema knows only one.
void apply_aliases(json::object& arguments, const ports::Tool& tool) {
  for (const auto& [alias, real] : tool.argument_aliases()) {
    const auto found = arguments.find(alias);
    if (found == arguments.end()) continue;
    auto value = found->value();
    arguments.erase(found);
    if (!arguments.contains(real)) arguments[real] = std::move(value);
  }
}

// What a program found of the owner's secrets ends here: it reaches neither the model nor the transcript.
ports::ToolResult without_secrets(ports::ToolResult result) {
  for (auto& block : result.content)
    if (auto* text = std::get_if<ports::TextBlock>(&block)) text->text = log::redacted(text->text);
  result.details_json = log::redacted(result.details_json);
  return result;
}

} // namespace

ports::Message tool_result_message(const ports::ToolCallBlock& call, ports::ToolResult result, std::int64_t now_ms) {
  ports::Message message;
  message.role = ports::Role::tool_result;
  result = without_secrets(std::move(result));
  message.content = std::move(result.content);
  message.tool_call_id = call.id;
  message.tool_name = call.name;
  message.is_error = result.is_error;
  message.details_json = std::move(result.details_json);
  message.timestamp_ms = now_ms;
  return message;
}

policy::ToolCaller caller_of(std::string_view agent_id, std::string_view session_key) {
  policy::ToolCaller caller;
  caller.agent_id = agent_id;
  const auto parts = split(session_key, ':');
  if (parts.size() < 4 || parts[0] != "agent") return caller;
  caller.subagent = parts[2] == "subagent";
  if (const auto group = group_of(session_key); group && !group->channel.empty()) {
    caller.channel = group->channel;
    caller.group = group->id;
  }
  return caller;
}

std::vector<policy::ToolStage> Authority::rules(const policy::ToolCaller& caller) const {
  return policy::tool_stages(runtime_.config(), caller);
}

policy::ToolVerdict Authority::verdict(const ports::Tool& tool, std::span<const policy::ToolStage> rules) {
  std::vector<std::string> names{tool.spec().name};
  for (auto& alias : tool.aliases())
    names.push_back(std::move(alias));
  return policy::judge_tool(names, rules);
}

std::vector<ports::ToolSpec> Authority::offered(const policy::ToolCaller& caller) const {
  std::vector<ports::ToolSpec> specs;
  const auto stages = rules(caller);
  for (const auto& tool : runtime_.services().registry.tools())
    if (verdict(*tool, stages).available) specs.push_back(tool->spec());
  std::sort(specs.begin(), specs.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return specs;
}

Result<policy::Decision> Authority::judge(const policy::Effect& effect, const std::string& agent_id) const {
  using policy::Decision;
  using policy::Verdict;
  switch (effect.risk) {
  case policy::Risk::read:
  case policy::Risk::write:
    return Decision{Verdict::allow, "It stays inside the agent's workspace, which is versioned.", ""};
  case policy::Risk::network:
    return Decision{Verdict::allow, "It only reads a public page.", ""};
  case policy::Risk::owner:
    return Decision{Verdict::ask, "It changes this program's own rights or settings.", ""};
  case policy::Risk::execute:
    break;
  }
  if (!effect.command) return Decision{Verdict::ask, "It goes to a program that is already running.", ""};
  auto policy = exec_policy(runtime_.settings().exec, runtime_.config(), agent_id);
  TRY(const auto rows, store::command_rules(runtime_.services().database.reader(), agent_id));
  for (const auto& row : rows) {
    policy::CommandRule rule;
    rule.binary = row.binary;
    rule.sha256 = row.binary_sha256;
    const auto arguments = parse_json(row.arguments, "command rule");
    if (!arguments || !arguments->is_array()) continue;
    for (const auto& argument : arguments->get_array())
      if (argument.is_string()) rule.arguments.emplace_back(argument.get_string());
    policy.allow.push_back(std::move(rule));
  }
  return policy::judge_command(*effect.command, policy);
}

Task<ports::Message> Authority::execute(RunInfo run, policy::ToolCaller caller, ports::ToolCallBlock call,
                                        const sandbox::Workspace& workspace) {
  auto& services = runtime_.services();
  const auto now = services.time.now_ms();
  auto* tool = services.registry.find_tool(call.name);
  if (tool) {
    const auto stages = rules(caller);
    const auto decided = verdict(*tool, stages);
    if (!decided.available) {
      const Error error{Kind::denied,
                        fmt::format("The tool {} is not available here: {}", tool->spec().name, decided.reason),
                        "Do it without this tool, or ask the user; the owner can change the rule.",
                        {}};
      co_return tool_result_message(call, refusal(error), now);
    }
  } else {
    std::vector<std::string> known;
    for (const auto& spec : offered(caller))
      known.push_back(spec.name);
    const auto similar = nearest(call.name, known);
    const Error error{Kind::missing,
                      fmt::format("There is no tool \"{}\" here.", printable(call.name, 64)),
                      similar ? fmt::format("Did you mean {}?", *similar)
                              : fmt::format("The tools are: {}.", join(known, ", ")),
                      {}};
    co_return tool_result_message(call, refusal(error), now);
  }
  call.name = tool->spec().name;
  auto parsed =
      parse_json(call.arguments_json.empty() ? std::string("{}") : call.arguments_json, "arguments of the call");
  if (!parsed || !parsed->is_object() || parsed->get_object().contains(ports::kInvalidArguments)) {
    const Error error{Kind::invalid,
                      fmt::format("The arguments of {} are not a JSON object.", call.name),
                      "Send an object that follows the tool's schema.",
                      {}};
    co_return tool_result_message(call, refusal(error), now);
  }
  apply_aliases(parsed->get_object(), *tool);
  const auto schema = parse_json(tool->spec().schema_json, "tool schema");
  if (!schema) co_return fail(Kind::bug, fmt::format("The schema of the tool {} is not valid JSON.", call.name));
  std::string problems;
  for (const auto& problem : check_schema(*parsed, *schema))
    if (!problem.unknown_key)
      problems += fmt::format("\n- {}: {}", problem.path.empty() ? "arguments" : problem.path, problem.message);
  if (!problems.empty()) {
    const Error error{Kind::invalid,
                      fmt::format("The arguments of {} do not fit its schema:{}", call.name, problems),
                      "Correct them and call it again.",
                      {}};
    co_return tool_result_message(call, refusal(error), now);
  }
  auto arguments = to_text(*parsed);
  auto message = co_await execute_checked(std::move(run), std::move(call), tool, std::move(arguments), workspace);
  co_return message;
}

Task<ports::Message> Authority::execute_checked(RunInfo run, ports::ToolCallBlock call, ports::Tool* tool,
                                                std::string arguments, const sandbox::Workspace& workspace) {
  auto& services = runtime_.services();
  auto& events = services.events;
  const auto name = call.name;
  ports::ToolContext context{run.agent_id,
                             run.session_key,
                             run.run_id,
                             call.id,
                             workspace,
                             services.http,
                             services.time,
                             runtime_.background(),
                             [this](std::string_view section) { return runtime_.tool_settings(section); },
                             [&events, run, id = call.id, name](std::string_view tail, std::string details) {
                               events.tool_updated(run, id, name, log::redacted(tail), log::redacted(details));
                             },
                             [runtime = &runtime_, run](std::string notice) {
                               log::info("tools", notice, {{"session", run.session_key}});
                               runtime->add_notice(run.session_key, std::move(notice));
                             }};

  auto effect = co_await tool->preview(arguments, context);
  if (!effect) {
    if (effect.error().kind == Kind::cancelled) co_return std::unexpected(effect.error());
    co_return tool_result_message(call, refusal(effect.error()), services.time.now_ms());
  }
  auto decision = judge(*effect, run.agent_id);
  if (!decision) co_return std::unexpected(decision.error());
  if (decision->verdict == policy::Verdict::deny) {
    const Error error{Kind::denied, decision->reason, decision->remedy, {}};
    co_return tool_result_message(call, refusal(error), services.time.now_ms());
  }
  std::string approval_id;
  if (decision->verdict == policy::Verdict::ask) {
    CO_TRY(const auto answer, co_await runtime_.approvals().ask(run, call.id, *effect, decision->reason,
                                                                runtime_.settings().approval_timeout_ms));
    approval_id = answer.id;
    if (answer.decision == ApprovalDecision::deny || answer.decision == ApprovalDecision::expired) {
      const bool refused = answer.decision == ApprovalDecision::deny;
      const Error error{Kind::denied,
                        refused ? "The user denied this call."
                                : "Nobody approved this call in time, so it was refused.",
                        "Do not try to do the same in another way; ask the user how to go on.",
                        {}};
      co_return tool_result_message(call, refusal(error), services.time.now_ms());
    }
  }

  std::optional<policy::Grant> grant;
  if (effect->risk != policy::Risk::read) {
    // The receipt and the grant's consumption are one commit: after a crash it is known that this may have happened.
    store::ToolReceipt receipt{run.run_id,
                               call.id,
                               run.session_key,
                               run.agent_id,
                               name,
                               std::string(policy::risk_name(effect->risk)),
                               printable(effect->summary, 2000),
                               effect->digest(),
                               std::nullopt};
    const auto now = services.time.now_ms();
    std::function<Result<std::optional<policy::Grant>>(store::Connection&)> begin =
        [receipt, approval_id, now](store::Connection& connection) mutable -> Result<std::optional<policy::Grant>> {
      std::optional<policy::Grant> consumed;
      if (!approval_id.empty()) {
        TRY(consumed, store::consume_approval(connection, approval_id, now));
        if (consumed) receipt.grant_id = consumed->id;
      }
      TRY_VOID(store::start_tool_call(connection, receipt, now));
      return consumed;
    };
    CO_TRY(grant, co_await services.database.write<std::optional<policy::Grant>>(std::move(begin)));
  }
  auto permit = policy::Permit::issue(*decision, std::move(*effect), grant, run.session_key, run.agent_id,
                                      services.time.now_ms());
  if (!permit) co_return tool_result_message(call, refusal(permit.error()), services.time.now_ms());

  const auto started = services.time.monotonic_ms();
  auto result = co_await tool->run(std::move(arguments), std::move(*permit), context);
  metrics::histogram("openclaw_tool_duration_seconds", "Duration of tool calls.", fmt::format("tool=\"{}\"", name))
      .observe_ms(services.time.monotonic_ms() - started);
  if (!result) {
    if (result.error().kind == Kind::cancelled) co_return std::unexpected(result.error());
    co_return tool_result_message(call, refusal(result.error()), services.time.now_ms());
  }
  co_return tool_result_message(call, std::move(*result), services.time.now_ms());
}

} // namespace openclaw::agent
