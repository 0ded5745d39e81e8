// The verbs of the command line, one meaning each: those of the command table, and those that are kept for later.
#pragma once
#include "cli/command.hpp"

namespace openclaw::cli {

struct ReservedVerb {
  std::string verb; // "scale", "logs WORKLOAD"
  std::string meaning;
  std::string extends; // the command of today that it will belong to; empty: none has that word
};

struct VerbPlan {
  std::vector<ReservedVerb> reserved;
  std::map<std::string, std::string> aliases; // "gateway start" is "start"
};
Result<VerbPlan> verb_plan(); // cli/reserved_verbs.json

// Sentences about clashes: two commands with one meaning that are no aliases, an alias of nothing, a reserved verb that
// a command has taken without its entry going. Empty when all is well.
std::vector<std::string> verb_clashes(const CommandTable& table, const VerbPlan& plan);

} // namespace openclaw::cli
