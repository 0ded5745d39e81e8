// One reply of a model in a turn: asks the candidates one after the other until one answers, reserves money before each
// call and settles it after, and records the reply. What was shown of a reply that failed is replaced by the next
// one's.
#pragma once
#include "agent/authority.hpp"
#include "agent/model_router.hpp"
#include "agent/runtime.hpp"
#include "agent/stream_sink.hpp"
#include "store/ledger.hpp"

namespace openclaw::agent {

// A model call's money that no commit has settled yet; the run's end does it.
struct Unsettled {
  std::string reservation;
  std::vector<store::SpendScope> scopes;
  store::CallCost cost;
};

class ModelStep {
public:
  // All must outlive it; the session and what follows are the turn's own. One for a whole turn: it keeps its server
  // ready.
  ModelStep(Runtime& runtime, const Run& run, const Authority& authority, policy::ToolCaller& caller,
            const std::vector<std::string>& notices, store::SessionRow& session, Shown& shown,
            std::optional<Unsettled>& unsettled)
      : runtime_(runtime), run_(run), authority_(authority), caller_(caller), notices_(notices), session_(session),
        shown_(shown), unsettled_(unsettled) {}
  // The reply, on disk.
  Task<ports::Message> run(const sandbox::Workspace& workspace);

private:
  Task<RouteChoice> next();
  Task<> announce(std::size_t index);
  Task<ports::ModelReply> ask(const ModelChoice& choice, const sandbox::Workspace& workspace, bool alone);
  Task<ports::ModelReply> attempt(const ModelChoice& choice, ports::SharedModelRequest request);
  Task<> settle_failed(const ModelChoice& choice, std::size_t request_bytes, std::int64_t most, const Error& error);
  Task<ports::Message> record(const Candidate& candidate, const ModelChoice& choice, ports::ModelReply reply);
  Result<ports::ModelRequest> request_for(const ModelChoice& choice, const sandbox::Workspace& workspace,
                                          const ports::Dialect& dialect) const;
  void give_up(std::size_t index, const Error& error);
  Error nobody_answered() const;
  std::string reason_against(std::size_t index) const;

  Runtime& runtime_;
  const Run& run_;
  const Authority& authority_;
  policy::ToolCaller& caller_;              // told which model asks
  const std::vector<std::string>& notices_; // for the model, with the newest words of a person
  store::SessionRow& session_;
  Shown& shown_;
  std::optional<Unsettled>& unsettled_;
  std::vector<Candidate> candidates_;
  std::vector<RouteOption> options_;
  std::map<std::size_t, Error> failed_; // in this step, by candidate
  ModelLease lease_;
  std::optional<std::size_t> leased_; // the candidate of the lease
};

} // namespace openclaw::agent
