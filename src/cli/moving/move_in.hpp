// Moving in: what an OpenClaw state folder holds, listed thing by thing with what becomes of it, and the steps that
// do it. A dry run is the list without the steps; each step may be done again.
#pragma once
#include "base/result.hpp"
#include "cli/moving/old_state.hpp"
#include "config/config.hpp"
#include <functional>
#include <string>
#include <vector>

namespace openclaw::cli {

struct MoveItem {
  enum class State { taken, changed, kept, lost } state = State::taken;
  std::string what;    // "conversation agent:main:main"
  std::string why;     // "12 messages"
  std::string command; // gives back what was not taken over
  std::string loss;    // the name by which --accept takes it
};
std::string_view state_word(MoveItem::State state);

struct MovePlan {
  std::string version; // "2026.1", "2026.9"
  std::vector<MoveItem> items;
  std::vector<std::function<Result<>()>> steps; // in this order; the configuration last
  std::vector<std::string> losses() const;
};

struct MovePlace {
  std::string source;    // the folder that is read, which never changes
  std::string target;    // the state folder
  std::string home;      // what "~" means in paths
  bool in_place = false; // the other files of the old program lie in the target already
};

// `schema` is that of this program's configuration.
Result<MovePlan> plan_moving_in(MovePlace place, const json::value& schema, const config::Environment& environment);

// Copies what moving in reads from FOLDER to BACKUP, which is not there or whole.
Result<> back_up(const std::string& folder, const std::string& backup);

} // namespace openclaw::cli
