// Rights that a configuration of OpenClaw gives to agents or to strangers. They are never taken over silently: each
// is set to its safe value, and its owner is told the command that grants it.
#pragma once
#include "base/json.hpp"
#include "config/edit.hpp"
#include <string>
#include <vector>

namespace openclaw::cli {

struct Right {
  config::Path path;
  json::value safe;  // what stands there instead; null: the key goes
  std::string was;   // for people; never a secret or somebody's address
  std::string grant; // the command that gives it back
};

// `config` with $include and ${NAME} put in.
std::vector<Right> granted_rights(const json::value& config);

} // namespace openclaw::cli
