#include "store/import.hpp"

#include "store/schema.hpp"

namespace openclaw::store {

Result<std::unique_ptr<Connection>> open_state(const std::string& path) {
  TRY(auto connection, Connection::open(path, false));
  TRY_VOID(migrate(*connection, path));
  return connection;
}

Result<> in_transaction(Connection& connection, const std::function<Result<>()>& work) {
  TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  if (auto done = work(); !done) {
    (void)connection.execute("ROLLBACK");
    return done;
  }
  return connection.execute("COMMIT");
}

Result<std::vector<OpenclawSession>> openclaw_sessions(Connection& connection) {
  auto query = connection.prepare(
      "SELECT session_key, current_session_id, entry_json FROM session_nodes ORDER BY updated_at DESC");
  if (!query)
    return fail(Kind::invalid, "The database of OpenClaw has no table of sessions that this program knows.",
                "Only the databases of OpenClaw 2026.9 are read. " + query.error().message);
  std::vector<OpenclawSession> sessions;
  while (true) {
    TRY(const bool row, query->step());
    if (!row) return sessions;
    sessions.push_back({query->text(0), query->text(1), query->text(2)});
  }
}

Result<OpenclawTranscript> openclaw_transcript(Connection& connection, const std::string& session_id) {
  OpenclawTranscript transcript;
  TRY(auto query, connection.prepare("SELECT event_json FROM transcript_events WHERE session_id = ? ORDER BY seq"));
  query.bind(session_id);
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return transcript;
    if (query.null(0))
      ++transcript.compressed;
    else
      transcript.lines.push_back(query.text(0));
  }
}

Result<std::vector<std::string>> openclaw_logins(Connection& connection) {
  std::vector<std::string> texts;
  auto query = connection.prepare("SELECT store_json FROM auth_profile_store ORDER BY store_key");
  if (!query) return texts;
  while (true) {
    TRY(const bool row, query->step());
    if (!row) return texts;
    texts.push_back(query->text(0));
  }
}

std::vector<OpenclawCount> openclaw_remainder(Connection& connection) {
  static constexpr struct {
    const char* name;
    std::string_view sql;
  } kTables[] = {
      {"schedules", "SELECT count(*) FROM cron_jobs"},
      {"paired devices", "SELECT count(*) FROM device_pairing_paired"},
      {"command approvals", "SELECT count(*) FROM exec_approvals_config"},
      {"approved senders", "SELECT count(*) FROM channel_pairing_allow_entries"},
      {"device identities", "SELECT count(*) FROM device_identities"},
      {"task runs", "SELECT count(*) FROM task_runs"},
      {"secrets", "SELECT count(*) FROM secret_store_entries"},
      {"user preferences", "SELECT count(*) FROM user_preferences"},
  };
  std::vector<OpenclawCount> counts;
  for (const auto& table : kTables) {
    auto query = connection.prepare(table.sql);
    if (!query) continue;
    const auto row = query->step();
    if (row && *row && query->integer(0) > 0) counts.push_back({table.name, query->integer(0)});
  }
  return counts;
}

} // namespace openclaw::store
