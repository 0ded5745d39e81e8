#include "gateway/broadcaster.hpp"

#include "agent/transcript.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kDeltaMs = 150;
constexpr std::int64_t kModelsMs = 200;
// Each assistant event repeats the whole text: beyond this size they come no more often than chat deltas, or long
// answers would cost the square of their length.
constexpr std::size_t kImmediateBytes = 4096;
// And however long an answer is, showing it takes no more than this of a connection in each of its two kinds of event.
constexpr std::int64_t kShownBytesPerSecond = 512 * 1024;
constexpr std::size_t kShownCommand = 16 * 1024;

json::value parsed_or_empty(std::string_view text, std::string_view what) {
  if (text.empty()) return json::object();
  auto parsed = parse_json(text, what);
  return parsed ? std::move(*parsed) : json::value(json::object());
}

json::array text_content(std::string_view text) {
  json::array content;
  content.push_back(json::object{{"type", "text"}, {"text", text}});
  return content;
}

// Brings `known` to `whole`. Copying all of a long answer for each of its pieces would cost the square of its length;
// false when it had to be: something else began.
bool follow(std::string& known, std::string_view whole, std::string_view delta) {
  if (whole.size() != known.size() + delta.size()) {
    known = whole;
    return false;
  }
  known += delta;
  return true;
}

// The message of a `chat` event: what was said, without reasoning and tool calls.
json::object spoken(const ports::Message& message) {
  auto whole = agent::message_to_json(message);
  json::array content;
  for (auto& block : whole["content"].as_array())
    if (string_or(block, "type") == "text" || string_or(block, "type") == "image") content.push_back(std::move(block));
  whole["content"] = std::move(content);
  return whole;
}

} // namespace

struct Broadcaster::Stream {
  agent::RunInfo run;
  bool verbose = false;
  bool begun = false; // an agent run, not a command's answer
  std::int64_t sequence = 0;
  std::string text;
  std::size_t text_told = 0;  // of `text`, in assistant events
  std::size_t delta_told = 0; // of `text`, in chat deltas
  bool text_replaced = false;
  bool delta_replaced = false;
  std::string thinking;
  std::size_t thinking_told = 0;
  std::int64_t told_ms = -kDeltaMs;
  async::Scope::Child waiting;
};

json::object approval_to_json(const agent::ApprovalRequest& request) {
  json::object asked{{"command", utf8_prefix(request.command, kShownCommand)},
                     {"cwd", request.directory},
                     {"host", request.target},
                     {"agentId", request.agent_id},
                     {"sessionKey", request.session_key},
                     {"tool", request.tool},
                     {"reason", request.reason},
                     {"runId", request.run_id},
                     {"toolCallId", request.call_id}};
  if (!request.argv.empty()) {
    json::array argv;
    for (const auto& argument : request.argv)
      argv.push_back(json::value(argument));
    asked["argv"] = std::move(argv);
  }
  if (!request.resolved_path.empty()) asked["resolvedPath"] = request.resolved_path;
  return {{"id", request.id},
          {"request", std::move(asked)},
          {"createdAtMs", request.created_ms},
          {"expiresAtMs", request.expires_ms}};
}

Broadcaster::Broadcaster(async::Executor executor, async::Time& time)
    : time_(time), clients_(executor, time), scope_(executor) {}

Task<> Broadcaster::shut_down(std::string reason) {
  scope_.cancel();
  CO_TRY_VOID(co_await scope_.join());
  co_return co_await clients_.shut_down(std::move(reason));
}

Broadcaster::StreamPointer Broadcaster::stream_of(const agent::RunInfo& run) {
  auto& stream = streams_[run.run_id];
  if (!stream) {
    stream = std::make_shared<Stream>();
    stream->run = run;
    stream->verbose = verbose_ && verbose_(run.session_key);
  }
  return stream;
}

Broadcaster::StreamPointer Broadcaster::end_stream(const agent::RunInfo& run) {
  auto stream = stream_of(run);
  streams_.erase(run.run_id);
  stream->waiting.cancel();
  flush(*stream);
  return stream;
}

void Broadcaster::tell_agent(Stream& stream, std::string_view name, json::object data, bool may_skip) {
  Broadcast event;
  event.event = "agent";
  event.payload = {{"runId", stream.run.run_id},
                   {"stream", name},
                   {"data", std::move(data)},
                   {"sessionKey", stream.run.session_key},
                   {"agentId", stream.run.agent_id},
                   {"seq", ++stream.sequence},
                   {"ts", time_.now_ms()}};
  event.scope = Scope::read;
  event.may_skip = may_skip;
  event.session_key = stream.run.session_key;
  event.written_key = stream.run.client_key;
  if (name != "tool" || stream.verbose) return clients_.broadcast(std::move(event));
  event.audience = [](const Client& client) { return client.wants("tool-events"); };
  const Audience others = [](const Client& client) { return client.follows_all() && !client.wants("tool-events"); };
  if (!clients_.any(others)) return clients_.broadcast(std::move(event));
  clients_.broadcast(event);
  event.event = "session.tool";
  event.audience = others;
  event.may_skip = true;
  clients_.broadcast(std::move(event));
}

void Broadcaster::tell_tool(Stream& stream, json::object data, bool may_skip) {
  flush(stream); // what was said before the call is shown before it
  tell_agent(stream, "tool", std::move(data), may_skip);
}

void Broadcaster::tell_chat(Stream& stream, json::object payload, bool may_skip) {
  Broadcast event;
  event.event = "chat";
  event.payload = {{"runId", stream.run.run_id},
                   {"sessionKey", stream.run.session_key},
                   {"agentId", stream.run.agent_id},
                   {"seq", std::max<std::int64_t>(stream.sequence, 1)}};
  for (auto& field : payload)
    event.payload[field.key()] = std::move(field.value());
  event.scope = Scope::read;
  event.may_skip = may_skip;
  event.session_key = stream.run.session_key;
  event.written_key = stream.run.client_key;
  clients_.broadcast(std::move(event));
}

// Text that nobody was there to hear stays untold: whoever comes gets it with the next piece.
void Broadcaster::tell_assistant(Stream& stream) {
  if (stream.text_told >= stream.text.size() || clients_.size() == 0) return;
  json::object data{{"text", stream.text}, {"delta", std::string_view(stream.text).substr(stream.text_told)}};
  if (std::exchange(stream.text_replaced, false)) data["replace"] = true;
  stream.text_told = stream.text.size();
  tell_agent(stream, "assistant", std::move(data), true);
}

void Broadcaster::tell_thinking(Stream& stream) {
  if (stream.thinking_told >= stream.thinking.size() || clients_.size() == 0) return;
  json::object data{{"text", stream.thinking},
                    {"delta", std::string_view(stream.thinking).substr(stream.thinking_told)}};
  stream.thinking_told = stream.thinking.size();
  tell_agent(stream, "thinking", std::move(data), true);
}

void Broadcaster::tell_delta(Stream& stream) {
  if (stream.delta_told >= stream.text.size() || clients_.size() == 0) return;
  json::object payload{
      {"state", "delta"},
      {"message", {{"role", "assistant"}, {"content", text_content(stream.text)}, {"timestamp", time_.now_ms()}}},
      {"deltaText", std::string_view(stream.text).substr(stream.delta_told)}};
  if (std::exchange(stream.delta_replaced, false)) payload["replace"] = true;
  stream.delta_told = stream.text.size();
  tell_chat(stream, std::move(payload), true);
}

void Broadcaster::flush(Stream& stream) {
  tell_thinking(stream);
  tell_assistant(stream);
  tell_delta(stream);
  stream.told_ms = time_.monotonic_ms();
}

void Broadcaster::flush_or_wait(const StreamPointer& stream) {
  const auto shown = static_cast<std::int64_t>(stream->text.size() + stream->thinking.size());
  const auto pause = std::max(kDeltaMs, shown * 1000 / kShownBytesPerSecond);
  const auto since = time_.monotonic_ms() - stream->told_ms;
  if (since >= pause) return flush(*stream);
  if (!stream->waiting.running()) stream->waiting = scope_.spawn("chat delta", flush_later(stream, pause - since));
}

Task<> Broadcaster::flush_later(StreamPointer stream, std::int64_t milliseconds) {
  CO_TRY_VOID(co_await time_.sleep_ms(milliseconds));
  flush(*stream);
  co_return Result<>{};
}

void Broadcaster::started(const agent::RunInfo& run, std::int64_t at_ms) {
  const auto stream = stream_of(run);
  stream->begun = true;
  stream->told_ms = time_.monotonic_ms() - kDeltaMs; // the first words are shown at once
  tell_agent(*stream, "lifecycle", {{"phase", "start"}, {"startedAt", at_ms}}, false);
}

void Broadcaster::text(const agent::RunInfo& run, std::string_view whole, std::string_view delta, bool replace) {
  const auto stream = stream_of(run);
  if (replace) {
    tell_assistant(*stream);
    tell_delta(*stream);
    stream->text_replaced = stream->text_told > 0;
    stream->delta_replaced = stream->delta_told > 0;
    stream->text_told = 0;
    stream->delta_told = 0;
  }
  if (replace)
    stream->text = whole;
  else
    follow(stream->text, whole, delta);
  if (stream->text.size() <= kImmediateBytes) tell_assistant(*stream);
  flush_or_wait(stream);
}

void Broadcaster::thinking(const agent::RunInfo& run, std::string_view whole, std::string_view delta) {
  const auto stream = stream_of(run);
  if (!follow(stream->thinking, whole, delta)) stream->thinking_told = 0;
  if (stream->thinking.size() <= kImmediateBytes)
    tell_thinking(*stream);
  else
    flush_or_wait(stream);
}

void Broadcaster::tool_started(const agent::RunInfo& run, std::string_view call_id, std::string_view name,
                               std::string_view arguments_json) {
  const auto stream = stream_of(run);
  tell_tool(*stream,
            {{"phase", "start"},
             {"name", name},
             {"toolCallId", call_id},
             {"args", parsed_or_empty(arguments_json, "tool arguments")}},
            false);
}

void Broadcaster::tool_updated(const agent::RunInfo& run, std::string_view call_id, std::string_view name,
                               std::string_view text, std::string_view details_json) {
  const auto stream = stream_of(run);
  json::object partial{{"content", text_content(text)}, {"details", parsed_or_empty(details_json, "tool details")}};
  tell_tool(*stream,
            {{"phase", "update"}, {"name", name}, {"toolCallId", call_id}, {"partialResult", std::move(partial)}},
            true);
}

void Broadcaster::tool_finished(const agent::RunInfo& run, std::string_view call_id, std::string_view name,
                                const ports::Message& result) {
  const auto stream = stream_of(run);
  auto message = agent::message_to_json(result);
  json::object shown{{"content", std::move(message["content"])},
                     {"details", parsed_or_empty(result.details_json, "tool details")}};
  tell_tool(*stream,
            {{"phase", "result"},
             {"name", name},
             {"toolCallId", call_id},
             {"isError", result.is_error},
             {"result", std::move(shown)}},
            false);
}

void Broadcaster::model_changed(const agent::RunInfo& run, std::string_view model, std::string_view first,
                                std::string_view reason) {
  const auto stream = stream_of(run);
  tell_agent(
      *stream, "lifecycle",
      {{"phase", "model"}, {"model", model}, {"insteadOf", first}, {"fallback", model != first}, {"reason", reason}},
      false);
}

void Broadcaster::finished(const agent::RunInfo& run, const ports::Message& answer) {
  const auto stream = end_stream(run);
  if (stream->begun) tell_agent(*stream, "lifecycle", {{"phase", "end"}, {"endedAt", time_.now_ms()}}, false);
  auto message = spoken(answer);
  json::object payload{{"state", "final"}, {"stopReason", ports::stop_reason_name(answer.stop_reason)}};
  if (const auto* usage = message.if_contains("usage")) payload["usage"] = *usage;
  payload["message"] = std::move(message);
  tell_chat(*stream, std::move(payload), false);
}

void Broadcaster::failed(const agent::RunInfo& run, const ports::Message& failure, bool retryable) {
  const auto stream = end_stream(run);
  if (stream->begun)
    tell_agent(*stream, "lifecycle",
               {{"phase", "error"}, {"error", failure.error_message}, {"endedAt", time_.now_ms()}}, false);
  json::object payload{
      {"state", "error"}, {"errorMessage", failure.error_message}, {"retryable", retryable}, {"stopReason", "error"}};
  if (!failure.error_hint.empty()) payload["errorHint"] = failure.error_hint;
  tell_chat(*stream, std::move(payload), false);
}

void Broadcaster::aborted(const agent::RunInfo& run, std::string_view reason, const ports::Message* partial) {
  const auto stream = end_stream(run);
  json::object payload{{"state", "aborted"}, {"stopReason", reason}};
  if (partial) payload["message"] = spoken(*partial);
  tell_chat(*stream, std::move(payload), false);
}

void Broadcaster::approval_requested(const agent::ApprovalRequest& request) {
  Broadcast event;
  event.event = "exec.approval.requested";
  event.payload = approval_to_json(request);
  event.scope = Scope::approvals;
  clients_.broadcast(std::move(event));
}

void Broadcaster::approval_resolved(std::string_view id, agent::ApprovalDecision decision,
                                    std::string_view resolved_by) {
  Broadcast event;
  event.event = "exec.approval.resolved";
  event.payload = {
      {"id", id}, {"decision", agent::decision_name(decision)}, {"resolvedBy", resolved_by}, {"ts", time_.now_ms()}};
  event.scope = Scope::approvals;
  clients_.broadcast(std::move(event));
}

void Broadcaster::models_changed() {
  if (models_pending_ || !models_status_ || clients_.size() == 0) return;
  models_pending_ = true;
  scope_.spawn("models status", tell_models());
}

Task<> Broadcaster::tell_models() {
  auto slept = co_await time_.sleep_ms(kModelsMs);
  models_pending_ = false; // a change from here on is told again
  if (!slept) co_return slept;
  CO_TRY(auto status, co_await models_status_());
  Broadcast event;
  event.event = "models.status";
  if (status.is_object()) event.payload = std::move(status.get_object());
  event.scope = Scope::read;
  clients_.broadcast(std::move(event));
  co_return Result<>{};
}

} // namespace openclaw::gateway
