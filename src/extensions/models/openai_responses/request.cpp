#include "base/text.hpp"
#include "extensions/models/openai_responses/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::responses {
namespace {

constexpr std::int64_t kLeastOutput = 16; // OpenAI's own minimum

json::object image_part(const ImageBlock& image) {
  return {{"type", "input_image"},
          {"detail", "auto"},
          {"image_url", fmt::format("data:{};base64,{}", image.mime_type, image.base64)}};
}

json::object message_item(std::string_view role, json::value content) {
  return {{"type", "message"}, {"role", role}, {"content", std::move(content)}};
}

json::object user_item(const Message& message) {
  json::array parts;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      parts.push_back({{"type", "input_text"}, {"text", to_valid_utf8(text->text)}});
    else if (const auto* image = std::get_if<ImageBlock>(&block))
      parts.push_back(image_part(*image));
  }
  return message_item("user", std::move(parts));
}

void add_assistant(json::array& out, const Message& message, bool with_reasoning) {
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block)) {
      out.push_back(message_item("assistant", json::value(to_valid_utf8(text->text))));
    } else if (const auto* call = std::get_if<ToolCallBlock>(&block)) {
      out.push_back({{"type", "function_call"},
                     {"call_id", call->id},
                     {"name", call->name},
                     {"arguments", to_valid_utf8(call->arguments_json)}});
    } else if (const auto* thinking = std::get_if<ThinkingBlock>(&block); thinking && with_reasoning) {
      // Thinking of another dialect has another signature.
      const auto item = parse_json(thinking->signature, "reasoning");
      if (item && string_or(*item, "type") == "reasoning" && find(*item, "encrypted_content")) out.push_back(*item);
    }
  }
}

// Outputs carry text only, as every server of this dialect reads it; their images follow in a user's message behind the
// last output of the group.
void add_results(json::array& out, const std::vector<Message>& messages, std::size_t& at) {
  json::array images;
  for (; at < messages.size() && messages[at].role == Role::tool_result; ++at) {
    const auto& message = messages[at];
    const auto before = images.size();
    for (const auto& block : message.content)
      if (const auto* image = std::get_if<ImageBlock>(&block)) images.push_back(image_part(*image));
    auto text = to_valid_utf8(text_of(message));
    if (text.empty()) text = images.size() > before ? "(see the image below)" : "(no output)";
    out.push_back({{"type", "function_call_output"}, {"call_id", message.tool_call_id}, {"output", text}});
  }
  if (images.empty()) return;
  images.insert(images.begin(), json::object{{"type", "input_text"}, {"text", "Images of the tool results above:"}});
  out.push_back(message_item("user", std::move(images)));
}

// The words that every reasoning model knows.
std::string_view effort(Thinking level) {
  if (level <= Thinking::low) return "low";
  return level == Thinking::medium ? "medium" : "high";
}

} // namespace

Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags) {
  const bool with_reasoning = request.reasoning && !flags.contains("no_reasoning_items");
  json::array input;
  for (std::size_t at = 0; at < request.messages.size();) {
    const auto& message = request.messages[at];
    if (message.role == Role::tool_result) {
      add_results(input, request.messages, at);
      continue;
    }
    if (message.role == Role::user)
      input.push_back(user_item(message));
    else
      add_assistant(input, message, with_reasoning);
    ++at;
  }
  json::object body{{"model", request.model},
                    {"input", std::move(input)},
                    {"stream", true},
                    {"store", false},
                    {"max_output_tokens", std::max(request.max_output_tokens, kLeastOutput)}};
  if (!request.system.empty()) body["instructions"] = to_valid_utf8(request.system);
  if (!request.tools.empty()) {
    json::array tools;
    for (const auto& tool : request.tools) {
      TRY(auto schema, parse_json(tool.schema_json, fmt::format("schema of the tool {}", tool.name)));
      tools.push_back({{"type", "function"},
                       {"name", tool.name},
                       {"description", to_valid_utf8(tool.description)},
                       {"parameters", std::move(schema)},
                       {"strict", false}});
    }
    body["tools"] = std::move(tools);
  }
  if (with_reasoning) {
    body["include"] = json::array{"reasoning.encrypted_content"};
    json::object reasoning;
    if (request.thinking != Thinking::off) {
      if (flags.contains("reasoning_effort")) reasoning["effort"] = effort(request.thinking);
      if (flags.contains("reasoning_summary")) reasoning["summary"] = "auto";
    }
    if (!reasoning.empty()) body["reasoning"] = std::move(reasoning);
  }
  return to_text(body);
}

} // namespace openclaw::ports::responses
