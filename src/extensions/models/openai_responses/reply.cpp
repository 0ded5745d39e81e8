#include "base/text.hpp"
#include "extensions/models/openai_responses/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::responses {
namespace {

constexpr std::size_t kMostItems = 256;
constexpr std::size_t kReplyLimit = 8 * 1024 * 1024;

// The texts of a list of parts: {"type": ..., "text" or "refusal": ...}.
std::string texts_in(const json::value* parts, std::string_view between) {
  std::string out;
  if (!parts || !parts->is_array()) return out;
  for (const auto& part : parts->get_array()) {
    const auto text = string_or(part, "text", string_or(part, "refusal"));
    if (!out.empty() && !text.empty()) out += between;
    out += text;
  }
  return out;
}

} // namespace

ReplyReader::ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink)
    : endpoint_(std::move(endpoint)), model_(std::move(model)), sink_(sink) {}

Result<> ReplyReader::event(const net::ServerSentEvent& event) {
  const auto data = trim(event.data);
  if (data.empty() || data == "[DONE]") return {};
  size_ += data.size();
  if (size_ > kReplyLimit) return std::unexpected(broken_stream_error(endpoint_, "more than 8 MB", data));
  const auto parsed = parse_json(data, "event");
  if (!parsed || !parsed->is_object())
    return std::unexpected(broken_stream_error(endpoint_, "an event that is no JSON object", data));
  const auto& object = parsed->get_object();
  const auto type = string_or(object, "type", event.event);
  const auto* problem = find(object, "error");
  if (type == "error" || (type.empty() && problem && !problem->is_null()))
    return std::unexpected(model_error(endpoint_, model_, 0, {}, data));
  if (type == "response.created") {
    if (const auto* response = find(object, "response")) reply_id_ = string_or(*response, "id");
    return {};
  }
  if (type == "response.output_item.added" || type == "response.output_item.done") {
    const auto* item = find(object, "item");
    if (!item) return std::unexpected(broken_stream_error(endpoint_, "an item without content", data));
    return take_item(integer_or(object, "output_index", 0), *item, type.ends_with("done"));
  }
  if (type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
      type == "response.cancelled")
    return end(type, object);
  return piece(type, object);
}

Result<ReplyReader::Item*> ReplyReader::item_at(std::int64_t index, std::string_view type) {
  const auto found = items_.find(index);
  if (found == items_.end() && items_.size() >= kMostItems)
    return std::unexpected(broken_stream_error(endpoint_, "more than 256 items", type));
  auto& item = items_[index];
  if (item.type.empty()) item.type = type;
  if (item.type != type)
    return std::unexpected(broken_stream_error(endpoint_, "a piece of another kind of item", type));
  return &item;
}

void ReplyReader::say(Item& item, std::string_view delta) {
  if (delta.empty()) return;
  item.text += delta;
  if (item.type == "reasoning")
    sink_.thinking(delta);
  else
    sink_.text(delta);
}

Result<> ReplyReader::piece(std::string_view type, const json::object& event) {
  const auto index = integer_or(event, "output_index", 0);
  const auto delta = string_or(event, "delta");
  if (type == "response.output_text.delta" || type == "response.refusal.delta") {
    TRY(auto* item, item_at(index, "message"));
    say(*item, delta);
  } else if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta") {
    TRY(auto* item, item_at(index, "reasoning"));
    say(*item, delta);
  } else if (type == "response.reasoning_summary_part.added") {
    TRY(auto* item, item_at(index, "reasoning"));
    if (!item->text.empty()) say(*item, "\n\n");
  } else if (type == "response.function_call_arguments.delta") {
    const auto found = items_.find(index);
    if (found == items_.end() || found->second.type != "function_call")
      return std::unexpected(broken_stream_error(endpoint_, "a piece of a call that never began", to_text(event)));
    found->second.arguments += delta;
  }
  return {};
}

Result<> ReplyReader::take_item(std::int64_t index, const json::value& given, bool ended) {
  const auto type = string_or(given, "type");
  TRY(auto* item, item_at(index, type));
  if (type == "message") {
    // Servers that stream no pieces still send the whole.
    if (const auto text = texts_in(find(given, "content"), ""); ended && item->text.empty()) say(*item, text);
  } else if (type == "reasoning") {
    if (!ended) return {};
    auto text = texts_in(find(given, "summary"), "\n\n");
    if (text.empty()) text = texts_in(find(given, "content"), "\n\n");
    if (item->text.empty()) say(*item, text);
    if (string_or(given, "encrypted_content").empty()) return {};
    json::object back{{"type", "reasoning"}, {"id", string_or(given, "id")}};
    const auto* summary = find(given, "summary");
    back["summary"] = summary && summary->is_array() ? *summary : json::value(json::array{});
    back["encrypted_content"] = string_or(given, "encrypted_content");
    item->whole = to_text(back);
  } else if (type == "function_call") {
    item->name = string_or(given, "name", item->name);
    item->call_id = string_or(given, "call_id", item->call_id);
    if (item->call_id.empty()) item->call_id = call_id_for(reply_id_, static_cast<std::size_t>(index));
    if (const auto arguments = string_or(given, "arguments"); ended && !arguments.empty()) item->arguments = arguments;
    if (!item->announced && !item->name.empty()) {
      item->announced = true;
      sink_.tool_call(item->call_id, item->name);
    }
  }
  return {};
}

Result<> ReplyReader::end(std::string_view type, const json::object& event) {
  const auto* response = find(event, "response");
  const auto* problem = response ? find(*response, "error") : nullptr;
  if (type == "response.failed" || (problem && problem->is_object())) {
    json::object told{{"error", problem && problem->is_object() ? *problem : json::value(json::object{})}};
    return std::unexpected(model_error(endpoint_, model_, 0, {}, to_text(told)));
  }
  if (type == "response.cancelled") return std::unexpected(cut_stream_error(endpoint_, model_));
  if (response) {
    if (const auto* counted = find(*response, "usage")) usage(*counted);
    const auto* output = find(*response, "output");
    if (items_.empty() && output && output->is_array())
      for (const auto& item : output->get_array())
        TRY_VOID(take_item(static_cast<std::int64_t>(items_.size()), item, true));
    if (type == "response.incomplete") {
      const auto* details = find(*response, "incomplete_details");
      incomplete_ = details ? string_or(*details, "reason", "unknown") : "unknown";
    }
  }
  done_ = true;
  return {};
}

void ReplyReader::usage(const json::value& counted) {
  const auto tokens = [](const json::value* object, std::string_view key) {
    return object ? std::max<std::int64_t>(integer_or(*object, key, 0), 0) : 0;
  };
  const auto input = tokens(&counted, "input_tokens");
  usage_.cache_read = std::min(tokens(find(counted, "input_tokens_details"), "cached_tokens"), input);
  usage_.input = input - usage_.cache_read;
  usage_.output = tokens(&counted, "output_tokens"); // reasoning is among them
}

Result<ModelReply> ReplyReader::finish() {
  if (!done_) return std::unexpected(cut_stream_error(endpoint_, model_));
  if (incomplete_ == "content_filter")
    return fail(Kind::remote, fmt::format("{} stopped the reply: its content filter objected.", endpoint_.provider),
                "Say it differently, or choose another model.", "content-filter");
  ModelReply reply;
  reply.usage = usage_;
  bool has_calls = false;
  for (auto& [index, item] : items_) {
    if (item.type == "message" && !item.text.empty()) {
      reply.content.emplace_back(TextBlock{std::move(item.text)});
    } else if (item.type == "reasoning" && !(item.text.empty() && item.whole.empty())) {
      reply.content.emplace_back(ThinkingBlock{std::move(item.text), std::move(item.whole)});
    } else if (item.type == "function_call") {
      const auto arguments = parse_json(item.arguments, "arguments");
      // The limit fell into this call: half of its arguments are missing.
      if (item.name.empty() || (!incomplete_.empty() && (!arguments || !arguments->is_object()))) continue;
      reply.content.emplace_back(
          ToolCallBlock{std::move(item.call_id), std::move(item.name), call_arguments(item.arguments)});
      has_calls = true;
    }
  }
  reply.stop_reason = has_calls ? StopReason::tool_use : !incomplete_.empty() ? StopReason::length : StopReason::stop;
  return reply;
}

} // namespace openclaw::ports::responses
