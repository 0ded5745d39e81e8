// Approvals: a durable question to a person, bound to one effect. No answer in time is a no.
#pragma once
#include "agent/run_events.hpp"
#include "async/event.hpp"
#include "async/time.hpp"
#include "base/ids.hpp"
#include "policy/command.hpp"
#include "store/approvals.hpp"
#include "store/database.hpp"
#include <map>

namespace openclaw::agent {

class Approvals {
public:
  Approvals(async::Executor executor, async::Time& time, Random& random, store::Database& database, RunEvents& events);

  // Asks and waits. The decision; `allow_once` and `allow_always` leave an allowed row to be consumed with the tool's
  // receipt.
  struct Answer {
    ApprovalDecision decision = ApprovalDecision::deny;
    std::string id;
  };
  Task<Answer> ask(RunInfo run, std::string call_id, policy::Effect effect, std::string reason,
                   std::int64_t timeout_ms);
  // A person's answer, from any surface. Kind::missing for an unknown id, Kind::conflict when it was answered before.
  // False when "always" could store no rule: one about this command would say nothing (shell syntax, a program that
  // runs others).
  Task<bool> resolve(std::string id, ApprovalDecision decision, std::string resolved_by);
  Result<std::vector<ApprovalRequest>> pending();
  // Questions of the last day that a restart took the asker from, newest first: nobody can answer them any more.
  Result<std::vector<ApprovalRequest>> lost_by_restart();

private:
  async::Executor executor_;
  async::Time& time_;
  Random& random_;
  store::Database& database_;
  RunEvents& events_;
  struct Waiting {
    std::shared_ptr<async::Event> answered;
    std::optional<ApprovalDecision> decision;
    std::optional<policy::CommandRule> rule;
    std::string agent_id;
  };
  std::map<std::string, std::shared_ptr<Waiting>> waiting_;
};

} // namespace openclaw::agent
