#include "base/text.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

// {tools:[{name, description, risk?, allowed?, reason?, schema?}]}
Result<int> show_tools(Invocation& invocation, std::string_view wanted) {
  TRY(const auto answer, call_gateway(invocation, "tools.list", {}));
  auto& output = invocation.output();
  const auto* tools = find(answer, "tools");
  if (!tools || !tools->is_array())
    return fail(Kind::remote, "The gateway did not list its tools.", "It may be of another version.");
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  for (const auto& tool : tools->get_array()) {
    const auto name = string_or(tool, "name");
    const bool allowed = bool_or(tool, "allowed", true);
    if (name == wanted) {
      if (output.json()) {
        output.value(tool);
        return 0;
      }
      output.line(output.styled(Style::bold, terminal_safe(name)));
      output.line(terminal_safe(string_or(tool, "description")));
      output.line(allowed ? "Allowed." : "Not allowed.");
      if (const auto reason = string_or(tool, "reason"); !reason.empty()) output.line(terminal_safe(reason));
      if (const auto* schema = find(tool, "schema")) output.value(*schema);
      return 0;
    }
    names.push_back(name);
    auto first_line = string_or(tool, "description");
    first_line = first_line.substr(0, first_line.find('\n'));
    rows.push_back({name, allowed ? "yes" : "no", string_or(tool, "risk"), first_line});
  }
  if (!wanted.empty()) {
    const auto near = nearest(wanted, names);
    return fail(Kind::missing,
                fmt::format("There is no tool \"{}\"{}", printable(wanted, 60),
                            near ? fmt::format("; did you mean \"{}\"?", *near) : "."),
                "openclaw tools list shows them.");
  }
  if (output.json())
    output.value(answer);
  else
    output.table({{"Tool"}, {"Allowed"}, {"Risk"}, {"What it does"}}, rows);
  return 0;
}

int list(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  const auto status = show_tools(invocation, "");
  return status ? *status : invocation.fail_with(status.error());
}

int explain(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(1, 1); !checked) return invocation.fail_with(checked.error());
  const auto status = show_tools(invocation, invocation.argument(0));
  return status ? *status : invocation.fail_with(status.error());
}

} // namespace

void register_tools(CommandTable& table) {
  table.add({"tools list", "List the tools that agents have.", "", gateway_call_options(), list, true});
  table.add(
      {"tools explain", "Say what a tool does and whether it is allowed.", "NAME", gateway_call_options(), explain});
}

} // namespace openclaw::cli
