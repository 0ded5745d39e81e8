// Where a run's message came from, for the rules that ask: which tools its sender may have, how much of the
// conversation is shown. Kept with the accepted message.
#pragma once
#include "base/json.hpp"
#include <string>

namespace openclaw::agent {

struct Origin {
  std::string channel; // a messenger; empty: none
  std::string account; // of ours there
  std::string space;   // guild, team or workspace there
  std::string group;   // the platform's id; empty: one person
  std::string sender;
  int history_turns = 0; // dmHistoryLimit: so many of a person's messages are shown; 0: all that fit
};
json::object to_json(const Origin& origin);
Origin origin_from(const json::value* value);

} // namespace openclaw::agent
