#include "base/text.hpp"
#include "extensions/models/google_generative_ai/wire.hpp"
#include <charconv>
#include <fmt/core.h>
#include <map>

namespace openclaw::ports::google {
namespace {

// What Google documents for calls of a history that no Gemini 3 wrote.
constexpr std::string_view kForeignCall = "skip_thought_signature_validator";

json::object text_part(std::string_view text) {
  return {{"text", to_valid_utf8(text)}};
}

json::object image_part(const ImageBlock& image) {
  return {{"inlineData", {{"mimeType", image.mime_type}, {"data", image.base64}}}};
}

json::array readable(const Message& message) {
  json::array out;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      out.push_back(text_part(text->text));
    else if (const auto* image = std::get_if<ImageBlock>(&block))
      out.push_back(image_part(*image));
  }
  return out;
}

struct Signatures {
  std::map<std::size_t, std::string> calls;
  std::string text;
};

Signatures signatures_of(const Message& message) {
  Signatures out;
  for (const auto& block : message.content) {
    const auto* thinking = std::get_if<ThinkingBlock>(&block);
    if (!thinking) continue;
    std::string_view signature = thinking->signature;
    if (signature.starts_with("text ")) out.text = signature.substr(5);
    if (!signature.starts_with("call ")) continue;
    signature.remove_prefix(5);
    std::size_t index = 0;
    const auto parsed = std::from_chars(signature.data(), signature.data() + signature.size(), index);
    if (parsed.ec == std::errc() && parsed.ptr != signature.data() + signature.size() && *parsed.ptr == ' ')
      out.calls[index] = std::string(parsed.ptr + 1, signature.data() + signature.size());
  }
  return out;
}

json::array model_parts(const Message& message, bool wants_signatures) {
  auto signatures = signatures_of(message);
  json::array out;
  std::size_t calls = 0;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<TextBlock>(&block)) {
      auto part = text_part(text->text);
      if (!signatures.text.empty()) part["thoughtSignature"] = std::exchange(signatures.text, {});
      out.push_back(std::move(part));
    } else if (const auto* call = std::get_if<ToolCallBlock>(&block)) {
      auto arguments = parse_json(call->arguments_json, "arguments");
      json::value object = arguments && arguments->is_object() ? std::move(*arguments) : json::value(json::object{});
      json::object part{{"functionCall", {{"name", call->name}, {"args", std::move(object)}}}};
      if (const auto found = signatures.calls.find(calls); found != signatures.calls.end())
        part["thoughtSignature"] = found->second;
      else if (calls == 0 && wants_signatures)
        part["thoughtSignature"] = kForeignCall;
      ++calls;
      out.push_back(std::move(part));
    }
  }
  return out;
}

json::object response_part(const Message& message) {
  auto text = to_valid_utf8(text_of(message));
  if (text.empty()) text = "(see the image below)";
  return {{"functionResponse",
           {{"name", message.tool_name}, {"response", {{message.is_error ? "error" : "output", std::move(text)}}}}}};
}

json::object content(std::string_view role, json::array parts) {
  return {{"role", role}, {"parts", std::move(parts)}};
}

// All results of a reply stand in the one content behind it, alone: their number must be that of the calls. Images of
// results follow with what the user says.
json::array contents(const std::vector<Message>& messages, bool wants_signatures) {
  json::array out;
  for (std::size_t at = 0; at < messages.size();) {
    const auto& message = messages[at];
    if (message.role == Role::assistant) {
      out.push_back(content("model", model_parts(message, wants_signatures)));
      ++at;
      continue;
    }
    json::array responses;
    json::array images;
    for (; at < messages.size() && messages[at].role == Role::tool_result; ++at) {
      responses.push_back(response_part(messages[at]));
      for (const auto& block : messages[at].content)
        if (const auto* image = std::get_if<ImageBlock>(&block)) images.push_back(image_part(*image));
    }
    if (!responses.empty()) out.push_back(content("user", std::move(responses)));
    json::array said;
    if (!images.empty()) {
      said.push_back(text_part("Images of the tool results above:"));
      for (auto& image : images)
        said.push_back(std::move(image));
    }
    for (; at < messages.size() && messages[at].role == Role::user; ++at)
      for (auto& part : readable(messages[at]))
        said.push_back(std::move(part));
    if (!said.empty()) out.push_back(content("user", std::move(said)));
  }
  return out;
}

std::int64_t budget(Thinking level) {
  constexpr std::int64_t tokens[] = {0, 512, 2048, 8192, 16384, 24576};
  return tokens[static_cast<int>(level)];
}

void add_thinking(json::object& generation, const ModelRequest& request, const std::set<std::string>& flags) {
  if (!request.reasoning || flags.contains("no_thinking_config")) return;
  json::object thinking{{"includeThoughts", request.thinking != Thinking::off}};
  if (flags.contains("thinking_level"))
    thinking["thinkingLevel"] = request.thinking <= Thinking::low ? "low" : "high";
  else if (request.thinking != Thinking::off)
    thinking["thinkingBudget"] =
        std::min(budget(request.thinking), std::max<std::int64_t>(request.max_output_tokens / 2, 512));
  else if (flags.contains("thinking_can_stop"))
    thinking["thinkingBudget"] = 0;
  generation["thinkingConfig"] = std::move(thinking);
}

} // namespace

Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags) {
  const bool wants_signatures = request.model.find("gemini-3") != std::string::npos;
  json::object body{{"contents", contents(request.messages, wants_signatures)}};
  if (!request.system.empty()) body["systemInstruction"] = {{"parts", json::array{text_part(request.system)}}};
  if (!request.tools.empty()) {
    json::array declarations;
    for (const auto& tool : request.tools) {
      TRY(const auto schema, parse_json(tool.schema_json, fmt::format("schema of the tool {}", tool.name)));
      json::object declaration{{"name", tool.name}, {"description", to_valid_utf8(tool.description)}};
      if (auto parameters = gemini_schema(schema)) declaration["parameters"] = std::move(*parameters);
      declarations.push_back(std::move(declaration));
    }
    json::object tools{{"functionDeclarations", std::move(declarations)}};
    body["tools"] = json::array{std::move(tools)};
  }
  json::object generation{{"maxOutputTokens", request.max_output_tokens}};
  add_thinking(generation, request, flags);
  body["generationConfig"] = std::move(generation);
  return to_text(body);
}

} // namespace openclaw::ports::google
