#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/models/anthropic_messages/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::anthropic {
namespace {

constexpr std::int64_t kLeastBudget = 1024; // Anthropic's own minimum
constexpr std::int64_t kRoomForWords = 1024;

json::object text_block(std::string_view text) {
  return {{"type", "text"}, {"text", to_valid_utf8(text)}};
}

json::object image_block(const ImageBlock& image) {
  return {{"type", "image"}, {"source", {{"type", "base64"}, {"media_type", image.mime_type}, {"data", image.base64}}}};
}

json::array readable(const Message& message) {
  json::array out;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      out.push_back(text_block(text->text));
    else if (const auto* image = std::get_if<ImageBlock>(&block))
      out.push_back(image_block(*image));
  }
  return out;
}

json::object result_block(const Message& message) {
  json::object out{{"type", "tool_result"}, {"tool_use_id", message.tool_call_id}, {"content", readable(message)}};
  if (message.is_error) out["is_error"] = true;
  return out;
}

json::object thinking_block(const ThinkingBlock& block) {
  if (block.signature.starts_with(kRedacted))
    return {{"type", "redacted_thinking"}, {"data", block.signature.substr(kRedacted.size())}};
  return {{"type", "thinking"}, {"thinking", to_valid_utf8(block.thinking)}, {"signature", block.signature}};
}

json::array assistant_content(const Message& message) {
  json::array out;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      out.push_back(text_block(text->text));
    else if (const auto* thinking = std::get_if<ThinkingBlock>(&block))
      out.push_back(thinking_block(*thinking));
    else if (const auto* call = std::get_if<ToolCallBlock>(&block)) {
      auto input = parse_json(call->arguments_json, "arguments");
      json::value object = input && input->is_object() ? std::move(*input) : json::value(json::object{});
      out.push_back({{"type", "tool_use"}, {"id", call->id}, {"name", call->name}, {"input", std::move(object)}});
    }
  }
  return out;
}

// Results are the user's words here, and neighbours of one role are one message: all results of a reply stand in the
// one behind it.
json::array message_list(const std::vector<Message>& messages) {
  json::array out;
  for (const auto& message : messages) {
    const std::string_view role = message.role == Role::assistant ? "assistant" : "user";
    auto content = message.role == Role::assistant     ? assistant_content(message)
                   : message.role == Role::tool_result ? json::array{result_block(message)}
                                                       : readable(message);
    if (!out.empty() && out.back().at("role").as_string() == role) {
      auto& before = out.back().at("content").as_array();
      for (auto& block : content)
        before.push_back(std::move(block));
    } else {
      out.push_back({{"role", role}, {"content", std::move(content)}});
    }
  }
  if (!out.empty() && out.back().at("role").as_string() == "user")
    if (auto& last = out.back().at("content").as_array(); !last.empty())
      last.back().as_object()["cache_control"] = {{"type", "ephemeral"}};
  return out;
}

// Anthropic refuses thinking in the middle of a turn that began without it (by another model, or with thinking off).
bool turn_began_without_thinking(const std::vector<Message>& messages) {
  bool without = false;
  for (auto message = messages.rbegin(); message != messages.rend() && message->role != Role::user; ++message)
    if (message->role == Role::assistant)
      without = message->content.empty() || !std::holds_alternative<ThinkingBlock>(message->content.front());
  return without;
}

std::int64_t budget(Thinking level) {
  switch (level) {
  case Thinking::off:
    return 0;
  case Thinking::minimal:
    return 1024;
  case Thinking::low:
    return 2048;
  case Thinking::medium:
    return 8192;
  case Thinking::high:
    return 16384;
  case Thinking::xhigh:
    return 32768;
  }
  return 0;
}

void add_thinking(json::object& body, const ModelRequest& request, const std::set<std::string>& flags) {
  if (!request.reasoning || request.thinking == Thinking::off || turn_began_without_thinking(request.messages)) return;
  if (flags.contains("adaptive_thinking")) {
    body["thinking"] = {{"type", "adaptive"}};
    body["output_config"] = {{"effort", request.thinking <= Thinking::low      ? "low"
                                        : request.thinking == Thinking::medium ? "medium"
                                                                               : "high"}};
    return;
  }
  const auto tokens = std::min(budget(request.thinking), request.max_output_tokens - kRoomForWords);
  if (tokens >= kLeastBudget) body["thinking"] = {{"type", "enabled"}, {"budget_tokens", tokens}};
}

} // namespace

Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags) {
  json::object body{{"model", request.model}, {"max_tokens", request.max_output_tokens}, {"stream", true}};
  if (!request.system.empty()) {
    auto system = text_block(request.system);
    system["cache_control"] = {{"type", "ephemeral"}};
    body["system"] = json::array{std::move(system)};
  }
  if (!request.tools.empty()) {
    json::array tools;
    for (const auto& tool : request.tools) {
      TRY(auto schema, parse_json(tool.schema_json, fmt::format("schema of the tool {}", tool.name)));
      tools.push_back(
          {{"name", tool.name}, {"description", to_valid_utf8(tool.description)}, {"input_schema", std::move(schema)}});
    }
    body["tools"] = std::move(tools);
  }
  add_thinking(body, request, flags);
  body["messages"] = message_list(request.messages);
  return to_text(body);
}

} // namespace openclaw::ports::anthropic
