#include "base/text.hpp"
#include "extensions/models/ollama/wire.hpp"
#include <fmt/core.h>

namespace openclaw::ports::ollama {
namespace {

void add_images(json::object& out, const std::vector<Block>& content) {
  json::array images;
  for (const auto& block : content)
    if (const auto* image = std::get_if<ImageBlock>(&block)) images.push_back(json::value(image->base64));
  if (!images.empty()) out["images"] = std::move(images);
}

json::object user_message(const Message& message) {
  json::object out{{"role", "user"}, {"content", to_valid_utf8(text_of(message))}};
  add_images(out, message.content);
  return out;
}

json::object assistant_message(const Message& message) {
  json::object out{{"role", "assistant"}, {"content", to_valid_utf8(text_of(message))}};
  json::array calls;
  for (const auto& block : message.content) {
    const auto* call = std::get_if<ToolCallBlock>(&block);
    if (!call) continue;
    auto arguments = parse_json(call->arguments_json, "arguments");
    json::value object = arguments && arguments->is_object() ? std::move(*arguments) : json::value(json::object{});
    calls.push_back({{"id", call->id}, {"function", {{"name", call->name}, {"arguments", std::move(object)}}}});
  }
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  return out;
}

// The images of results follow in a user's message: templates show a tool's text only.
void add_results(json::array& out, const std::vector<Message>& messages, std::size_t& at) {
  std::vector<Block> images;
  for (; at < messages.size() && messages[at].role == Role::tool_result; ++at) {
    const auto& message = messages[at];
    const auto before = images.size();
    for (const auto& block : message.content)
      if (std::holds_alternative<ImageBlock>(block)) images.push_back(block);
    auto text = to_valid_utf8(text_of(message));
    if (text.empty()) text = images.size() > before ? "(see the image below)" : "(no output)";
    out.push_back({{"role", "tool"},
                   {"content", std::move(text)},
                   {"tool_name", message.tool_name},
                   {"tool_call_id", message.tool_call_id}});
  }
  if (images.empty()) return;
  json::object shown{{"role", "user"}, {"content", "Images of the tool results above:"}};
  add_images(shown, images);
  out.push_back(std::move(shown));
}

// gpt-oss knows levels and cannot stop; the others think or do not.
json::value think(const ModelRequest& request) {
  if (request.model.find("gpt-oss") == std::string::npos) return request.thinking != Thinking::off;
  return request.thinking <= Thinking::low ? "low" : request.thinking == Thinking::medium ? "medium" : "high";
}

} // namespace

Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags) {
  json::array messages;
  if (!request.system.empty()) messages.push_back({{"role", "system"}, {"content", to_valid_utf8(request.system)}});
  for (std::size_t at = 0; at < request.messages.size();) {
    const auto& message = request.messages[at];
    if (message.role == Role::tool_result) {
      add_results(messages, request.messages, at);
      continue;
    }
    messages.push_back(message.role == Role::user ? user_message(message) : assistant_message(message));
    ++at;
  }
  json::object options{{"num_predict", request.max_output_tokens}};
  if (request.context_tokens > 0) options["num_ctx"] = request.context_tokens;
  json::object body{
      {"model", request.model}, {"messages", std::move(messages)}, {"stream", true}, {"options", std::move(options)}};
  if (!request.tools.empty()) {
    json::array tools;
    for (const auto& tool : request.tools) {
      TRY(auto schema, parse_json(tool.schema_json, fmt::format("schema of the tool {}", tool.name)));
      tools.push_back({{"type", "function"},
                       {"function",
                        {{"name", tool.name},
                         {"description", to_valid_utf8(tool.description)},
                         {"parameters", std::move(schema)}}}});
    }
    body["tools"] = std::move(tools);
  }
  // A model that cannot think refuses the word, even as "false".
  if (request.reasoning) body["think"] = think(request);
  for (const auto& flag : flags)
    if (flag.starts_with("keep_alive=")) body["keep_alive"] = flag.substr(11);
  return to_text(body);
}

} // namespace openclaw::ports::ollama
