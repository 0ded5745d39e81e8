// agents/ID/sessions/sessions.json as OpenClaw 2026.1.30 writes it, for programs that read files instead of asking the
// gateway. It is made from the database, off every turn's path, once for all that changed within half a second.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/json.hpp"
#include "store/sessions.hpp"
#include <set>
#include <string>

namespace openclaw::agent {

// A session as an entry of that file; `folder` holds its transcript.
json::object session_file_entry(const store::SessionRow& row, const std::string& folder);

class SessionsFile {
public:
  SessionsFile(std::string state_folder, async::Time& time) : folder_(std::move(state_folder)), time_(time) {}

  // Something about the agent's sessions changed. The writing is a child of `scope`.
  void touch(async::Scope& scope, const std::string& agent_id);
  // Writes at once what is still due.
  Task<> flush();

private:
  Task<> write_later();
  Result<> write(const std::string& agent_id) const; // blocking

  std::string folder_;
  async::Time& time_;
  std::set<std::string> due_;
  async::Scope::Child writer_;
};

} // namespace openclaw::agent
