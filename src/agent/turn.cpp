#include "agent/turn.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "store/journal.hpp"
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr int kRefusedRepeats = 5;          // the same call with the same result so often in a row is refused
constexpr int kFatalRepeats = 8;            // and so often ends the run
constexpr std::int64_t kFirstPauseMs = 500; // between attempts to record how a run ended
constexpr std::int64_t kLongestPauseMs = 10'000;

} // namespace

Turn::Turn(Runtime& runtime, const Run& run)
    : runtime_(runtime), run_(run), authority_(runtime), caller_(caller_of(run.info.agent_id, run.info.session_key)) {
  // The session's key names the group as keys may, the message names it as its platform does.
  if (run.origin.channel.empty()) return;
  caller_.channel = run.origin.channel;
  caller_.account = run.origin.account;
  caller_.space = run.origin.space;
  caller_.group = run.origin.group;
  caller_.sender = run.origin.sender;
}

Task<RunOutcome> Turn::run(const std::string* stop_reason) {
  auto& services = runtime_.services();
  started_ms_ = services.time.now_ms();
  RunOutcome outcome;
  outcome.started_ms = started_ms_;
  services.events.started(run_.info, started_ms_);
  auto answered = co_await answer();
  Result<> recorded;
  if (answered) {
    outcome.status = "ok";
    outcome.answer = *answered;
    services.events.finished(run_.info, *answered);
  } else if (answered.error().kind == Kind::cancelled && *stop_reason != "shutdown" && *stop_reason != "timeout") {
    outcome.status = "aborted";
    recorded = co_await record_abort(stop_reason->empty() ? std::string("stop") : *stop_reason);
  } else {
    auto error = answered.error();
    if (error.kind == Kind::cancelled && *stop_reason == "timeout") {
      const bool own = run_.timeout_ms > 0;
      const auto limit = own ? run_.timeout_ms : runtime_.settings().run_timeout_ms;
      error =
          Error{Kind::timeout,
                fmt::format("The run was stopped after {} seconds without an answer.", limit / 1000),
                own ? "Try again, or allow more time."
                    : "Try again, or allow more time with: openclaw config set agents.defaults.timeoutSeconds SECONDS",
                {}};
    } else if (error.kind == Kind::cancelled)
      error = Error{
          Kind::transient, "The gateway was stopped while it answered.", "Press Retry to run the message again.", {}};
    outcome.status = *stop_reason == "timeout" ? "timeout" : "error";
    outcome.error = error.text();
    recorded = co_await record_failure(std::move(error));
  }
  outcome.ended_ms = services.time.now_ms();
  metrics::counter("openclaw_runs_total", "Runs by how they ended.", fmt::format("status=\"{}\"", outcome.status))
      .add();
  metrics::histogram("openclaw_run_duration_seconds", "Duration of runs.")
      .observe_ms(outcome.ended_ms - outcome.started_ms);
  if (!session_.session_id.empty()) runtime_.project(session_);
  if (changed_files_) {
    if (const auto workspace = runtime_.workspace_of(run_.info.agent_id))
      runtime_.history().record(runtime_.background(), run_.info.agent_id, (*workspace)->root(),
                                "After run " + run_.info.run_id);
  }
  if (!recorded) log::error("agent", recorded.error().text(), {{"run", run_.info.run_id}});
  co_return outcome;
}

Task<> Turn::begin() {
  auto& services = runtime_.services();
  CO_TRY(auto session, store::find_session(services.database.reader(), run_.info.session_key));
  if (session && run_.user_in_transcript && run_.marked_running) {
    session_ = std::move(*session);
    co_return Result<>{};
  }
  const auto info = run_.info;
  const auto user = run_.user;
  const bool append = !run_.user_in_transcript;
  const auto now = services.time.now_ms();
  const auto session_id = uuid_v7(services.time, services.random);
  auto* random = &services.random;
  std::function<Result<store::SessionRow>(store::Connection&)> start =
      [=](store::Connection& connection) -> Result<store::SessionRow> {
    TRY(auto row, store::ensure_session(connection, info.session_key, info.agent_id, session_id, now));
    if (append) TRY_VOID(append_message(connection, row.session_id, info.run_id, user, *random));
    TRY_VOID(store::set_run_state(connection, info.run_id, "running", now, ""));
    return row;
  };
  CO_TRY(session_, co_await services.database.write<store::SessionRow>(std::move(start)));
  co_return Result<>{};
}

// To the message that began this run: it was said to the session, not written by a person, so no entry has it.
Task<ports::Message> Turn::answer() {
  notices_ = runtime_.take_notices(run_.info.session_key);
  CO_TRY_VOID(co_await begin());
  CO_TRY_VOID(co_await async::check_cancelled());
  CO_TRY(const auto* workspace, runtime_.workspace_of(run_.info.agent_id));
  ModelStep model(runtime_, run_, authority_, caller_, notices_, session_, shown_, unsettled_);
  for (int step = 0; step < runtime_.settings().max_iterations; ++step) {
    CO_TRY_VOID(co_await async::check_cancelled());
    CO_TRY(auto message, co_await model.run(*workspace));
    if (message.stop_reason != ports::StopReason::tool_use) co_return message;
    CO_TRY_VOID(co_await run_tools(message, *workspace));
  }
  co_return fail(Kind::busy,
                 fmt::format("The model asked for tools {} times without coming to an answer, so the run was stopped.",
                             runtime_.settings().max_iterations),
                 "Ask for a smaller step, or raise agents.defaults.maxIterations.");
}

Task<> Turn::run_tools(const ports::Message& assistant, const sandbox::Workspace& workspace) {
  auto& services = runtime_.services();
  std::vector<ports::ToolCallBlock> calls;
  for (const auto& block : assistant.content)
    if (const auto* call = std::get_if<ports::ToolCallBlock>(&block)) calls.push_back(*call);
  for (auto& call : calls) {
    const auto same = call.name + " " + call.arguments_json;
    if (same != last_call_) repeats_ = 0;
    last_call_ = same;
    const int repeats = ++repeats_;
    services.events.tool_started(run_.info, call.id, call.name, call.arguments_json);
    Result<ports::Message> result = fail(Kind::bug, "The tool was not run.");
    if (repeats >= kRefusedRepeats) {
      auto refused = ports::text_result(
          fmt::format("This call was made {} times in a row with the same arguments, so it was not run again. "
                      "Use the results that you have, or do something else.",
                      repeats));
      refused.is_error = true;
      result = tool_result_message(call, std::move(refused), services.time.now_ms());
    } else {
      trace::Span span("tool", trace::Kind::internal, run_.info.trace);
      span.attribute("gen_ai.tool.name", printable(call.name, 64));
      result = co_await authority_.execute(run_.info, caller_, call, workspace);
      if (!result) span.fail(kind_name(result.error().kind));
      if (result && result->is_error) span.fail("tool");
    }
    if (!result) co_return std::unexpected(result.error());
    const auto* tool = services.registry.find_tool(call.name);
    const bool reads_only = tool && tool->spec().name == "read";
    if (!reads_only) changed_files_ = true;
    // Asking again for something that changes (a process that runs) is no loop.
    const auto said = ports::text_of(*result);
    if (said != last_result_ && repeats < kRefusedRepeats) repeats_ = 1;
    if (repeats < kRefusedRepeats) last_result_ = said;
    const auto message = *result;
    const auto info = run_.info;
    const auto session_id = session_.session_id;
    const auto now = services.time.now_ms();
    auto* random = &services.random;
    std::function<Result<bool>(store::Connection&)> record = [=](store::Connection& connection) -> Result<bool> {
      TRY_VOID(append_message(connection, session_id, info.run_id, message, *random));
      TRY_VOID(store::finish_tool_call(connection, info.run_id, message.tool_call_id, message.is_error, now));
      return true;
    };
    auto recorded = co_await services.database.write<bool>(std::move(record), store::Durability::soon);
    if (!recorded)
      co_return fail(recorded.error().kind,
                     fmt::format("What the tool {} did could not be recorded. {}", call.name, recorded.error().message),
                     recorded.error().hint);
    services.events.tool_finished(run_.info, call.id, message.tool_name, message);
    if (repeats >= kFatalRepeats)
      co_return fail(
          Kind::busy,
          fmt::format("The model is in a loop: it keeps calling {} with the same arguments, so the run was stopped.",
                      call.name),
          "Say it differently, or use another model (/model).");
  }
  co_return Result<>{};
}

// The run's last entry and its state. Where not even its beginning could be recorded, the user's message comes with it.
Turn::Record Turn::ending(ports::Message last, std::string state, std::string error) const {
  auto& services = runtime_.services();
  const auto info = run_.info;
  const auto known_session = session_.session_id;
  const auto fresh_session = uuid_v7(services.time, services.random);
  const auto now = services.time.now_ms();
  const auto user = run_.user_in_transcript ? std::nullopt : std::optional<ports::Message>(run_.user);
  const auto unsettled = unsettled_;
  auto* random = &services.random;
  const auto record_end = services.record_end;
  return [=](store::Connection& connection) -> Result<bool> {
    auto session_id = known_session;
    if (session_id.empty()) {
      TRY(const auto row, store::ensure_session(connection, info.session_key, info.agent_id, fresh_session, now));
      session_id = row.session_id;
      if (user) TRY_VOID(append_message(connection, session_id, info.run_id, *user, *random));
    }
    TRY_VOID(append_message(connection, session_id, info.run_id, last, *random));
    if (unsettled) TRY_VOID(store::settle(connection, unsettled->reservation, unsettled->cost, unsettled->scopes));
    TRY_VOID(store::set_run_state(connection, info.run_id, state, now, error));
    TRY_VOID(record_end(connection, info, last));
    return true;
  };
}

// A full disk must not leave a run without an end. Its session waits meanwhile, so that the order of the conversation
// holds; what a stop of the gateway cuts short here is found by the next start.
Task<> Turn::record_until_saved(Record record) {
  auto& services = runtime_.services();
  for (auto pause = kFirstPauseMs; !runtime_.shutting_down_; pause = std::min(pause * 2, kLongestPauseMs)) {
    // Whoever stops the run again must not turn this into a busy loop.
    co_await async::asio::this_coro::reset_cancellation_state(async::asio::enable_terminal_cancellation());
    auto slept = co_await services.time.sleep_ms(pause);
    if (!slept && runtime_.shutting_down_) break;
    auto again = record;
    auto recorded = co_await services.database.write<bool>(std::move(again));
    if (recorded) log::info("agent", "The end of a run is recorded after all.", {{"run", run_.info.run_id}});
    if (recorded) break;
    if (recorded.error().kind == Kind::bug) co_return std::unexpected(recorded.error());
  }
  co_return Result<>{};
}

Task<> Turn::record_failure(Error error) {
  auto& services = runtime_.services();
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = services.time.now_ms();
  message.stop_reason = ports::StopReason::error;
  message.provider = session_.last_provider.value_or("");
  message.model = session_.last_model.value_or("");
  message.error_message = error.message;
  message.error_hint = error.hint;
  message.run_id = run_.info.run_id;
  if (!shown_.text.empty()) message.content.emplace_back(ports::TextBlock{shown_.text});
  log::warn(
      "agent", error.text(),
      {{"run", run_.info.run_id}, {"session", run_.info.session_key}, {"kind", std::string(kind_name(error.kind))}});
  const auto record = ending(message, "failed", error.text());
  auto first = record;
  auto recorded = co_await services.database.write<bool>(std::move(first));
  services.events.failed(run_.info, message, true);
  if (!recorded) co_return co_await record_until_saved(record);
  co_return Result<>{};
}

Task<> Turn::record_abort(std::string reason) {
  auto& services = runtime_.services();
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = services.time.now_ms();
  message.stop_reason = ports::StopReason::aborted;
  message.error_message = "Stopped.";
  message.run_id = run_.info.run_id;
  if (!shown_.text.empty()) message.content.emplace_back(ports::TextBlock{shown_.text});
  const auto record = ending(message, "aborted", reason);
  auto first = record;
  auto recorded = co_await services.database.write<bool>(std::move(first));
  services.events.aborted(run_.info, reason, shown_.text.empty() ? nullptr : &message);
  if (!recorded) co_return co_await record_until_saved(record);
  co_return Result<>{};
}

} // namespace openclaw::agent
