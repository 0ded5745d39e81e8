#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

std::vector<Option> caller_options() {
  return gateway_call_options(
      {{"agent", 0, "ID", "Of which agent; the default one without it."},
       {"session", 0, "KEY", "In which session: a group's and a subagent's have rules of their own."},
       {"provider", 0, "NAME", "With a model of this provider (tools.byProvider)."},
       {"model", 0, "NAME", "With this model."},
       {"sender", 0, "ID", "For this sender in a group (toolsBySender)."}});
}

json::object caller_of(const Invocation& invocation) {
  json::object params;
  for (const auto& [option, field] : {std::pair{"agent", "agentId"},
                                      {"session", "sessionKey"},
                                      {"provider", "provider"},
                                      {"model", "model"},
                                      {"sender", "sender"}})
    if (const auto value = invocation.value(option)) params[field] = *value;
  return params;
}

void show_warnings(Output& output, const json::value& answer) {
  if (const auto* warnings = find(answer, "warnings"); warnings && warnings->is_array())
    for (const auto& warning : warnings->get_array())
      if (warning.is_string()) output.note(terminal_safe("warning: " + std::string(warning.get_string())));
}

// {tools:[{name, description, risk, allowed, rule, reason, command, schema}], warnings:[text]}
Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "tools.list", caller_of(invocation)));
  auto& output = invocation.output();
  const auto* tools = find(answer, "tools");
  if (!tools || !tools->is_array())
    return fail(Kind::remote, "The gateway did not list its tools.", "It may be of another version.");
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& tool : tools->get_array()) {
    auto first_line = string_or(tool, "description");
    first_line = first_line.substr(0, first_line.find('\n'));
    rows.push_back({string_or(tool, "name"), bool_or(tool, "allowed", true) ? "yes" : "no", string_or(tool, "risk"),
                    string_or(tool, "rule"), first_line});
  }
  output.table({{"Tool"}, {"Allowed"}, {"Risk"}, {"Decided by"}, {"What it does"}}, rows);
  show_warnings(output, answer);
  return 0;
}

// The same for one tool, with rules:[{path, passes, says}] in the order of evaluation.
Result<int> explain(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  auto params = caller_of(invocation);
  params["tool"] = invocation.argument(0);
  TRY(const auto tool, call_gateway(invocation, "tools.explain", std::move(params)));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(tool);
    return 0;
  }
  const bool allowed = bool_or(tool, "allowed", false);
  output.line(output.styled(Style::bold, terminal_safe(string_or(tool, "name"))));
  output.line(terminal_safe(string_or(tool, "description")));
  output.line();
  output.line(fmt::format("{} {}",
                          output.styled(allowed ? Style::green : Style::red, allowed ? "Allowed." : "Not allowed."),
                          terminal_safe(string_or(tool, "reason"))));
  if (const auto risk = string_or(tool, "risk"); !risk.empty()) output.line("Risk: " + terminal_safe(risk));
  output.line("Decided by: " + terminal_safe(string_or(tool, "rule")));
  output.line(fmt::format("To {} it: {}", allowed ? "forbid" : "allow", terminal_safe(string_or(tool, "command"))));
  if (const auto* rules = find(tool, "rules"); rules && rules->is_array() && !rules->get_array().empty()) {
    output.line();
    std::vector<std::vector<std::string>> rows;
    for (const auto& rule : rules->get_array())
      rows.push_back({string_or(rule, "path"), bool_or(rule, "passes", false) ? "yes" : "no", string_or(rule, "says")});
    output.table({{"Rule"}, {"Passes"}, {"What it says"}}, rows);
  }
  if (const auto* schema = find(tool, "schema")) {
    output.line();
    output.value(*schema);
  }
  show_warnings(output, tool);
  return 0;
}

} // namespace

void register_tools(CommandTable& table) {
  table.add({"tools list", "List the tools that agents have.", "", caller_options(), reporting(list), true});
  table.add({"tools explain", "Say whether a tool is allowed, which rule decides, and how to change it.", "NAME",
             caller_options(), reporting(explain)});
}

} // namespace openclaw::cli
