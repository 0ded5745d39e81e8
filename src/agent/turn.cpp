#include "agent/turn.hpp"

#include "agent/context.hpp"
#include "agent/prompt.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kTranscriptWindow = 400; // entries that a model may be shown
constexpr int kAttempts = 3;
constexpr std::int64_t kLongestRetryAfterMs = 60'000;
constexpr int kRefusedRepeats = 5; // the same call with the same result so often in a row is refused
constexpr int kFatalRepeats = 8;   // and so often ends the run
constexpr std::int64_t kSmallContext = 8192;

// Passes the stream on to clients as it comes.
class StreamSink final : public ports::ModelSink {
public:
  StreamSink(RunEvents& events, const RunInfo& run, std::string& text, std::string& thinking,
             std::optional<BlockSize> blocks)
      : events_(events), run_(run), text_(text), thinking_(thinking), blocks_(blocks) {}
  void text(std::string_view delta) override {
    if (delta.empty()) return;
    if (!blocks_) return show(delta);
    pending_ += delta;
    while (const auto size = block_end(pending_, *blocks_)) {
      const auto block = pending_.substr(0, size);
      pending_.erase(0, size);
      show(block);
    }
  }
  // The rest, which is shorter than a block.
  void end() {
    if (!pending_.empty()) show(std::exchange(pending_, {}));
  }
  void thinking(std::string_view delta) override {
    if (delta.empty()) return;
    thinking_ += delta;
    events_.thinking(run_, thinking_, delta);
  }
  void tool_call(std::string_view, std::string_view) override {}

private:
  void show(std::string_view delta) {
    text_ += delta;
    events_.text(run_, text_, delta, fresh_);
    fresh_ = false;
  }
  RunEvents& events_;
  const RunInfo& run_;
  std::string& text_;
  std::string& thinking_;
  std::optional<BlockSize> blocks_;
  std::string pending_;
  bool fresh_ = true; // the first delta replaces what an earlier reply or attempt showed
};

std::int64_t retry_after_ms(const Error& error) {
  constexpr std::string_view prefix = "retry-after-ms=";
  if (!error.code.starts_with(prefix)) return -1;
  std::int64_t value = -1;
  std::from_chars(error.code.data() + prefix.size(), error.code.data() + error.code.size(), value);
  return value;
}

std::size_t bytes_of(const ports::Message& message) {
  std::size_t bytes = 16;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<ports::TextBlock>(&block))
      bytes += text->text.size();
    else if (const auto* thinking = std::get_if<ports::ThinkingBlock>(&block))
      bytes += thinking->thinking.size() + thinking->signature.size();
    else if (const auto* call = std::get_if<ports::ToolCallBlock>(&block))
      bytes += call->name.size() + call->arguments_json.size();
    else if (const auto* image = std::get_if<ports::ImageBlock>(&block))
      bytes += std::min<std::size_t>(image->base64.size(), 8192);
  }
  return bytes;
}

// Leaves out the oldest messages until the rest fits `limit` bytes, always keeping the last one.
void keep_newest(std::vector<ports::Message>& messages, std::size_t limit) {
  std::size_t total = 0;
  std::size_t first = messages.size();
  while (first > 0) {
    const auto bytes = bytes_of(messages[first - 1]);
    if (first < messages.size() && total + bytes > limit) break;
    total += bytes;
    --first;
  }
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(first));
}

Task<> update_file(TranscriptFiles& files, std::string agent_id, store::SessionRow session, std::string workspace) {
  std::function<Result<bool>()> work = [&files, agent_id, session, workspace]() -> Result<bool> {
    TRY_VOID(files.update(agent_id, session.session_id, session.created_ms, workspace));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool updated, co_await async::offload<bool>(std::move(work)));
  co_return Result<>{};
}

} // namespace

Turn::Turn(Runtime& runtime, const Run& run) : runtime_(runtime), run_(run), authority_(runtime) {}

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
    if (error.kind == Kind::cancelled && *stop_reason == "timeout")
      error = Error{Kind::timeout,
                    fmt::format("The run was stopped after {} seconds without an answer.",
                                runtime_.settings().run_timeout_ms / 1000),
                    "Try again, or allow more time with: openclaw config set agents.defaults.timeoutSeconds SECONDS",
                    {}};
    else if (error.kind == Kind::cancelled)
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
  project_transcript();
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

Task<ports::Message> Turn::answer() {
  CO_TRY_VOID(co_await begin());
  CO_TRY_VOID(co_await async::check_cancelled());
  CO_TRY(const auto* workspace, runtime_.workspace_of(run_.info.agent_id));
  CO_TRY(const auto lease,
         co_await runtime_.services().models.acquire(run_.info.agent_id, session_.model.value_or("")));
  for (int step = 0; step < runtime_.settings().max_iterations; ++step) {
    CO_TRY_VOID(co_await async::check_cancelled());
    CO_TRY(auto message, co_await model_step(lease.choice(), *workspace));
    if (message.stop_reason != ports::StopReason::tool_use) co_return message;
    CO_TRY_VOID(co_await run_tools(message, *workspace));
  }
  co_return fail(Kind::busy,
                 fmt::format("The model asked for tools {} times without coming to an answer, so the run was stopped.",
                             runtime_.settings().max_iterations),
                 "Ask for a smaller step, or raise agents.defaults.maxIterations.");
}

std::vector<store::SpendScope> Turn::scopes() const {
  const auto& budget = runtime_.settings().budget;
  const auto day = iso_date(runtime_.services().time.now_ms());
  std::vector<store::SpendScope> scopes{
      {"all", day, budget.per_day_micro_usd, "budget.perDayUsd"},
      {"agent:" + run_.info.agent_id, day, -1, ""},
      {"session:" + run_.info.session_key, "", budget.per_session_micro_usd, "budget.perSessionUsd"}};
  if (budget.per_run_micro_usd >= 0)
    scopes.push_back({"run:" + run_.info.run_id, "", budget.per_run_micro_usd, "budget.perRunUsd"});
  return scopes;
}

Task<ports::Message> Turn::model_step(const ModelChoice& choice, const sandbox::Workspace& workspace) {
  auto& services = runtime_.services();
  auto* dialect = services.registry.find_dialect(choice.endpoint.api);
  if (!dialect)
    co_return fail(
        Kind::invalid,
        fmt::format("The model API \"{}\" of provider {} is not in this build.", choice.endpoint.api, choice.provider),
        "Use one of: openai-completions, anthropic-messages.");
  const bool small = choice.context_tokens > 0 && choice.context_tokens <= kSmallContext;

  ports::ModelRequest request;
  request.model = choice.model;
  request.reasoning = choice.reasoning;
  request.max_output_tokens = choice.max_output_tokens;
  request.thinking = run_.thinking.value_or(ports::thinking_from(session_.thinking.value_or(""))
                                                .value_or(runtime_.settings().thinking.value_or(
                                                    choice.reasoning ? ports::Thinking::low : ports::Thinking::off)));
  if (!small) request.tools = authority_.offered();
  const auto* agent = runtime_.settings().find_agent(run_.info.agent_id);
  if (!agent)
    co_return fail(Kind::missing, fmt::format("There is no agent \"{}\".", run_.info.agent_id),
                   "See openclaw config get agents.list.");
  request.system = system_prompt({*agent, workspace, request.tools, runtime_.settings().bootstrap_max_chars, small});
  if (!run_.extra_system_prompt.empty()) request.system += "\n" + run_.extra_system_prompt;

  CO_TRY(auto entries, read_messages(services.database.reader(), session_.session_id, kTranscriptWindow));
  std::vector<ports::Message> transcript;
  transcript.reserve(entries.size());
  for (auto& entry : entries) {
    auto& message = entry.message;
    if (message.role == ports::Role::user && !small)
      for (auto& block : message.content)
        if (auto* text = std::get_if<ports::TextBlock>(&block))
          text->text = with_envelope(text->text, message.timestamp_ms);
    transcript.push_back(std::move(message));
  }
  if (choice.context_tokens > 0) {
    // Three bytes a token is what ordinary text takes at least; the provider's own count corrects us by an overflow
    // error.
    std::int64_t room = choice.context_tokens - std::min(choice.max_output_tokens, choice.context_tokens / 4);
    room = room * 3 - static_cast<std::int64_t>(request.system.size());
    for (const auto& tool : request.tools)
      room -= static_cast<std::int64_t>(tool.schema_json.size() + tool.description.size());
    keep_newest(transcript, static_cast<std::size_t>(std::max<std::int64_t>(room, 1024)));
  }
  const auto rules = ModelCatalog::rules_for(choice, dialect->rules());
  request.messages = project_context(transcript, rules, choice.provider, choice.model);
  if (request.messages.empty())
    co_return fail(Kind::bug, "There is nothing in this session that a model could answer.", "Send a new message.");

  const auto& budget = runtime_.settings().budget;
  const auto money = scopes();
  std::string reservation;
  if (budget.any_cap()) {
    // A token is at least one byte, so the request's size in bytes is more tokens than it can have.
    std::int64_t bytes = static_cast<std::int64_t>(request.system.size());
    for (const auto& message : request.messages)
      bytes += static_cast<std::int64_t>(bytes_of(message));
    for (const auto& tool : request.tools)
      bytes += static_cast<std::int64_t>(tool.name.size() + tool.description.size() + tool.schema_json.size());
    const Price assumed{budget.unknown_price, budget.unknown_price, budget.unknown_price, budget.unknown_price, true};
    const auto amount = worst_case(bytes, request.max_output_tokens, choice.price, assumed);
    reservation = uuid_v7(services.time, services.random);
    const auto run_id = run_.info.run_id;
    const auto now = services.time.now_ms();
    std::function<Result<bool>(store::Connection&)> reserve = [=](store::Connection& connection) -> Result<bool> {
      TRY_VOID(store::reserve(connection, reservation, run_id, amount, money, now));
      return true;
    };
    CO_TRY([[maybe_unused]] const bool reserved, co_await services.database.write<bool>(std::move(reserve)));
  }

  auto reply = co_await stream_with_retries(choice, std::move(request));
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = services.time.now_ms();
  message.api = choice.endpoint.api;
  message.provider = choice.provider;
  message.model = choice.model;
  message.run_id = run_.info.run_id;
  if (!reply) {
    // What a broken call cost is unknown: a reservation counts in full, without one nothing was counted before either.
    if (!reservation.empty()) {
      std::function<Result<bool>(store::Connection&)> release = [=](store::Connection& connection) -> Result<bool> {
        TRY_VOID(store::settle(connection, reservation, 0, 0, 0, money));
        return true;
      };
      auto released = co_await services.database.write<bool>(std::move(release));
      (void)released;
    }
    co_return std::unexpected(reply.error());
  }
  message.content = std::move(reply->content);
  message.stop_reason = reply->stop_reason;
  message.usage = reply->usage;
  message.usage.cost_micro_usd = cost(reply->usage, choice.price);
  const bool has_calls = std::any_of(message.content.begin(), message.content.end(), [](const auto& block) {
    return std::holds_alternative<ports::ToolCallBlock>(block);
  });
  message.stop_reason = has_calls                                          ? ports::StopReason::tool_use
                        : message.stop_reason == ports::StopReason::length ? ports::StopReason::length
                                                                           : ports::StopReason::stop;
  if (!has_calls && text_of(message).empty()) {
    message.content.emplace_back(ports::TextBlock{"(The model ended its turn without saying anything.)"});
  }

  auto row = session_;
  row.updated_ms = message.timestamp_ms;
  row.input_tokens += message.usage.input;
  row.output_tokens += message.usage.output;
  row.cache_read += message.usage.cache_read;
  row.cache_write += message.usage.cache_write;
  row.cost_micro_usd += std::max<std::int64_t>(message.usage.cost_micro_usd, 0);
  if (message.usage.cost_micro_usd < 0) ++row.unpriced_calls;
  row.context_tokens = message.usage.input + message.usage.cache_read + message.usage.cache_write;
  row.last_provider = choice.provider;
  row.last_model = choice.model;
  row.aborted_last = false;
  session_ = row;
  const bool last = message.stop_reason != ports::StopReason::tool_use;
  const auto info = run_.info;
  auto* random = &services.random;
  const auto record_end = services.record_end;
  // With a price that nobody knows, a capped budget counts the assumed one: spending may never look smaller than it is.
  const auto counted = message.usage.cost_micro_usd >= 0 ? message.usage.cost_micro_usd
                       : budget.any_cap()
                           ? worst_case(message.usage.input + message.usage.cache_read + message.usage.cache_write,
                                        message.usage.output, choice.price,
                                        Price{budget.unknown_price, budget.unknown_price, budget.unknown_price,
                                              budget.unknown_price, true})
                           : 0;
  std::function<Result<bool>(store::Connection&)> record = [=](store::Connection& connection) -> Result<bool> {
    // Model, label and levels may have been changed by a person meanwhile: only the counters are ours.
    TRY(auto current, store::find_session(connection, row.key));
    auto saved = row;
    if (current) {
      saved.label = current->label;
      saved.model = current->model;
      saved.thinking = current->thinking;
      saved.verbose = current->verbose;
      // The session was reset while we answered: the answer has no place in it any more, but the run has ended.
      if (current->session_id != row.session_id) {
        if (last) TRY_VOID(store::set_run_state(connection, info.run_id, "answered", message.timestamp_ms, ""));
        return true;
      }
    }
    TRY_VOID(append_message(connection, row.session_id, info.run_id, message, *random));
    TRY_VOID(store::save_session(connection, saved));
    TRY_VOID(store::settle(connection, reservation, counted,
                           message.usage.input + message.usage.cache_read + message.usage.cache_write,
                           message.usage.output, money));
    if (last) {
      TRY_VOID(store::set_run_state(connection, info.run_id, "answered", message.timestamp_ms, ""));
      TRY_VOID(record_end(connection, info.run_id, message));
    }
    return true;
  };
  CO_TRY([[maybe_unused]] const bool recorded, co_await services.database.write<bool>(std::move(record)));
  co_return message;
}

Task<ports::ModelReply> Turn::stream_with_retries(ModelChoice choice, ports::ModelRequest request) {
  auto& services = runtime_.services();
  auto* dialect = services.registry.find_dialect(choice.endpoint.api);
  Error last;
  int shortened = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    whole_text_.clear();
    whole_thinking_.clear();
    StreamSink sink(services.events, run_.info, whole_text_, whole_thinking_, runtime_.settings().blocks);
    const auto started = services.time.monotonic_ms();
    auto copy = request;
    auto reply = co_await dialect->stream(services.http, choice.endpoint, std::move(copy), sink);
    sink.end();
    metrics::histogram("openclaw_model_call_duration_seconds", "Duration of model calls.",
                       fmt::format("provider=\"{}\"", metrics::escape_label(choice.provider)))
        .observe_ms(services.time.monotonic_ms() - started);
    if (reply) co_return reply;
    last = reply.error();
    metrics::counter("openclaw_model_errors_total", "Failed model calls by kind.",
                     fmt::format("kind=\"{}\"", kind_name(last.kind)))
        .add();
    if (last.code == "context-overflow" && shortened < 3 && request.messages.size() > 1) {
      std::size_t total = 0;
      for (const auto& message : request.messages)
        total += bytes_of(message);
      keep_newest(request.messages, total / 2);
      request.messages = project_context(request.messages, ModelCatalog::rules_for(choice, dialect->rules()),
                                         choice.provider, choice.model);
      ++shortened;
      --attempt;
      continue;
    }
    if (last.kind == Kind::transient && choice.source == "local-server") services.models.forget_servers();
    if (!is_retryable(last.kind) || attempt + 1 == kAttempts) break;
    auto delay = retry_after_ms(last);
    if (delay > kLongestRetryAfterMs) break;
    if (delay < 0) delay = std::int64_t{500} << attempt;
    log::info("agent", "A model call failed and is tried again.",
              {{"run", run_.info.run_id}, {"error", last.text()}, {"delay_ms", std::to_string(delay)}});
    CO_TRY_VOID(co_await services.time.sleep_ms(delay));
  }
  co_return std::unexpected(last);
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
      result = co_await authority_.execute(run_.info, call, workspace);
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
    CO_TRY([[maybe_unused]] const bool recorded, co_await services.database.write<bool>(std::move(record)));
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

Task<bool> Turn::finish(ports::Message last, std::string state, std::string error) {
  auto& services = runtime_.services();
  const auto info = run_.info;
  const auto session_id = session_.session_id;
  const auto now = services.time.now_ms();
  auto* random = &services.random;
  const auto record_end = services.record_end;
  std::function<Result<bool>(store::Connection&)> record = [=](store::Connection& connection) -> Result<bool> {
    if (!session_id.empty()) TRY_VOID(append_message(connection, session_id, info.run_id, last, *random));
    TRY_VOID(store::set_run_state(connection, info.run_id, state, now, error));
    TRY_VOID(record_end(connection, info.run_id, last));
    return true;
  };
  auto recorded = co_await services.database.write<bool>(std::move(record));
  co_return recorded;
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
  if (!whole_text_.empty()) message.content.emplace_back(ports::TextBlock{whole_text_});
  log::warn(
      "agent", error.text(),
      {{"run", run_.info.run_id}, {"session", run_.info.session_key}, {"kind", std::string(kind_name(error.kind))}});
  auto recorded = co_await finish(message, "failed", error.text());
  services.events.failed(run_.info, message, true);
  if (!recorded) co_return std::unexpected(recorded.error());
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
  if (!whole_text_.empty()) message.content.emplace_back(ports::TextBlock{whole_text_});
  auto recorded = co_await finish(message, "aborted", reason);
  services.events.aborted(run_.info, reason, whole_text_.empty() ? nullptr : &message);
  if (!recorded) co_return std::unexpected(recorded.error());
  co_return Result<>{};
}

// The JSONL file follows in the background; only shutting down waits for it.
void Turn::project_transcript() {
  if (session_.session_id.empty()) return;
  const auto workspace = runtime_.workspace_of(run_.info.agent_id);
  runtime_.background().spawn("transcript file", update_file(runtime_.transcript_files(), run_.info.agent_id, session_,
                                                             workspace ? (*workspace)->root() : std::string()));
}

} // namespace openclaw::agent
