// Names and ids of people and groups in messengers, as allowlists and targets take them.
#include "cli/channel_choice.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> self(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(auto params, channel_params(invocation));
  TRY(const auto answer, call_gateway(invocation, "directory.self", std::move(params)));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(terminal_safe(string_or(answer, "name")));
  return 0;
}

Result<int> find_entries(Invocation& invocation, std::string_view kind) {
  // OpenClaw writes `directory peers list`; there is nothing else to do with them.
  TRY_VOID(invocation.expect_arguments(0, 1));
  if (!invocation.arguments().empty() && invocation.argument(0) != "list")
    return fail(Kind::invalid, fmt::format("\"{}\" is unknown here.", terminal_safe(invocation.argument(0))),
                fmt::format("openclaw directory {} list", kind));
  TRY(auto params, channel_params(invocation));
  TRY(const auto limit, invocation.integer("limit", 50, 1, 200));
  params["kind"] = kind;
  params["limit"] = limit;
  if (const auto query = invocation.value("query")) params["query"] = *query;
  TRY(const auto answer, call_gateway(invocation, "directory.find", std::move(params)));
  auto& output = invocation.output();
  const auto* entries = find(answer, "entries");
  if (output.json()) {
    output.value(entries ? *entries : json::value(json::array()));
    return 0;
  }
  if (!entries || !entries->is_array() || entries->get_array().empty()) {
    output.note("Nobody and nothing of that name is known there.");
    return 0;
  }
  for (const auto& entry : entries->get_array()) {
    const auto name = string_or(entry, "name", string_or(entry, "handle"));
    output.line(
        terminal_safe(name.empty() ? string_or(entry, "id") : fmt::format("{}\t{}", string_or(entry, "id"), name)));
  }
  return 0;
}
Result<int> peers(Invocation& invocation) {
  return find_entries(invocation, "peers");
}
Result<int> groups(Invocation& invocation) {
  return find_entries(invocation, "groups");
}

} // namespace

void register_directory(CommandTable& table) {
  const std::vector<Option> search{{"query", 0, "TEXT", "Only those whose name or id has this text."},
                                   {"limit", 0, "N", "At most so many (50)."}};
  table.add({"directory self", "Show who we are in a messenger.", "", channel_options(), reporting(self), true});
  table.add({"directory peers", "List people of a messenger.", "[list]", channel_options(search), reporting(peers)});
  table.add({"directory groups", "List groups and rooms of a messenger.", "[list]", channel_options(search),
             reporting(groups)});
}

} // namespace openclaw::cli
