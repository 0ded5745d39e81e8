// The state database opened outside of the gateway, for moving in and out, and the databases of OpenClaw 2026.9 read
// as far as sessions, transcripts and logins go.
#pragma once
#include "store/sqlite.hpp"
#include <functional>
#include <vector>

namespace openclaw::store {

// Opens or creates PATH with this program's schema.
Result<std::unique_ptr<Connection>> open_state(const std::string& path);
// All of it or nothing; on disk when it returns.
Result<> in_transaction(Connection& connection, const std::function<Result<>()>& work);

struct OpenclawSession {
  std::string key;
  std::string session_id;
  std::string entry_json; // as sessions.json of 2026.1 has it
};
// Kind::invalid when the database has no such tables.
Result<std::vector<OpenclawSession>> openclaw_sessions(Connection& connection);

struct OpenclawTranscript {
  std::vector<std::string> lines; // the header first
  std::int64_t compressed = 0;    // events that this program cannot read
};
Result<OpenclawTranscript> openclaw_transcript(Connection& connection, const std::string& session_id);
// Texts as auth-profiles.json has them.
Result<std::vector<std::string>> openclaw_logins(Connection& connection);

struct OpenclawCount {
  std::string name; // "cron jobs"
  std::int64_t rows = 0;
};
// What else the shared database of OpenClaw 2026.9 holds; tables that are not there or empty are left out.
std::vector<OpenclawCount> openclaw_remainder(Connection& connection);

} // namespace openclaw::store
