// Who answers next: the candidates of Models judged by ModelHealth, with the key that a session is used to first. It
// keeps the rests on disk, and tells people about each candidate what it does and why.
#pragma once
#include "agent/model_health.hpp"
#include "agent/models.hpp"
#include "store/database.hpp"
#include "store/model_health.hpp"
#include <set>

namespace openclaw::agent {

// One line of /models why.
struct CandidateState {
  std::string reference;
  std::string credential; // for people
  std::string state;      // next | ready | probing | resting | unusable
  std::string failure;    // the class of failure that it rests for
  std::int64_t until_ms = 0;
  int failures = 0;
  std::string why;
  std::string change; // the command that changes it
};

class ModelRouter {
public:
  ModelRouter(Models& models, store::Database& database, async::Time& time);

  // What an earlier life of the program learnt.
  Result<> restore();
  ModelHealth& health() { return health_; }
  const ModelHealth& health() const { return health_; }

  // Models::candidates, with the key first that answered in this session before: its cache is warm there.
  Task<std::vector<Candidate>> candidates(std::string agent_id, std::string session_key,
                                          std::string override_reference);
  void answered(const std::string& session_key, const Candidate& candidate);
  // Whether people must be told that `reference` answers where `first` is the first choice: once a change, in both
  // directions.
  bool is_news(const std::string& session_key, const std::string& first, const std::string& reference);
  void forget_session(const std::string& session_key) { sessions_.erase(session_key); }

  Task<std::vector<CandidateState>> why(std::string agent_id, std::string session_key, std::string override_reference);
  // Ends the rests of a provider (of all when empty): somebody has paid, or mended it.
  std::size_t retry(std::string_view provider) { return health_.forget(provider); }

private:
  struct Session {
    std::map<std::string, std::string> credentials; // by provider: the one that worked
    std::string told;                               // the fallback that was announced; empty while the first answers
  };
  Session& session(const std::string& key);

  Models& models_;
  store::Database& database_;
  async::Time& time_;
  ModelHealth health_;
  std::map<std::string, Session> sessions_;
};

// "resting until 12:31 UTC after the 2nd failure in a row" and so on; used by the notice and by /models why.
std::string rest_text(const Rest& rest, std::int64_t now_ms);

} // namespace openclaw::agent
