#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/models/openai_completions/wire.hpp"
#include <boost/json/monotonic_resource.hpp>
#include <fmt/core.h>

namespace openclaw::ports::openai {
namespace {

bool has_image(const Message& message) {
  return std::ranges::any_of(message.content,
                             [](const Block& block) { return std::holds_alternative<ImageBlock>(block); });
}

json::object image_part(const ImageBlock& image) {
  return {{"type", "image_url"},
          {"image_url", {{"url", fmt::format("data:{};base64,{}", image.mime_type, image.base64)}}}};
}

// Plain text as a string: the chat templates of many local servers know nothing else.
json::value user_content(const Message& message, const json::storage_ptr& storage) {
  if (!has_image(message)) return json::value(json::string(to_valid_utf8(text_of(message)), storage));
  json::array parts(storage);
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      parts.push_back({{"type", "text"}, {"text", to_valid_utf8(text->text)}});
    else if (const auto* image = std::get_if<ImageBlock>(&block))
      parts.push_back(image_part(*image));
  }
  return parts;
}

json::object assistant_message(const Message& message, bool with_reasoning, const json::storage_ptr& storage) {
  json::object out({{"role", "assistant"}}, storage);
  const auto text = text_of(message);
  json::array calls(storage);
  std::string reasoning;
  for (const auto& block : message.content) {
    if (const auto* call = std::get_if<ToolCallBlock>(&block))
      calls.push_back({{"id", call->id},
                       {"type", "function"},
                       {"function", {{"name", call->name}, {"arguments", to_valid_utf8(call->arguments_json)}}}});
    else if (const auto* thinking = std::get_if<ThinkingBlock>(&block))
      reasoning += thinking->thinking;
  }
  if (text.empty() && !calls.empty())
    out["content"] = nullptr;
  else
    out["content"] = to_valid_utf8(text);
  if (with_reasoning && !reasoning.empty()) out["reasoning_content"] = to_valid_utf8(reasoning);
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  return out;
}

// Tool messages carry text only; their images follow in a user's message behind the last result of the group.
void add_results(json::array& out, const std::vector<Message>& messages, std::size_t& at) {
  json::array images;
  for (; at < messages.size() && messages[at].role == Role::tool_result; ++at) {
    const auto& message = messages[at];
    auto text = to_valid_utf8(text_of(message));
    if (text.empty()) text = has_image(message) ? "(see the image below)" : "(no output)";
    out.push_back({{"role", "tool"}, {"tool_call_id", message.tool_call_id}, {"content", text}});
    for (const auto& block : message.content)
      if (const auto* image = std::get_if<ImageBlock>(&block)) images.push_back(image_part(*image));
  }
  if (images.empty()) return;
  images.insert(images.begin(), json::object{{"type", "text"}, {"text", "Images of the tool results above:"}});
  out.push_back({{"role", "user"}, {"content", std::move(images)}});
}

Result<json::array> tool_list(const std::vector<ToolSpec>& tools) {
  json::array out;
  for (const auto& tool : tools) {
    TRY(auto schema, parse_json(tool.schema_json, fmt::format("schema of the tool {}", tool.name)));
    out.push_back({{"type", "function"},
                   {"function",
                    {{"name", tool.name}, {"description", to_valid_utf8(tool.description)}, {"parameters", schema}}}});
  }
  return out;
}

// The words that every reasoning model knows: "minimal" and "xhigh" exist for a few of them only.
std::string_view effort(Thinking level) {
  if (level <= Thinking::low) return "low";
  return level == Thinking::medium ? "medium" : "high";
}

} // namespace

Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags) {
  // The whole tree is written once and dropped at once.
  json::monotonic_resource memory;
  const json::storage_ptr storage(&memory);
  json::array messages(storage);
  if (!request.system.empty()) messages.push_back({{"role", "system"}, {"content", to_valid_utf8(request.system)}});
  for (std::size_t at = 0; at < request.messages.size();) {
    const auto& message = request.messages[at];
    if (message.role == Role::tool_result) {
      add_results(messages, request.messages, at);
      continue;
    }
    if (message.role == Role::user)
      messages.push_back({{"role", "user"}, {"content", user_content(message, storage)}});
    else
      messages.push_back(assistant_message(message, flags.contains("reasoning_content"), storage));
    ++at;
  }
  json::object body({{"model", request.model}, {"messages", std::move(messages)}, {"stream", true}}, storage);
  if (!flags.contains("no_stream_options")) body["stream_options"] = {{"include_usage", true}};
  if (flags.contains("store_false")) body["store"] = false;
  body[flags.contains("max_completion_tokens") ? "max_completion_tokens" : "max_tokens"] = request.max_output_tokens;
  if (!request.tools.empty() && !flags.contains("no_tools")) {
    TRY(body["tools"], tool_list(request.tools));
  }
  if (request.reasoning && request.thinking != Thinking::off && flags.contains("reasoning_effort"))
    body["reasoning_effort"] = effort(request.thinking);
  return to_text(body);
}

} // namespace openclaw::ports::openai
