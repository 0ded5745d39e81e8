// Versions of the workspaces in STATE/history/AGENT.git: committed with explicit folders, no hooks and no outside
// configuration, only when files changed, never in a .git that the agent can write, and off the turn's path.
#pragma once
#include "async/scope.hpp"
#include <map>
#include <memory>
#include <string>

namespace openclaw::agent {

class History {
public:
  explicit History(std::string state_folder) : folder_(std::move(state_folder) + "/history") {}
  // Commits soon, in the background; calls for an agent whose commit is running are folded into one later commit.
  void record(async::Scope& scope, const std::string& agent_id, const std::string& workspace, const std::string& why);
  // The same, awaited.
  Task<> commit(async::Executor executor, std::string agent_id, std::string workspace, std::string why);

private:
  struct Pending {
    bool running = false;
    bool again = false;
  };
  Task<> commit_until_clean(async::Executor executor, std::string agent_id, std::string workspace, std::string why);
  std::string folder_;
  std::map<std::string, Pending> pending_;
  bool told_missing_ = false;
};

} // namespace openclaw::agent
