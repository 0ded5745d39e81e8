// One reply of a model in a turn: asks the candidates one after the other until one answers, reserves money before each
// call and settles it after, and records the reply. What was shown of a reply that failed is replaced by the next one's.
#pragma once
#include "agent/authority.hpp"
#include "agent/model_router.hpp"
#include "agent/runtime.hpp"
#include "agent/stream_sink.hpp"
#include "store/ledger.hpp"

namespace openclaw::agent {

class ModelStep {
public:
  // All must outlive it; `session` and `shown` are the turn's own. One for a whole turn: it keeps its server ready.
  ModelStep(Runtime& runtime, const Run& run, const Authority& authority, store::SessionRow& session, Shown& shown)
      : runtime_(runtime), run_(run), authority_(authority), session_(session), shown_(shown) {}
  // The reply, on disk.
  Task<ports::Message> run(const sandbox::Workspace& workspace);

private:
  struct Reply {
    ports::ModelReply reply;
    std::string reservation;
    std::vector<store::SpendScope> scopes;
  };
  Task<RouteChoice> next();
  Task<> announce(std::size_t index);
  Task<Reply> ask(const ModelChoice& choice, const sandbox::Workspace& workspace, bool alone);
  Task<Reply> attempt(const ModelChoice& choice, ports::ModelRequest request);
  Task<> settle_failed(const ModelChoice& choice, std::size_t request_bytes, std::int64_t most,
                       std::string reservation, std::vector<store::SpendScope> scopes, const Error& error);
  Task<ports::Message> record(const Candidate& candidate, const ModelChoice& choice, Reply answer);
  Result<ports::ModelRequest> request_for(const ModelChoice& choice, const sandbox::Workspace& workspace,
                                          const ports::Dialect& dialect) const;
  void give_up(std::size_t index, const Error& error);
  Error nobody_answered() const;
  std::string reason_against(std::size_t index) const;

  Runtime& runtime_;
  const Run& run_;
  const Authority& authority_;
  store::SessionRow& session_;
  Shown& shown_;
  std::vector<Candidate> candidates_;
  std::vector<RouteOption> options_;
  std::map<std::size_t, Error> failed_; // in this step, by candidate
  ModelLease lease_;
  std::optional<std::size_t> leased_; // the candidate of the lease
};

} // namespace openclaw::agent
