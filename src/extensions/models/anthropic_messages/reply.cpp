#include "base/text.hpp"
#include "extensions/models/anthropic_messages/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::anthropic {
namespace {

constexpr std::size_t kMostParts = 256;
constexpr std::size_t kReplyLimit = 8 * 1024 * 1024;

} // namespace

ReplyReader::ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink)
    : endpoint_(std::move(endpoint)), model_(std::move(model)), sink_(sink) {}

Result<> ReplyReader::event(const net::ServerSentEvent& event) {
  const auto data = trim(event.data);
  if (data.empty()) return {};
  size_ += data.size();
  if (size_ > kReplyLimit) return std::unexpected(broken_stream_error(endpoint_, "more than 8 MB", data));
  const auto parsed = parse_json(data, "event");
  if (!parsed || !parsed->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "an event that is no JSON object", data));
  const auto& object = parsed->get_object();
  const auto type = string_or(object, "type", event.event);
  if (type == "error") return std::unexpected(model_error(endpoint_, model_, 0, {}, data));
  if (type == "content_block_delta") return extend_part(object);
  if (type == "content_block_start") return start_part(object);
  if (type == "message_start") {
    if (const auto* message = find(object, "message")) {
      reply_id_ = string_or(*message, "id");
      usage(find(*message, "usage"));
    }
  } else if (type == "message_delta") {
    usage(find(object, "usage"));
    if (const auto* delta = find(object, "delta"))
      if (auto reason = string_or(*delta, "stop_reason"); !reason.empty()) stop_reason_ = std::move(reason);
  } else if (type == "message_stop") {
    done_ = true;
  }
  return {};
}

Result<> ReplyReader::start_part(const json::object& event) {
  const auto* block = find(event, "content_block");
  if (!block || !block->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "a block without content", to_text(event)));
  if (parts_.size() >= kMostParts)
    return std::unexpected(broken_stream_error(endpoint_, "more than 256 blocks", to_text(event)));
  auto& part = parts_[integer_or(event, "index", static_cast<std::int64_t>(parts_.size()))];
  part = {};
  part.type = string_or(*block, "type");
  if (part.type == "tool_use") {
    part.id = string_or(*block, "id");
    if (part.id.empty()) part.id = call_id_for(reply_id_, parts_.size());
    part.name = string_or(*block, "name");
    if (const auto* input = find(*block, "input"); input && input->is_object() && !input->get_object().empty())
      part.first_arguments = to_text(*input);
    sink_.tool_call(part.id, part.name);
  } else if (part.type == "thinking") {
    part.text = string_or(*block, "thinking");
    part.signature = string_or(*block, "signature");
    if (!part.text.empty()) sink_.thinking(part.text);
  } else if (part.type == "redacted_thinking") {
    part.signature = std::string(kRedacted) + string_or(*block, "data");
  } else if (part.type == "text") {
    part.text = string_or(*block, "text");
    if (!part.text.empty()) sink_.text(part.text);
  }
  return {};
}

Result<> ReplyReader::extend_part(const json::object& event) {
  const auto found = parts_.find(integer_or(event, "index", -1));
  const auto* delta = find(event, "delta");
  if (found == parts_.end() || !delta)
    return std::unexpected(broken_stream_error(endpoint_, "a piece of a block that never began", to_text(event)));
  auto& part = found->second;
  const auto type = string_or(*delta, "type");
  if (type == "text_delta") {
    const auto text = string_or(*delta, "text");
    part.text += text;
    if (!text.empty()) sink_.text(text);
  } else if (type == "thinking_delta") {
    const auto thought = string_or(*delta, "thinking");
    part.text += thought;
    if (!thought.empty()) sink_.thinking(thought);
  } else if (type == "signature_delta") {
    part.signature += string_or(*delta, "signature");
  } else if (type == "input_json_delta") {
    part.arguments += string_or(*delta, "partial_json");
  }
  return {};
}

void ReplyReader::usage(const json::value* counted) {
  if (!counted || !counted->is_object()) return;
  const auto take = [&](std::string_view key, std::int64_t& into) {
    // Later events repeat some counts with their final values and leave others out.
    if (const auto value = integer_or(counted->get_object(), key, -1); value >= 0) into = value;
  };
  take("input_tokens", usage_.input);
  take("output_tokens", usage_.output);
  take("cache_read_input_tokens", usage_.cache_read);
  take("cache_creation_input_tokens", usage_.cache_write);
}

Result<ModelReply> ReplyReader::finish() {
  if (!done_ && stop_reason_.empty()) return std::unexpected(cut_stream_error(endpoint_, model_));
  if (stop_reason_ == "refusal")
    return fail(Kind::remote, fmt::format("{} refused to go on with this reply.", endpoint_.provider),
                "Say it differently, or choose another model.", "content-filter");
  const bool cut = stop_reason_ == "max_tokens" || stop_reason_ == "model_context_window_exceeded";
  ModelReply reply;
  reply.usage = usage_;
  bool has_calls = false;
  for (auto& [index, part] : parts_) {
    if (part.type == "text" && !part.text.empty()) {
      reply.content.emplace_back(TextBlock{std::move(part.text)});
    } else if ((part.type == "thinking" || part.type == "redacted_thinking") &&
               !(part.text.empty() && part.signature.empty())) {
      reply.content.emplace_back(ThinkingBlock{std::move(part.text), std::move(part.signature)});
    } else if (part.type == "tool_use") {
      auto& text = part.arguments.empty() ? part.first_arguments : part.arguments;
      const auto arguments = parse_json(text, "arguments");
      // The limit fell into this call: half of its arguments are missing.
      if (part.name.empty() || (cut && (!arguments || !arguments->is_object()))) continue;
      reply.content.emplace_back(ToolCallBlock{std::move(part.id), std::move(part.name), call_arguments(text)});
      has_calls = true;
    }
  }
  reply.stop_reason = has_calls ? StopReason::tool_use : cut ? StopReason::length : StopReason::stop;
  return reply;
}

} // namespace openclaw::ports::anthropic
