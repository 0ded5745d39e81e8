#include "agent/runtime.hpp"

#include "agent/approvals.hpp"
#include "agent/prompt.hpp"
#include "agent/turn.hpp"
#include "async/offload.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "store/ledger.hpp"
#include <fmt/core.h>

namespace openclaw::agent {
namespace {
constexpr std::size_t kLaneLimit = 50;
constexpr std::size_t kRememberedRuns = 1000;
constexpr std::int64_t kFirstPauseMs = 500; // between attempts to write a transcript file
constexpr std::int64_t kLongestPauseMs = 30'000;
constexpr std::size_t kNoticesInSession = 20;
constexpr std::size_t kSessionsWithNotices = 1000;
constexpr std::size_t kNoticeBytes = 1000;

json::value body_of(const store::InboxRow& row) {
  auto body = parse_json(row.body, "inbox row");
  return body ? std::move(*body) : json::value();
}

RunInfo run_info(const store::InboxRow& row, const json::value& body) {
  RunInfo info{row.run_id, row.session_key, "", row.session_key};
  const auto rest = std::string_view(row.session_key).substr(6);
  info.agent_id = std::string(rest.substr(0, rest.find(':')));
  info.trace = trace::parse_traceparent(string_or(body, "trace")).value_or(trace::Context{});
  return info;
}

} // namespace

struct Runtime::Active {
  explicit Active(Run run_) : run(std::move(run_)), waits("lane", trace::Kind::internal, run.info.trace) {}
  Run run;
  trace::Span waits;
  async::Scope::Child child;
  std::string stop_reason; // why it was cancelled; empty while it was not
  bool started = false;
  bool ended = false;
  RunOutcome outcome;
};

struct Runtime::Lane {
  std::deque<std::shared_ptr<Active>> queue; // the front one runs
  std::shared_ptr<async::Event> changed;
};

Task<bool> Acceptance::wait() {
  while (!on_disk_)
    CO_TRY_VOID(co_await decided_.wait());
  co_return *on_disk_;
}

Runtime::Runtime(RuntimeServices services)
    : services_(services), history_(services.state_folder),
      transcript_files_(services.state_folder + "/agents", services.state_folder + "/state.db"),
      sessions_file_(services.state_folder, services.time),
      approvals_(std::make_unique<Approvals>(services.executor, services.time, services.random, services.database,
                                             services.events)),
      router_(services.models, services.database, services.time), run_ended_(services.executor),
      runs_(services.executor), background_(services.executor), slot_freed_(services.executor) {}

Runtime::~Runtime() = default;

void Runtime::configure(Settings settings, const json::value& config) {
  settings_ = std::move(settings);
  config_ = config;
  services_.models.read_profiles(services_.state_folder + "/agents", settings_.agents.front().id);
}

std::string Runtime::tool_settings(std::string_view section) const {
  const auto* value = find_path(config_, section.empty() ? std::string("tools") : fmt::format("tools.{}", section));
  return value && value->is_object() ? to_text(*value) : std::string("{}");
}

void Runtime::add_notice(const std::string& session_key, std::string text) {
  if (!notices_.contains(session_key) && notices_.size() >= kSessionsWithNotices) return;
  auto& waiting = notices_[session_key];
  // The newest are worth most.
  if (waiting.size() >= kNoticesInSession) waiting.erase(waiting.begin());
  waiting.push_back(fmt::format("[{}] {}", iso_time(services_.time.now_ms()), printable(text, kNoticeBytes)));
}

std::vector<std::string> Runtime::take_notices(const std::string& session_key) {
  const auto found = notices_.find(session_key);
  if (found == notices_.end()) return {};
  auto taken = std::move(found->second);
  notices_.erase(found);
  return taken;
}

Result<const sandbox::Workspace*> Runtime::workspace_of(const std::string& agent_id) {
  if (const auto known = workspaces_.find(agent_id); known != workspaces_.end()) return &known->second;
  const auto* agent = settings_.find_agent(agent_id);
  if (!agent)
    return fail(Kind::missing, fmt::format("There is no agent \"{}\".", agent_id),
                "See the agents with: openclaw config get agents.list");
  TRY(auto workspace, sandbox::Workspace::open(agent->workspace));
  TRY_VOID(prepare_workspace(workspace));
  return &workspaces_.emplace(agent_id, std::move(workspace)).first->second;
}

bool Runtime::lane_idle(const std::string& session_key) const {
  return !lanes_.contains(session_key);
}

bool Runtime::running(const std::string& session_key) const {
  return lanes_.contains(session_key);
}

std::size_t Runtime::active_runs() const {
  std::size_t count = 0;
  for (const auto& [key, lane] : lanes_)
    count += lane->queue.size();
  return count;
}

Result<> Runtime::submit(Run run) {
  if (shutting_down_) return fail(Kind::busy, "The gateway is stopping.", "Send the message again when it is back.");
  const auto key = run.info.session_key;
  auto& lane = lanes_[key];
  const bool fresh = !lane;
  if (fresh) {
    lane = std::make_shared<Lane>();
    lane->changed = std::make_shared<async::Event>(services_.executor);
  }
  if (lane->queue.size() >= kLaneLimit)
    return fail(Kind::busy, fmt::format("{} messages wait in this session already.", kLaneLimit),
                "Wait for answers, or stop them with /stop.");
  lane->queue.push_back(std::make_shared<Active>(std::move(run)));
  if (fresh) runs_.spawn("lane " + key, drive_lane(key, lane));
  return {};
}

Result<> Runtime::resume(const store::InboxRow& row) {
  const auto body = body_of(row);
  Run run;
  run.info = run_info(row, body);
  run.user.role = ports::Role::user;
  run.user.timestamp_ms = row.received_ms;
  run.user.content.emplace_back(ports::TextBlock{string_or(body, "text")});
  for (auto& image : images_from_json(find(body, "images")))
    run.user.content.emplace_back(std::move(image));
  run.thinking = ports::thinking_from(string_or(body, "thinking"));
  run.extra_system_prompt = string_or(body, "extraSystemPrompt");
  run.timeout_ms = integer_or(body, "timeoutMs", 0);
  run.origin = origin_from(find(body, "origin"));
  run.user_in_transcript = !row.retry_of.empty();
  return submit(std::move(run));
}

Task<> Runtime::drive_lane(std::string session_key, std::shared_ptr<Lane> lane) {
  while (!lane->queue.empty()) {
    const auto active = lane->queue.front();
    bool accepted = true;
    if (active->run.acceptance) {
      auto decided = co_await active->run.acceptance->wait();
      accepted = decided && *decided;
    }
    if (accepted) {
      auto slot = co_await wait_for_slot();
      (void)slot;
      ++running_;
      active->started = true;
      active->run.info.trace = active->waits.context();
      active->waits.end();
      active->child = runs_.spawn("run " + active->run.info.run_id, run_one(active));
      if (!active->stop_reason.empty()) active->child.cancel();
      if (!active->child.running()) active->ended = true; // refused: we are shutting down, recovery will find the run
      const auto timeout = active->run.timeout_ms > 0 ? active->run.timeout_ms : settings_.run_timeout_ms;
      const auto until = services_.time.monotonic_ms() + timeout;
      while (!active->ended) {
        const auto left = until - services_.time.monotonic_ms();
        auto waited = left > 0 ? co_await lane->changed->wait_for(left) : co_await lane->changed->wait();
        if (active->ended) break;
        // The lane itself is only cancelled at shut-down; its run is cancelled by the same scope and ends by itself.
        if (!waited && waited.error().kind == Kind::cancelled) {
          // Without this every further wait would return at once, and the run would never get a turn to end in.
          co_await async::asio::this_coro::reset_cancellation_state(async::asio::disable_cancellation());
          continue;
        }
        if (services_.time.monotonic_ms() >= until && active->stop_reason.empty()) {
          active->stop_reason = "timeout";
          active->child.cancel();
        }
      }
      --running_;
      slot_freed_.notify();
    }
    lane->queue.pop_front();
  }
  lanes_.erase(session_key);
  co_return Result<>{};
}

Task<> Runtime::wait_for_slot() {
  while (running_ >= settings_.max_concurrent && !shutting_down_)
    CO_TRY_VOID(co_await slot_freed_.wait());
  co_return Result<>{};
}

Task<> Runtime::run_one(std::shared_ptr<Active> active) {
  metrics::gauge("openclaw_runs_active", "Runs in progress.").add(1);
  trace::Span span("turn", trace::Kind::internal, active->run.info.trace);
  span.attribute("openclaw.agent", active->run.info.agent_id);
  span.attribute("openclaw.run", active->run.info.run_id);
  active->run.info.trace = span.context();
  Turn turn(*this, active->run);
  auto outcome = co_await turn.run(&active->stop_reason);
  if (!outcome || outcome->status != "ok") span.fail(outcome ? outcome->status : "error");
  span.end();
  metrics::gauge("openclaw_runs_active", "Runs in progress.").add(-1);
  if (outcome) active->outcome = std::move(*outcome);
  remember(active->run.info.run_id, active->outcome);
  active->ended = true;
  sessions_changed(active->run.info.agent_id);
  if (const auto lane = lanes_.find(active->run.info.session_key); lane != lanes_.end())
    lane->second->changed->notify();
  run_ended_.notify();
  co_return Result<>{};
}

void Runtime::remember(const std::string& run_id, RunOutcome outcome) {
  if (outcomes_.insert_or_assign(run_id, std::move(outcome)).second) outcome_order_.push_back(run_id);
  while (outcome_order_.size() > kRememberedRuns) {
    outcomes_.erase(outcome_order_.front());
    outcome_order_.pop_front();
  }
}

std::vector<std::string> Runtime::abort(const std::string& session_key, const std::string& run_id, std::string reason) {
  std::vector<std::string> stopped;
  const auto lane = lanes_.find(session_key);
  if (lane == lanes_.end()) return stopped;
  for (const auto& active : lane->second->queue) {
    if (!run_id.empty() && active->run.info.run_id != run_id) continue;
    if (active->ended || !active->stop_reason.empty()) continue;
    active->stop_reason = reason;
    active->child.cancel();
    stopped.push_back(active->run.info.run_id);
  }
  return stopped;
}

Task<RunOutcome> Runtime::wait(std::string run_id, std::int64_t timeout_ms) {
  const auto until = services_.time.monotonic_ms() + timeout_ms;
  const auto queued = [&] {
    for (const auto& [key, lane] : lanes_)
      for (const auto& active : lane->queue)
        if (active->run.info.run_id == run_id) return true;
    return false;
  };
  while (true) {
    if (const auto known = outcomes_.find(run_id); known != outcomes_.end()) co_return known->second;
    if (!queued()) {
      CO_TRY(const auto row, store::find_run(services_.database.reader(), run_id));
      if (!row)
        co_return fail(Kind::missing, fmt::format("There is no run {}.", run_id),
                       "Run ids are the idempotency keys of their messages.");
      RunOutcome outcome;
      outcome.status = row->state == "answered" ? "ok" : row->state == "aborted" ? "aborted" : "error";
      outcome.error = row->error;
      outcome.started_ms = row->received_ms;
      co_return outcome;
    }
    const auto left = until - services_.time.monotonic_ms();
    if (left <= 0)
      co_return fail(Kind::timeout, "The run has not ended yet.", "Wait again, or stop it with chat.abort.");
    auto waited = co_await run_ended_.wait_for(left);
    if (!waited && waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
  }
}

void Runtime::project(const store::SessionRow& session) {
  const auto [at, fresh] = projecting_.try_emplace(session.session_id, false);
  if (fresh)
    background_.spawn("transcript file", project_until_done(session));
  else
    at->second = true;
}

Task<> Runtime::project_until_done(store::SessionRow session) {
  const auto workspace = workspace_of(session.agent_id);
  const auto root = workspace ? (*workspace)->root() : std::string();
  bool complained = false;
  for (auto pause = kFirstPauseMs;; pause = std::min(pause * 2, kLongestPauseMs)) {
    projecting_[session.session_id] = false;
    std::function<Result<bool>()> work = [this, session, root]() -> Result<bool> {
      TRY_VOID(transcript_files_.update(session.agent_id, session.session_id, session.created_ms, root));
      return true;
    };
    auto updated = co_await async::offload<bool>(std::move(work));
    if (updated && !projecting_[session.session_id]) break;
    if (updated) continue;
    if (!std::exchange(complained, true))
      log::warn("agent", updated.error().text(), {{"session", session.key}, {"doing", "transcript file"}});
    auto slept = co_await services_.time.sleep_ms(pause);
    if (!slept) break;
  }
  projecting_.erase(session.session_id);
  co_return Result<>{};
}

Task<> Runtime::recover() {
  CO_TRY_VOID(router_.restore());
  for (const auto& agent : settings_.agents)
    sessions_changed(agent.id); // a kill may have come before the last writing
  auto& reader = services_.database.reader();
  CO_TRY(const auto open, store::open_runs(reader));
  CO_TRY(const auto asked, store::pending_approvals(reader, 0));
  CO_TRY(const bool reserved, store::any_reservation(reader));
  if (open.empty() && asked.empty() && !reserved) co_return Result<>{};
  const auto now = services_.time.now_ms();
  std::function<Result<std::int64_t>(store::Connection&)> tidy =
      [now](store::Connection& connection) -> Result<std::int64_t> {
    TRY_VOID(store::expire_pending_approvals(connection, now));
    return store::settle_abandoned(connection);
  };
  CO_TRY([[maybe_unused]] const auto settled, co_await services_.database.write<std::int64_t>(std::move(tidy)));
  for (const auto& row : open) {
    if (row.state == "running") {
      auto row_copy = row;
      CO_TRY_VOID(co_await fail_interrupted(std::move(row_copy)));
      continue;
    }
    // Accepted and never begun: nothing of it has happened, so it simply runs now.
    CO_TRY_VOID(resume(row));
  }
  log::info("agent", "Runs that a stop of the gateway left open were taken up.",
            {{"runs", std::to_string(open.size())}});
  co_return Result<>{};
}

// The run had begun: what it did is known up to the last receipt, and doing it again is for a person to decide.
Task<> Runtime::fail_interrupted(store::InboxRow row) {
  CO_TRY(const auto unfinished, store::unfinished_tool_calls(services_.database.reader(), row.run_id));
  CO_TRY(const auto session, store::find_session(services_.database.reader(), row.session_key));
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = services_.time.now_ms();
  message.stop_reason = ports::StopReason::error;
  message.run_id = row.run_id;
  message.error_message = "The gateway stopped while it answered this message.";
  for (const auto& receipt : unfinished)
    message.error_message += fmt::format(" The tool {} had been started ({}); whether it took effect is unknown.",
                                         receipt.tool, receipt.summary);
  CO_TRY(const auto lost, approvals_->lost_by_restart());
  for (const auto& request : lost)
    if (request.run_id == row.run_id)
      message.error_message += fmt::format(" It waited for your approval of {} ({}), which was not run.", request.tool,
                                           printable(request.command, 200));
  message.error_hint = unfinished.empty() ? "Press Retry to run the message again."
                                          : "Check that first, then press Retry to run the message again.";
  auto* random = &services_.random;
  const auto now = services_.time.now_ms();
  const auto record_end = services_.record_end;
  const auto info = run_info(row, body_of(row));
  std::function<Result<bool>(store::Connection&)> record = [=](store::Connection& connection) -> Result<bool> {
    if (session) TRY_VOID(append_message(connection, session->session_id, row.run_id, message, *random));
    TRY_VOID(store::set_run_state(connection, row.run_id, "failed", now, message.error_message));
    TRY_VOID(record_end(connection, info, message));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool recorded, co_await services_.database.write<bool>(std::move(record)));
  if (session) project(*session);
  co_return Result<>{};
}

Task<> Runtime::shut_down() {
  shutting_down_ = true;
  for (const auto& [key, lane] : lanes_) {
    for (const auto& active : lane->queue) {
      if (active->stop_reason.empty()) active->stop_reason = "shutdown";
      active->child.cancel();
    }
    // Those that had not begun stay `accepted` on disk and run at the next start.
    while (lane->queue.size() > 1)
      lane->queue.pop_back();
    if (!lane->queue.empty() && !lane->queue.front()->started) lane->queue.front()->ended = true;
    lane->changed->notify();
  }
  slot_freed_.notify();
  runs_.cancel();
  CO_TRY_VOID(co_await runs_.join());
  background_.cancel();
  CO_TRY_VOID(co_await background_.join());
  co_return co_await sessions_file_.flush();
}

Task<store::SessionRow> Runtime::reset_session(std::string session_key) {
  CO_TRY(const auto old, store::find_session(services_.database.reader(), session_key));
  const auto now = services_.time.now_ms();
  const auto rest = std::string_view(session_key).substr(6);
  store::SessionRow row;
  row.key = session_key;
  row.agent_id = std::string(rest.substr(0, rest.find(':')));
  row.session_id = uuid_v7(services_.time, services_.random);
  row.created_ms = now;
  row.updated_ms = now;
  if (old) {
    row.label = old->label;
    row.model = old->model;
    row.thinking = old->thinking;
    row.verbose = old->verbose;
    row.channel = old->channel;
  }
  std::function<Result<bool>(store::Connection&)> save = [row](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::save_session(connection, row));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool saved, co_await services_.database.write<bool>(std::move(save)));
  sessions_changed(row.agent_id);
  router_.forget_session(session_key);
  services_.events.session_changed(session_key, "reset");
  co_return row;
}

Task<bool> Runtime::delete_session(std::string session_key) {
  CO_TRY(const auto old, store::find_session(services_.database.reader(), session_key));
  if (!old) co_return false;
  if (session_key == fmt::format("agent:{}:main", old->agent_id))
    co_return fail(Kind::denied, "The main session cannot be deleted.", "Start it afresh with /new.");
  if (running(session_key))
    co_return fail(Kind::conflict, "The session has a run in progress.", "Stop it first with /stop.");
  const auto session_id = old->session_id;
  std::function<Result<bool>(store::Connection&)> remove = [session_key,
                                                            session_id](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::delete_entries(connection, session_id));
    return store::delete_session(connection, session_key);
  };
  CO_TRY(const bool removed, co_await services_.database.write<bool>(std::move(remove)));
  std::function<Result<bool>()> retire = [this, agent = old->agent_id, session_id,
                                          now = services_.time.now_ms()]() -> Result<bool> {
    TRY_VOID(transcript_files_.retire(agent, session_id, now));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool retired, co_await async::offload<bool>(std::move(retire)));
  sessions_changed(old->agent_id);
  services_.events.session_changed(session_key, "delete");
  co_return removed;
}

} // namespace openclaw::agent
