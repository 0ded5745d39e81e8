#include "base/text.hpp"
#include "extensions/models/ollama/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::ollama {
namespace {

constexpr std::size_t kMostCalls = 64;
constexpr std::size_t kReplyLimit = 8 * 1024 * 1024;

} // namespace

ReplyReader::ReplyReader(ModelEndpoint endpoint, std::string model, const std::vector<ToolSpec>& tools, ModelSink& sink)
    : endpoint_(std::move(endpoint)), model_(std::move(model)), sink_(sink),
      lenient_(endpoint_.flags.contains("lenient_tools")), offers_tools_(!tools.empty()), tolerant_(tools) {}

Result<> ReplyReader::event(const net::ServerSentEvent& line) {
  const auto data = trim(line.data);
  if (data.empty()) return {};
  size_ += data.size();
  if (size_ > kReplyLimit) return std::unexpected(broken_stream_error(endpoint_, "more than 8 MB", data));
  const auto parsed = parse_json(data, "line");
  if (!parsed || !parsed->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "a line that is no JSON object", data));
  const auto& object = parsed->get_object();
  if (const auto* error = find(object, "error"); error && !error->is_null())
    return std::unexpected(explained(model_error(endpoint_, model_, 0, {}, data), model_));
  if (reply_id_.empty()) reply_id_ = string_or(object, "created_at");
  if (const auto* said = find(object, "message"); said && said->is_object()) TRY_VOID(message(said->get_object()));
  if (!bool_or(object, "done", false)) return {};
  done_ = true;
  done_reason_ = string_or(object, "done_reason", "stop");
  usage_.input = std::max<std::int64_t>(integer_or(object, "prompt_eval_count", 0), 0);
  usage_.output = std::max<std::int64_t>(integer_or(object, "eval_count", 0), 0);
  return {};
}

Result<> ReplyReader::message(const json::object& message) {
  if (const auto thought = string_or(message, "thinking"); !thought.empty()) {
    thinking_ += thought;
    sink_.thinking(thought);
  }
  if (const auto text = string_or(message, "content"); !text.empty()) {
    if (lenient_) {
      tolerant_.feed(text, sink_);
    } else {
      text_ += text;
      sink_.text(text);
    }
  }
  if (const auto* calls = find(message, "tool_calls"); calls && calls->is_array())
    for (const auto& one : calls->get_array())
      TRY_VOID(call(one));
  return {};
}

Result<> ReplyReader::call(const json::value& given) {
  const auto* function = find(given, "function");
  auto name = function ? string_or(*function, "name") : std::string();
  if (name.empty()) return std::unexpected(broken_stream_error(endpoint_, "a call without a name", to_text(given)));
  if (calls_.size() >= kMostCalls)
    return std::unexpected(broken_stream_error(endpoint_, "more than 64 tool calls", name));
  auto id = string_or(given, "id");
  if (id.empty()) id = call_id_for(reply_id_, calls_.size());
  sink_.tool_call(id, name);
  const auto* arguments = find(*function, "arguments");
  auto text = call_arguments(arguments ? to_text(*arguments) : "");
  calls_.push_back({std::move(id), std::move(name), std::move(text)});
  return {};
}

Result<ModelReply> ReplyReader::finish() {
  if (!done_) return std::unexpected(cut_stream_error(endpoint_, model_));
  const bool cut = done_reason_ == "length";
  TolerantText::Outcome outcome;
  if (lenient_)
    outcome = tolerant_.finish(offers_tools_ && calls_.empty() && !cut, sink_);
  else
    outcome.text = std::move(text_);
  // Asked while it was still loading, or being unloaded: that was no reply.
  const bool nothing = outcome.text.empty() && calls_.empty() && outcome.calls.empty() && thinking_.empty();
  if (nothing && (done_reason_ == "load" || done_reason_ == "unload"))
    return std::unexpected(cut_stream_error(endpoint_, model_));
  ModelReply reply;
  reply.usage = usage_;
  thinking_ += outcome.thinking;
  if (!thinking_.empty()) reply.content.emplace_back(ThinkingBlock{std::move(thinking_), ""});
  if (!outcome.text.empty()) reply.content.emplace_back(TextBlock{std::move(outcome.text)});
  const bool has_calls = !calls_.empty() || !outcome.calls.empty();
  for (auto& call : calls_)
    reply.content.emplace_back(std::move(call));
  for (auto& call : outcome.calls) {
    auto id = call_id_for(reply_id_, reply.content.size());
    sink_.tool_call(id, call.name);
    reply.content.emplace_back(ToolCallBlock{std::move(id), std::move(call.name), std::move(call.arguments_json)});
  }
  reply.stop_reason = has_calls ? StopReason::tool_use : cut ? StopReason::length : StopReason::stop;
  return reply;
}

Error explained(Error error, std::string_view model) {
  const auto says = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  if (error.kind == Kind::missing || (says("not found") && says("model"))) {
    error.kind = Kind::missing;
    error.hint = fmt::format("Fetch it with: ollama pull {}", printable(model, 100));
  } else if (says("does not support tools")) {
    error.kind = Kind::invalid;
    error.hint = "Choose a model that can use tools (ollama.com/search?c=tools), or one with a small context window.";
  } else if (says("requires more system memory")) {
    error.kind = Kind::remote; // trying again does not make the machine larger
    error.hint = "Choose a smaller model, or set a smaller contextWindow for this one.";
  }
  return error;
}

} // namespace openclaw::ports::ollama
