#include "base/text.hpp"
#include "extensions/models/google_generative_ai/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::google {
namespace {

constexpr std::size_t kMostBlocks = 512;
constexpr std::size_t kReplyLimit = 64 * 1024 * 1024; // signatures are large, and come again with every piece

} // namespace

ReplyReader::ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink)
    : endpoint_(std::move(endpoint)), model_(std::move(model)), sink_(sink) {}

Result<> ReplyReader::event(const net::ServerSentEvent& event) {
  const auto data = trim(event.data);
  if (data.empty()) return {};
  size_ += data.size();
  if (size_ > kReplyLimit) return std::unexpected(broken_stream_error(endpoint_, "more than 64 MB", data));
  const auto parsed = parse_json(data, "event");
  if (!parsed || !parsed->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "an event that is no JSON object", data));
  const auto& object = parsed->get_object();
  if (const auto* error = find(object, "error"); error && !error->is_null())
    return std::unexpected(model_error(endpoint_, model_, 0, {}, data));
  if (reply_id_.empty()) reply_id_ = string_or(object, "responseId");
  if (const auto* counted = find(object, "usageMetadata")) usage(*counted);
  if (const auto* feedback = find(object, "promptFeedback"))
    if (auto reason = string_or(*feedback, "blockReason"); !reason.empty()) block_reason_ = std::move(reason);
  const auto* candidates = find(object, "candidates");
  if (!candidates || !candidates->is_array() || candidates->get_array().empty()) return {};
  const auto& candidate = candidates->get_array().front();
  if (const auto* parts = find_path(candidate, "content.parts"); parts && parts->is_array())
    for (const auto& one : parts->get_array())
      if (one.is_object()) TRY_VOID(part(one.get_object()));
  if (auto reason = string_or(candidate, "finishReason"); !reason.empty()) finish_reason_ = std::move(reason);
  return {};
}

void ReplyReader::add_signature(std::string_view where, const std::string& signature) {
  if (signature.empty()) return;
  // The block before a text must not come between the pieces of that text.
  auto place = content_.end();
  if (where == "text" && !content_.empty() && std::holds_alternative<TextBlock>(content_.back())) --place;
  content_.insert(place, ThinkingBlock{"", fmt::format("{} {}", where, signature)});
}

Result<> ReplyReader::part(const json::object& part) {
  if (content_.size() >= kMostBlocks)
    return std::unexpected(broken_stream_error(endpoint_, "more than 512 parts", to_text(part)));
  const auto signature = string_or(part, "thoughtSignature");
  if (const auto* call = find(part, "functionCall"); call && call->is_object()) {
    const auto name = string_or(*call, "name");
    if (name.empty()) return std::unexpected(broken_stream_error(endpoint_, "a call without a name", to_text(part)));
    auto id = string_or(*call, "id");
    if (id.empty()) id = call_id_for(reply_id_, calls_);
    add_signature(fmt::format("call {}", calls_++), signature);
    const auto* arguments = find(*call, "args");
    sink_.tool_call(id, name);
    content_.emplace_back(ToolCallBlock{id, name, call_arguments(arguments ? to_text(*arguments) : "")});
    return {};
  }
  const auto* given = find(part, "text");
  if (!given || !given->is_string()) return {};
  const std::string text(given->get_string());
  if (bool_or(part, "thought", false)) {
    if (text.empty()) return {};
    auto* last = content_.empty() ? nullptr : std::get_if<ThinkingBlock>(&content_.back());
    if (last && last->signature.empty())
      last->thinking += text;
    else
      content_.emplace_back(ThinkingBlock{text, ""});
    sink_.thinking(text);
    return {};
  }
  if (!text.empty()) {
    if (!content_.empty() && std::holds_alternative<TextBlock>(content_.back()))
      std::get<TextBlock>(content_.back()).text += text;
    else
      content_.emplace_back(TextBlock{text});
    sink_.text(text);
  }
  add_signature("text", signature);
  return {};
}

void ReplyReader::usage(const json::value& counted) {
  const auto tokens = [&](std::string_view key) { return std::max<std::int64_t>(integer_or(counted, key, 0), 0); };
  const auto prompt = tokens("promptTokenCount") + tokens("toolUsePromptTokenCount");
  usage_.cache_read = std::min(tokens("cachedContentTokenCount"), prompt);
  usage_.input = prompt - usage_.cache_read;
  usage_.output = tokens("candidatesTokenCount") + tokens("thoughtsTokenCount");
}

Result<ModelReply> ReplyReader::finish() {
  if (!block_reason_.empty())
    return fail(Kind::remote,
                fmt::format("{} refused this conversation ({}).", endpoint_.provider, printable(block_reason_, 60)),
                "Say it differently, or choose another model.", "content-filter");
  if (finish_reason_.empty()) return std::unexpected(cut_stream_error(endpoint_, model_));
  if (finish_reason_ == "MALFORMED_FUNCTION_CALL" || finish_reason_ == "UNEXPECTED_TOOL_CALL")
    return fail(Kind::transient,
                fmt::format("{}/{} wrote a tool call that cannot be read ({}).", endpoint_.provider,
                            printable(model_, 100), printable(finish_reason_, 60)),
                "It is tried again by itself.");
  const bool cut = finish_reason_ == "MAX_TOKENS";
  if (!cut && finish_reason_ != "STOP" && finish_reason_ != "FINISH_REASON_UNSPECIFIED")
    return fail(Kind::remote,
                fmt::format("{} stopped the reply ({}).", endpoint_.provider, printable(finish_reason_, 60)),
                "Say it differently, or choose another model.", "content-filter");
  ModelReply reply;
  reply.usage = usage_;
  reply.content = std::move(content_);
  reply.stop_reason = calls_ > 0 ? StopReason::tool_use : cut ? StopReason::length : StopReason::stop;
  return reply;
}

} // namespace openclaw::ports::google
