#include "agent/model_step.hpp"

#include "agent/budget.hpp"
#include "agent/context.hpp"
#include "agent/notice.hpp"
#include "agent/prompt.hpp"
#include "agent/session_key.hpp"
#include "agent/transcript_window.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "store/journal.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr int kAttempts = 3;                    // of the last one that is left
constexpr std::int64_t kLongestWaitMs = 60'000; // for somebody to be ready
constexpr std::int64_t kPollMs = 250;           // while another run's call decides
constexpr std::int64_t kSmallContext = 8192;
constexpr std::size_t kShownReason = 300;
constexpr std::int64_t kBytesOfAToken = 3;

// Whether the provider may have charged for a call that failed.
bool may_have_cost(const Error& error, const Shown& shown) {
  return !shown.text.empty() || !shown.thinking.empty() || error.kind == Kind::timeout || error.kind == Kind::cancelled;
}

} // namespace

Task<ports::Message> ModelStep::run(const sandbox::Workspace& workspace) {
  auto& services = runtime_.services();
  auto& router = runtime_.router();
  if (candidates_.empty()) {
    CO_TRY(candidates_,
           co_await router.candidates(run_.info.agent_id, run_.info.session_key, session_.model.value_or("")));
    for (const auto& candidate : candidates_)
      options_.push_back({candidate.callee(), !candidate.problem, false});
  }
  for (auto& option : options_)
    option.tried = false;
  failed_.clear();
  while (true) {
    CO_TRY(const auto chosen, co_await next());
    if (chosen.what == RouteChoice::What::none) co_return std::unexpected(nobody_answered());
    const auto& candidate = candidates_[chosen.index];
    auto call = router.health().begin(options_[chosen.index].callee, services.time.now_ms(), chosen.early);
    if (!call) continue; // somebody else was faster
    if (leased_ != chosen.index) {
      auto leased = co_await services.models.lease(candidate);
      if (!leased) {
        if (leased.error().kind == Kind::cancelled) co_return std::unexpected(leased.error());
        give_up(chosen.index, leased.error());
        continue;
      }
      lease_ = std::move(*leased);
      leased_ = chosen.index;
    }
    if (candidate.reference != candidates_.front().reference) CO_TRY_VOID(co_await announce(chosen.index));
    options_[chosen.index].tried = true;
    const auto rest = choose(options_, router.health(), services.time.now_ms());
    const bool alone = rest.what != RouteChoice::What::call || rest.early;
    auto answer = co_await ask(lease_.choice(), workspace, alone);
    if (answer) {
      call->succeeded();
      router.answered(run_.info.session_key, candidate);
      if (candidate.reference == candidates_.front().reference) CO_TRY_VOID(co_await announce(chosen.index));
      auto recorded = co_await record(candidate, lease_.choice(), std::move(*answer));
      co_return recorded;
    }
    const auto& error = answer.error();
    const auto failure = classify(error);
    if (error.kind == Kind::cancelled || !fails_over(failure)) co_return std::unexpected(error);
    call->failed(failure, retry_after_ms(error), error.message, services.time.now_ms());
    give_up(chosen.index, error);
    // Blocks are messages of their own by now: another model's beginning cannot take their place.
    if (runtime_.settings().blocks && !shown_.text.empty()) co_return std::unexpected(error);
    log::info("agent", "A model did not answer.",
              {{"run", run_.info.run_id},
               {"model", candidate.reference},
               {"failure", std::string(failure_class_name(failure))},
               {"error", error.text()}});
  }
}

// Waits until there is somebody to ask, at most a minute.
Task<RouteChoice> ModelStep::next() {
  auto& services = runtime_.services();
  const auto& health = runtime_.router().health();
  const auto started = services.time.monotonic_ms();
  while (true) {
    const auto now = services.time.now_ms();
    auto chosen = choose(options_, health, now);
    if (chosen.what != RouteChoice::What::wait) co_return chosen;
    const auto waited = services.time.monotonic_ms() - started;
    const auto wait = chosen.until_ms > 0 ? chosen.until_ms - now : kPollMs;
    if (waited + wait > kLongestWaitMs) co_return RouteChoice{};
    CO_TRY_VOID(co_await services.time.sleep_ms(std::max<std::int64_t>(wait, 1)));
  }
}

void ModelStep::give_up(std::size_t index, const Error& error) {
  failed_[index] = error;
  options_[index].tried = true;
  // A server that is down or crowded is so for every key.
  const auto failure = classify(error);
  if (failure != FailureClass::overloaded && failure != FailureClass::timeout) return;
  for (auto& option : options_)
    if (option.callee.provider == options_[index].callee.provider &&
        option.callee.model == options_[index].callee.model)
      option.tried = true;
}

std::string ModelStep::reason_against(std::size_t index) const {
  if (const auto failed = failed_.find(index); failed != failed_.end())
    return std::string(utf8_prefix(failed->second.message, kShownReason));
  if (candidates_[index].problem) return std::string(utf8_prefix(candidates_[index].problem->message, kShownReason));
  const auto now = runtime_.services().time.now_ms();
  const auto verdict = runtime_.router().health().judge(options_[index].callee, now);
  return verdict.because ? rest_text(*verdict.because, now) : std::string("it was passed over");
}

Error ModelStep::nobody_answered() const {
  const auto only_one = candidates_.size() == 1;
  if (only_one && candidates_[0].problem) return *candidates_[0].problem;
  if (failed_.empty() && std::ranges::all_of(candidates_, [](const auto& one) { return one.problem.has_value(); }))
    return *candidates_[0].problem;
  Error error;
  if (only_one && !failed_.empty()) {
    error = failed_.begin()->second;
  } else {
    error = {Kind::busy, "No model could answer.", "Each of them, and what changes it: /models why", {}};
    for (std::size_t index = 0; index < candidates_.size(); ++index) {
      const auto& name = candidates_[index].credential_name;
      error.message +=
          fmt::format(" · {}{}: {}", candidates_[index].reference,
                      name.empty() || only_one ? std::string() : fmt::format(" with {}", name), reason_against(index));
    }
  }
  if (session_.model)
    error.hint += " No other model was asked, for this one was chosen for the session: /model default";
  return error;
}

// Tells people once when another model takes over, and once when the first one is back.
Task<> ModelStep::announce(std::size_t index) {
  const auto& first = candidates_.front().reference;
  const auto& reference = candidates_[index].reference;
  if (!runtime_.router().is_news(run_.info.session_key, first, reference)) co_return Result<>{};
  const auto reason = reference == first ? std::string() : reason_against(0);
  auto text = reference == first ? fmt::format("{} answers again.", first)
                                 : fmt::format("{} takes over from {}: {} (`/models why`)", reference, first, reason);
  CO_TRY_VOID(co_await tell_session(runtime_, run_.info, session_.session_id, std::move(text)));
  runtime_.services().events.model_changed(run_.info, reference, first, reason);
  co_return Result<>{};
}

Result<ports::ModelRequest> ModelStep::request_for(const ModelChoice& choice, const sandbox::Workspace& workspace,
                                                   const ports::Dialect& dialect) const {
  const bool small = choice.context_tokens > 0 && choice.context_tokens <= kSmallContext;
  const auto& settings = runtime_.settings();
  ports::ModelRequest request;
  request.model = choice.model;
  request.reasoning = choice.reasoning;
  request.max_output_tokens = choice.max_output_tokens;
  request.context_tokens = choice.context_tokens;
  request.idle_timeout_ms = settings.patience.idle_ms;
  request.first_token_timeout_ms =
      is_private_url(choice.endpoint.base_url) ? settings.patience.first_local_ms : settings.patience.first_ms;
  request.thinking = run_.thinking.value_or(
      ports::thinking_from(session_.thinking.value_or(""))
          .value_or(settings.thinking.value_or(choice.reasoning ? ports::Thinking::low : ports::Thinking::off)));
  caller_.provider = choice.provider;
  caller_.model = choice.model;
  if (!small) request.tools = authority_.offered(caller_);
  const auto* agent = settings.find_agent(run_.info.agent_id);
  if (!agent)
    return fail(Kind::invalid, fmt::format("There is no agent \"{}\".", run_.info.agent_id),
                "See openclaw config get agents.list.");
  request.system = system_prompt({*agent, workspace, request.tools, settings.bootstrap_max_chars, small,
                                  group_of(run_.info.session_key).has_value()});
  if (!run_.extra_system_prompt.empty()) request.system += "\n" + run_.extra_system_prompt;
  TRY(auto window, read_window(runtime_.services().database.reader(), session_.session_id, !small));
  if (run_.origin.history_turns > 0) keep_turns(window, run_.origin.history_turns);
  if (!small) add_notices(window, notices_);
  if (!choice.images) leave_out_images(window);
  fit_context(window, request, choice.context_tokens);
  request.messages = project_context(std::move(window), ModelCatalog::rules_for(choice, dialect.rules()),
                                     choice.provider, choice.model);
  if (request.messages.empty())
    return fail(Kind::bug, "There is nothing in this session that a model could answer.", "Send a new message.");
  return request;
}

// `alone`: nobody else is ready, so it is asked again when that may help.
Task<ports::ModelReply> ModelStep::ask(const ModelChoice& choice, const sandbox::Workspace& workspace, bool alone) {
  auto& services = runtime_.services();
  const auto* dialect = services.registry.find_dialect(choice.endpoint.api);
  if (!dialect)
    co_return fail(
        Kind::invalid,
        fmt::format("The model API \"{}\" of provider {} is not in this build.", choice.endpoint.api, choice.provider),
        "Use one of: openai-completions, openai-responses, anthropic-messages, google-generative-ai, ollama.");
  CO_TRY(auto built, request_for(choice, workspace, *dialect));
  auto request = std::make_shared<const ports::ModelRequest>(std::move(built));
  int shortened = 0;
  for (int tried = 1;; ++tried) {
    auto answer = co_await attempt(choice, request);
    if (answer) co_return answer;
    const auto error = answer.error();
    if (error.code == "context-overflow" && shortened < 3 && request->messages.size() > 1) {
      auto shorter = *request;
      keep_newest_half(shorter.messages);
      shorter.messages = project_context(std::move(shorter.messages), ModelCatalog::rules_for(choice, dialect->rules()),
                                         choice.provider, choice.model);
      request = std::make_shared<const ports::ModelRequest>(std::move(shorter));
      ++shortened;
      --tried;
      continue;
    }
    const auto failure = classify(error);
    if (failure == FailureClass::overloaded && choice.source == "local-server") services.models.forget_servers();
    // A stream that broke once may well hold the second time; everything else is left to the next one.
    const int attempts = alone ? kAttempts : failure == FailureClass::overloaded ? 2 : 1;
    if (!is_retryable(error.kind) || tried >= attempts) co_return answer;
    if (runtime_.settings().blocks && !shown_.text.empty()) co_return answer;
    auto delay = retry_after_ms(error);
    if (delay > (alone ? kLongestWaitMs : 0)) co_return answer;
    if (delay < 0) delay = std::int64_t{500} << (tried - 1);
    log::info("agent", "A model call failed and is tried again.",
              {{"run", run_.info.run_id}, {"error", error.text()}, {"delay_ms", std::to_string(delay)}});
    CO_TRY_VOID(co_await services.time.sleep_ms(delay));
  }
}

// One call, with its money.
Task<ports::ModelReply> ModelStep::attempt(const ModelChoice& choice, ports::SharedModelRequest request) {
  auto& services = runtime_.services();
  auto* dialect = services.registry.find_dialect(choice.endpoint.api);
  const auto money = spend_scopes(runtime_.settings().budget, run_.info.agent_id, run_.info.session_key,
                                  run_.info.run_id, choice.key(), services.time.now_ms());
  // A token is at least one byte, so the request's size in bytes is more tokens than it can have.
  const auto bytes = bytes_of(*request);
  const auto amount = worst_case(static_cast<std::int64_t>(bytes), request->max_output_tokens, choice.price,
                                 runtime_.settings().budget.assumed_price);
  const bool capped = std::ranges::any_of(money, [](const auto& scope) { return scope.cap_micro_usd >= 0; });
  std::string id;
  if (capped && amount > 0) {
    id = uuid_v7(services.time, services.random);
    const auto run_id = run_.info.run_id;
    const auto now = services.time.now_ms();
    std::function<Result<bool>(store::Connection&)> reserve = [=](store::Connection& connection) -> Result<bool> {
      TRY_VOID(store::reserve(connection, id, run_id, amount, money, now));
      return true;
    };
    auto reserved = co_await services.database.write<bool>(std::move(reserve));
    if (!reserved) {
      auto error = reserved.error();
      if (error.code.empty()) error.code = kOurFault;
      co_return std::unexpected(std::move(error));
    }
  }
  unsettled_ = Unsettled{std::move(id), money, {}};
  StreamSink sink(services.events, run_.info, shown_, runtime_.settings().blocks);
  const auto started = services.time.monotonic_ms();
  trace::Span span("model", trace::Kind::client, run_.info.trace);
  span.attribute("gen_ai.provider.name", choice.provider);
  span.attribute("gen_ai.request.model", choice.model);
  auto endpoint = choice.endpoint;
  if (span.recording()) endpoint.headers["traceparent"] = trace::traceparent(span.context());
  auto reply = co_await dialect->stream(services.http, std::move(endpoint), std::move(request), sink);
  if (!reply) span.fail(kind_name(reply.error().kind));
  span.end();
  sink.end();
  metrics::histogram("openclaw_model_call_duration_seconds", "Duration of model calls.",
                     fmt::format("provider=\"{}\"", metrics::escape_label(choice.provider)))
      .observe_ms(services.time.monotonic_ms() - started);
  if (reply) co_return reply;
  metrics::counter("openclaw_model_errors_total", "Failed model calls by kind.",
                   fmt::format("kind=\"{}\"", kind_name(reply.error().kind)))
      .add();
  auto settled = co_await settle_failed(choice, bytes, amount, reply.error());
  if (!settled) log::error("agent", settled.error().text(), {{"run", run_.info.run_id}});
  co_return reply;
}

// A refusal costs nothing. Of a call that broke nobody tells the price: its request and what came of the reply are
// counted.
Task<> ModelStep::settle_failed(const ModelChoice& choice, std::size_t request_bytes, std::int64_t most,
                                const Error& error) {
  auto& cost = unsettled_->cost;
  if (may_have_cost(error, shown_)) {
    cost.input_tokens = static_cast<std::int64_t>(request_bytes) / kBytesOfAToken;
    cost.output_tokens = static_cast<std::int64_t>(shown_.text.size() + shown_.thinking.size()) / kBytesOfAToken + 1;
    cost.micro_usd = std::min(most, worst_case(cost.input_tokens, cost.output_tokens, choice.price,
                                               runtime_.settings().budget.assumed_price));
    cost.estimated = true;
  } else if (unsettled_->reservation.empty()) {
    unsettled_.reset();
    co_return Result<>{};
  }
  const auto spent = *unsettled_;
  std::function<Result<bool>(store::Connection&)> settle = [=](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::settle(connection, spent.reservation, spent.cost, spent.scopes));
    return true;
  };
  // The run's end is on disk later than this, and until then the reservation counts in full.
  CO_TRY([[maybe_unused]] const bool settled,
         co_await runtime_.services().database.write<bool>(std::move(settle), store::Durability::soon));
  unsettled_.reset();
  co_return Result<>{};
}

Task<ports::Message> ModelStep::record(const Candidate& candidate, const ModelChoice& choice, ports::ModelReply reply) {
  auto& services = runtime_.services();
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = services.time.now_ms();
  message.api = choice.endpoint.api;
  message.provider = choice.provider;
  message.model = choice.model;
  message.run_id = run_.info.run_id;
  message.content = std::move(reply.content);
  message.usage = reply.usage;
  message.usage.cost_micro_usd = cost(reply.usage, choice.price);
  const bool has_calls = std::any_of(message.content.begin(), message.content.end(), [](const auto& block) {
    return std::holds_alternative<ports::ToolCallBlock>(block);
  });
  message.stop_reason = has_calls                                        ? ports::StopReason::tool_use
                        : reply.stop_reason == ports::StopReason::length ? ports::StopReason::length
                                                                         : ports::StopReason::stop;
  if (!has_calls && text_of(message).empty())
    message.content.emplace_back(ports::TextBlock{"(The model ended its turn without saying anything.)"});
  const auto& first = candidates_.front();
  if (candidate.reference != first.reference || candidate.callee().credential != first.callee().credential)
    message.details_json = to_text(json::object{{"insteadOf", first.reference},
                                                {"insteadOfKey", first.credential_name},
                                                {"key", candidate.credential_name},
                                                {"reason", reason_against(0)}});

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
  store::CallCost counted{.micro_usd = message.usage.cost_micro_usd,
                          .estimated = message.usage.cost_micro_usd < 0,
                          .input_tokens = row.context_tokens,
                          .output_tokens = message.usage.output,
                          .cache_read = message.usage.cache_read,
                          .cache_write = message.usage.cache_write};
  // With a price that nobody knows the assumed one is counted: spending may not look like nothing.
  if (counted.estimated) counted.micro_usd = cost(reply.usage, runtime_.settings().budget.assumed_price);
  const bool last = message.stop_reason != ports::StopReason::tool_use;
  const auto info = run_.info;
  auto* random = &services.random;
  store::JournalEntry entry;
  entry.time_ms = message.timestamp_ms;
  entry.actor = "agent:" + info.agent_id;
  entry.agent_id = info.agent_id;
  entry.session_key = info.session_key;
  entry.run_id = info.run_id;
  entry.action = "model";
  entry.subject = candidate.reference;
  entry.outcome = "ok";
  entry.cost_micro_usd = counted.micro_usd;
  const auto record_end = services.record_end;
  unsettled_->cost = counted;
  const auto spent = *unsettled_;
  std::function<Result<std::string>(store::Connection&)> write =
      [=](store::Connection& connection) -> Result<std::string> {
    TRY_VOID(store::settle(connection, spent.reservation, spent.cost, spent.scopes));
    TRY_VOID(store::record(connection, entry));
    TRY(auto warning, nearly_spent(connection, spent.scopes, spent.cost.micro_usd));
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
        return std::string();
      }
    }
    TRY_VOID(append_message(connection, row.session_id, info.run_id, message, *random));
    TRY_VOID(store::save_session(connection, saved));
    if (last) {
      TRY_VOID(store::set_run_state(connection, info.run_id, "answered", message.timestamp_ms, ""));
      TRY_VOID(record_end(connection, info, message));
    }
    return warning;
  };
  // Calls are followed by a receipt or by the next reply before anything depends on them.
  const auto durability = last ? store::Durability::synced : store::Durability::soon;
  CO_TRY(auto warning, co_await services.database.write<std::string>(std::move(write), durability));
  unsettled_.reset();
  if (!warning.empty())
    CO_TRY_VOID(co_await tell_session(runtime_, run_.info, session_.session_id, std::move(warning)));
  co_return message;
}

} // namespace openclaw::agent
