// Which tools a caller may have, and which rule says so. The rules are stages read from the configuration; a stage can
// only take tools away, and a name that is denied anywhere stays denied. Pure: no I/O.
#pragma once
#include "base/json.hpp"
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::policy {

// Who calls: what is not known is empty, and then no rule about it applies.
struct ToolCaller {
  std::string agent_id = "main";
  std::string provider; // of the model that calls
  std::string model;    // without the provider
  std::string channel;
  std::string account; // of ours on that channel
  std::string space;   // the guild, team or workspace that the group is in
  std::string group;   // the group's id on that channel
  std::string sender;
  bool subagent = false;
};

// One rule: at most `allow` (when it is there), and never `deny`. Entries are names, "*" patterns and "group:NAME".
struct ToolStage {
  std::string path; // where in the configuration, as `openclaw config set` takes it
  std::optional<std::vector<std::string>> allow;
  std::vector<std::string> deny;
  std::string note;              // for a rule that is no list of names: what it says
  std::string command;           // for such a rule that denies: the command that lifts it
  std::string more_path;         // for one that allows: the list that takes one more name,
  std::vector<std::string> more; // and what is in it
};

// Every stage that applies, in the order of evaluation: profile, provider, allow and deny; the same of the agent; the
// group and the sender; sandbox; subagent.
std::vector<ToolStage> tool_stages(const json::value& config, const ToolCaller& caller);

struct ToolVerdict {
  bool available = true;
  std::string rule = "default"; // the configuration path that decided
  std::string reason;           // a sentence
  std::string command;          // the command line that changes it
};
// `names`: the tool's name first, then its aliases. Pure and total: any text is a name.
ToolVerdict judge_tool(std::span<const std::string> names, std::span<const ToolStage> stages);

// Names in rules that no tool has: a sentence each, with the nearest one. Names of OpenClaw's tools that this build
// lacks are no mistake.
std::vector<std::string> unknown_tool_names(const json::value& config, std::span<const std::string> known);

// "group:fs" and the like; empty when there is no such group.
std::span<const std::string_view> tool_group(std::string_view name);

} // namespace openclaw::policy
