#include "base/text.hpp"
#include "extensions/models/openai_completions/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::openai {
namespace {

constexpr std::size_t kMostCalls = 64;
constexpr std::size_t kReplyLimit = 8 * 1024 * 1024;

std::int64_t tokens(const json::object& object, std::string_view key) {
  return std::max<std::int64_t>(integer_or(object, key, 0), 0);
}

} // namespace

ReplyReader::ReplyReader(ModelEndpoint endpoint, std::string model, const std::vector<ToolSpec>& tools, ModelSink& sink)
    : endpoint_(std::move(endpoint)), model_(std::move(model)), sink_(sink),
      lenient_(endpoint_.flags.contains("lenient_tools")), offers_tools_(!tools.empty()), tolerant_(tools) {}

Result<> ReplyReader::event(const net::ServerSentEvent& event) {
  const auto data = trim(event.data);
  if (data.empty()) return {};
  if (data == "[DONE]") {
    done_ = true;
    return {};
  }
  size_ += data.size();
  if (size_ > kReplyLimit) return std::unexpected(broken_stream_error(endpoint_, "more than 8 MB", data));
  const auto parsed = parse_json(data, "event");
  if (!parsed || !parsed->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "an event that is no JSON object", data));
  const auto& object = parsed->get_object();
  if (const auto* error = find(object, "error"); error && !error->is_null())
    return std::unexpected(model_error(endpoint_, model_, 0, {}, data));
  if (event.event == "error") return std::unexpected(model_error(endpoint_, model_, 0, {}, data));
  if (reply_id_.empty()) reply_id_ = fmt::format("{}/{}", string_or(object, "id"), integer_or(object, "created", 0));
  if (const auto* counted = find(object, "usage"); counted && counted->is_object()) usage(counted->get_object());
  if (const auto* groq = find(object, "x_groq"))
    if (const auto* counted = find(*groq, "usage"); counted && counted->is_object()) usage(counted->get_object());
  const auto* choices = find(object, "choices");
  if (!choices || !choices->is_array() || choices->get_array().empty()) return {};
  const auto& first = choices->get_array().front();
  if (!first.is_object()) return {};
  return choice(first.get_object());
}

Result<> ReplyReader::choice(const json::object& choice) {
  if (const auto* counted = find(choice, "usage"); counted && counted->is_object()) usage(counted->get_object());
  // A few servers answer a stream with one whole message.
  const auto* delta = find(choice, "delta");
  if (!delta || !delta->is_object()) delta = find(choice, "message");
  if (delta && delta->is_object()) {
    for (const auto* key : {"reasoning_content", "reasoning"})
      if (const auto* thought = find(*delta, key); thought && thought->is_string() && !thought->get_string().empty()) {
        add_thinking(thought->get_string());
        break;
      }
    if (const auto* said = find(*delta, "content")) content(*said);
    if (const auto* refused = find(*delta, "refusal"); refused && refused->is_string()) add_text(refused->get_string());
    if (const auto* deltas = find(*delta, "tool_calls"); deltas && deltas->is_array())
      TRY_VOID(calls(deltas->get_array()));
  }
  if (const auto reason = string_or(choice, "finish_reason"); !reason.empty()) finish_reason_ = reason;
  return {};
}

// A string, or Mistral's list of parts.
void ReplyReader::content(const json::value& value) {
  if (value.is_string()) return add_text(value.get_string());
  const auto* parts = value.if_array();
  if (!parts) return;
  for (const auto& part : *parts) {
    if (string_or(part, "type") == "text")
      add_text(string_or(part, "text"));
    else if (const auto* thoughts = find(part, "thinking"); thoughts && thoughts->is_array())
      for (const auto& thought : thoughts->get_array())
        add_thinking(string_or(thought, "text"));
  }
}

void ReplyReader::add_text(std::string_view delta) {
  if (delta.empty()) return;
  if (lenient_) return tolerant_.feed(delta, sink_);
  sink_.text(delta);
  text_ += delta;
}

void ReplyReader::add_thinking(std::string_view delta) {
  if (delta.empty()) return;
  sink_.thinking(delta);
  thinking_ += delta;
}

// Pieces belong together by index. Some servers give every call the same index, or none, and tell them apart by id and
// name.
ReplyReader::Call* ReplyReader::call_for(std::int64_t index, std::string_view id, bool named) {
  for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
    const bool same_index = index >= 0 && call->index == index;
    const bool same_id = !id.empty() && call->given_id == id;
    const bool begins_another = named && !id.empty() && !call->given_id.empty() && !same_id;
    if (same_id || (same_index && !begins_another)) return &*call;
    if (index < 0 && id.empty() && !named) return &*call;
  }
  if (calls_.size() >= kMostCalls) return nullptr;
  auto& call = calls_.emplace_back();
  call.index = index;
  call.given_id = id;
  call.id = id.empty() ? call_id_for(reply_id_, calls_.size() - 1) : std::string(id);
  return &call;
}

Result<> ReplyReader::calls(const json::array& deltas) {
  for (const auto& delta : deltas) {
    if (!delta.is_object()) continue;
    const auto& piece = delta.get_object();
    const auto* function = find(piece, "function");
    const auto name = function ? string_or(*function, "name") : std::string();
    auto* call = call_for(integer_or(piece, "index", -1), string_or(piece, "id"), !name.empty());
    if (!call) return std::unexpected(broken_stream_error(endpoint_, "more than 64 tool calls", name));
    if (call->name.empty()) call->name = name;
    if (!call->name.empty() && !call->announced) {
      call->announced = true;
      sink_.tool_call(call->id, call->name);
    }
    const auto* arguments = function ? find(*function, "arguments") : nullptr;
    if (!arguments) continue;
    if (arguments->is_string())
      call->arguments += std::string_view(arguments->get_string());
    else if (arguments->is_object())
      call->arguments += to_text(*arguments);
  }
  return {};
}

void ReplyReader::usage(const json::object& counted) {
  const auto prompt = tokens(counted, "prompt_tokens");
  auto cached = tokens(counted, "prompt_cache_hit_tokens");
  std::int64_t written = 0;
  if (const auto* details = find(counted, "prompt_tokens_details"); details && details->is_object()) {
    cached = std::max(cached, tokens(details->get_object(), "cached_tokens"));
    written = tokens(details->get_object(), "cache_write_tokens");
  }
  usage_.cache_read = std::min(cached, prompt);
  usage_.cache_write = std::min(written, prompt - usage_.cache_read);
  usage_.input = prompt - usage_.cache_read - usage_.cache_write;
  usage_.output = tokens(counted, "completion_tokens");
  // OpenAI counts reasoning among the completion tokens; xAI beside them, which only the total shows.
  if (const auto* details = find(counted, "completion_tokens_details"); details && details->is_object()) {
    const auto reasoning = tokens(details->get_object(), "reasoning_tokens");
    if (reasoning > 0 && tokens(counted, "total_tokens") == prompt + usage_.output + reasoning)
      usage_.output += reasoning;
  }
}

void ReplyReader::add_calls(ModelReply& reply, std::vector<TextCall> text_calls) {
  const bool cut = finish_reason_ == "length";
  for (auto& call : calls_) {
    const auto arguments = parse_json(call.arguments, "arguments");
    // The limit fell into this call: half of its arguments are missing.
    if (call.name.empty() || (cut && (!arguments || !arguments->is_object()))) continue;
    reply.content.emplace_back(ToolCallBlock{call.id, call.name, call_arguments(call.arguments)});
  }
  for (auto& call : text_calls) {
    auto id = call_id_for(reply_id_, calls_.size() + reply.content.size());
    sink_.tool_call(id, call.name);
    reply.content.emplace_back(ToolCallBlock{std::move(id), std::move(call.name), std::move(call.arguments_json)});
  }
}

Result<ModelReply> ReplyReader::finish() {
  TolerantText::Outcome outcome;
  if (lenient_)
    outcome = tolerant_.finish(offers_tools_ && calls_.empty() && finish_reason_ != "length", sink_);
  else
    outcome.text = std::move(text_);
  const bool nothing =
      outcome.text.empty() && outcome.thinking.empty() && thinking_.empty() && calls_.empty() && outcome.calls.empty();
  if (finish_reason_.empty() && (!done_ || nothing)) return std::unexpected(cut_stream_error(endpoint_, model_));
  if (finish_reason_ == "content_filter")
    return fail(Kind::remote, fmt::format("{} stopped the reply: its content filter objected.", endpoint_.provider),
                "Say it differently, or choose another model.", "content-filter");
  ModelReply reply;
  reply.usage = usage_;
  thinking_ += outcome.thinking;
  if (!thinking_.empty()) {
    // Only servers that want reasoning back get it: their endpoint's flag stands for the signature that OpenAI's format
    // lacks.
    const auto* signature = endpoint_.flags.contains("reasoning_content") ? "reasoning_content" : "";
    reply.content.emplace_back(ThinkingBlock{std::move(thinking_), signature});
  }
  if (!outcome.text.empty()) reply.content.emplace_back(TextBlock{std::move(outcome.text)});
  const auto blocks = reply.content.size();
  add_calls(reply, std::move(outcome.calls));
  if (reply.content.size() > blocks)
    reply.stop_reason = StopReason::tool_use; // whatever the server calls it
  else
    reply.stop_reason = finish_reason_ == "length" ? StopReason::length : StopReason::stop;
  return reply;
}

} // namespace openclaw::ports::openai
