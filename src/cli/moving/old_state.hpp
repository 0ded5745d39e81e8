// The state folder of an OpenClaw program as it lies there: which kind it is, and its conversations. Nothing is
// written here.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include "cli/moving/old_transcript.hpp"
#include "store/import.hpp"
#include <string>
#include <vector>

namespace openclaw::cli {

enum class OldKind { none, files, databases };
// files: 2026.1 to 2026.3; databases: 2026.9.
OldKind old_kind(const std::string& folder);
// True where `openclaw migrate` has not been yet and a gateway would not see what lies there.
bool holds_unknown_state(const std::string& folder);

struct OldSession {
  std::string key; // as it is written
  std::string agent_id;
  std::string session_id;
  json::object entry;
  OldTranscript transcript;
  bool transcript_found = false;
  std::int64_t compressed = 0; // entries that this program cannot read
};

struct OldSessions {
  std::vector<OldSession> sessions; // most recently used first
  std::vector<std::string> logins;  // texts of auth-profiles.json that lay in a database, by agent
  std::vector<std::string> login_agents;
  std::vector<store::OpenclawCount> remainder; // of the shared database
};
Result<OldSessions> read_old_sessions(const std::string& folder);

} // namespace openclaw::cli
