// What the settings about commands come to: the rule that holds for an agent, and in words what each setting does here
// and what it does not. Pure.
#pragma once
#include "base/json.hpp"
#include "policy/command.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::agent {

// `common` as far as agents.list[].tools.exec of this agent leaves it: the smaller security, the stricter ask.
policy::CommandPolicy exec_policy(policy::CommandPolicy common, const json::value& config, std::string_view agent_id);

struct ExecRight {
  std::string path;            // "tools.exec.security"
  std::string value;           // as configured; empty: the default
  std::string means;           // a sentence
  std::string command;         // changes it
  bool without_effect = false; // it asks for more than anybody gets here
};
std::vector<ExecRight> exec_rights(const json::value& config, std::string_view agent_id);

} // namespace openclaw::agent
