// The agent runtime: sessions and their lanes, runs, approvals. One run at a time in a session; a run is a whole turn:
// model calls and tool calls until there is an answer, an error or a stop.
#pragma once
#include "agent/history.hpp"
#include "agent/model_router.hpp"
#include "agent/models.hpp"
#include "agent/origin.hpp"
#include "agent/run_events.hpp"
#include "agent/sessions_file.hpp"
#include "agent/settings.hpp"
#include "agent/transcript.hpp"
#include "async/event.hpp"
#include "async/scope.hpp"
#include "store/database.hpp"
#include "store/inbox.hpp"
#include "store/sessions.hpp"
#include <map>
#include <memory>
#include <set>

namespace openclaw::agent {

// Called in the transaction that records a run's end, with the message that ends it: what must be told elsewhere is
// written down there and then (an outbox row).
using RecordEnd =
    std::function<Result<>(store::Connection& connection, const RunInfo& run, const ports::Message& message)>;

struct RuntimeServices {
  async::Executor executor;
  async::Time& time;
  Random& random;
  store::Database& database;
  ports::Registry& registry;
  net::HttpClient& http;
  RunEvents& events;
  Models& models;
  std::string state_folder;
  RecordEnd record_end = [](store::Connection&, const RunInfo&, const ports::Message&) { return Result<>{}; };
};

// Whether a submitted message has reached the disk; its run starts only then, or never.
class Acceptance {
public:
  explicit Acceptance(async::Executor executor) : decided_(executor) {}
  void settle(bool on_disk) {
    on_disk_ = on_disk;
    decided_.notify();
  }
  Task<bool> wait();

private:
  async::Event decided_;
  std::optional<bool> on_disk_;
};

// A message that waits for its turn. It is queued before it is on disk, so that messages keep the order of their
// arrival.
struct Run {
  RunInfo info;
  ports::Message user;                     // what the person wrote
  bool user_in_transcript = false;         // false: the run writes it when it starts
  bool marked_running = false;             // the inbox row says so already
  std::optional<ports::Thinking> thinking; // for this message only
  std::string extra_system_prompt;
  Origin origin;
  std::int64_t timeout_ms = 0;            // 0: the configured one
  std::shared_ptr<Acceptance> acceptance; // null: on disk already
};

struct RunOutcome {
  std::string status; // ok, error, aborted, timeout
  std::string error;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  ports::Message answer;
};

class Approvals;
class Turn;

class Runtime {
public:
  explicit Runtime(RuntimeServices services);
  ~Runtime();

  void configure(Settings settings, const json::value& config);
  const Settings& settings() const { return settings_; }
  const json::value& config() const { return config_; }      // the snapshot that settings() was read from
  std::string tool_settings(std::string_view section) const; // JSON text of config tools.SECTION

  // Starts the lanes' scope with what a crash left: accepted messages run, interrupted runs become visible failures.
  Task<> recover();
  // No new runs; running ones are stopped and recorded as interrupted; returns when all is on disk.
  Task<> shut_down();

  // Queues a run on its session's lane. Kind::busy when the lane holds 50 already.
  Result<> submit(Run run);
  // Queues the run of a message that is on disk as accepted, and has not begun.
  Result<> resume(const store::InboxRow& row);
  bool lane_idle(const std::string& session_key) const;
  // Stops the running and queued runs of a session (or one of them); returns their ids. The model stream and tool
  // processes end now.
  std::vector<std::string> abort(const std::string& session_key, const std::string& run_id, std::string reason);
  bool running(const std::string& session_key) const;
  std::size_t active_runs() const;
  // Waits for a run's end; Kind::timeout when it does not come, Kind::missing when the run is unknown.
  Task<RunOutcome> wait(std::string run_id, std::int64_t timeout_ms);

  // A new transcript for the session (the old one is kept as a retired file); returns the new row.
  Task<store::SessionRow> reset_session(std::string session_key);
  // Kind::denied for the main session, Kind::conflict while it runs.
  Task<bool> delete_session(std::string session_key);

  // A line that the model reads with the session's next message: something ended meanwhile. At most 20 wait a session.
  void add_notice(const std::string& session_key, std::string text);
  std::vector<std::string> take_notices(const std::string& session_key);

  Approvals& approvals() { return *approvals_; }
  ModelRouter& router() { return router_; }
  RuntimeServices& services() { return services_; }
  // Opened at first use, with the starting files when it is new.
  Result<const sandbox::Workspace*> workspace_of(const std::string& agent_id);
  History& history() { return history_; }
  TranscriptFiles& transcript_files() { return transcript_files_; }
  // The session's JSONL file follows its rows in the background, however long its disk refuses it.
  void project(const store::SessionRow& session);
  // What other programs read of the agent's sessions is out of date.
  void sessions_changed(const std::string& agent_id) { sessions_file_.touch(background_, agent_id); }
  async::Scope& background() { return background_; }

private:
  friend class Turn;
  struct Active;
  struct Lane;
  Task<> drive_lane(std::string session_key, std::shared_ptr<Lane> lane);
  Task<> run_one(std::shared_ptr<Active> active);
  Task<> wait_for_slot();
  void remember(const std::string& run_id, RunOutcome outcome);
  Task<> fail_interrupted(store::InboxRow row);
  Task<> project_until_done(store::SessionRow session);

  RuntimeServices services_;
  Settings settings_;
  json::value config_;
  History history_;
  TranscriptFiles transcript_files_;
  SessionsFile sessions_file_;
  std::unique_ptr<Approvals> approvals_;
  ModelRouter router_;
  std::map<std::string, sandbox::Workspace> workspaces_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_;
  std::map<std::string, bool> projecting_;     // session ids; true: changed again meanwhile
  std::map<std::string, RunOutcome> outcomes_; // of the last 1000 runs
  std::deque<std::string> outcome_order_;
  std::map<std::string, std::vector<std::string>> notices_; // of at most 1000 sessions
  async::Event run_ended_;
  async::Scope runs_;
  async::Scope background_;
  int running_ = 0;
  async::Event slot_freed_;
  bool shutting_down_ = false;
};

} // namespace openclaw::agent
