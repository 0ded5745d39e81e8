#include "ports/tolerant_text.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "ports/model_call.hpp"
#include <algorithm>
#include <optional>

namespace openclaw::ports {
namespace {

constexpr std::size_t kMostCalls = 32;

const ToolSpec* offered(const std::vector<ToolSpec>& tools, std::string_view name) {
  const auto found = std::ranges::find(tools, name, &ToolSpec::name);
  return found == tools.end() ? nullptr : &*found;
}

// {"name": ..., "arguments": {...}} and the other words that models use for the same two things.
std::optional<TextCall> call_of(const json::value& value, const std::vector<ToolSpec>& tools, bool arguments_needed) {
  const auto* object = value.if_object();
  if (!object) return std::nullopt;
  if (const auto* inner = find(*object, "function"); inner && inner->is_object())
    return call_of(*inner, tools, arguments_needed);
  TextCall call;
  for (const auto* key : {"name", "tool", "tool_name", "function", "action"})
    if (call.name.empty()) call.name = string_or(*object, key);
  if (!offered(tools, call.name)) return std::nullopt;
  for (const auto* key : {"arguments", "parameters", "args", "input", "tool_input", "action_input"}) {
    const auto* arguments = find(*object, key);
    if (!arguments) continue;
    call.arguments_json =
        arguments->is_string() ? call_arguments(arguments->get_string()) : call_arguments(to_text(*arguments));
    return call;
  }
  if (arguments_needed) return std::nullopt;
  call.arguments_json = "{}";
  return call;
}

// The length of the JSON object or list that `text` begins with; 0 when it does not end.
std::size_t json_length(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return 0;
      if (--depth == 0) return at + 1;
    }
  }
  return 0;
}

// What a parameter's text means, by the tool's own schema: text stays text where a string is asked for.
json::value parameter_value(std::string_view text, const ToolSpec& tool, std::string_view key) {
  const auto schema = parse_json(tool.schema_json, "schema");
  const json::value* type = nullptr;
  if (schema)
    if (const auto* properties = find(*schema, "properties"))
      if (const auto* property = find(*properties, key)) type = find(*property, "type");
  const bool wants_text = type && type->is_string() && type->get_string() == "string";
  if (!wants_text)
    if (auto parsed = parse_json(text, "parameter")) return std::move(*parsed);
  return json::value(to_valid_utf8(text));
}

// <function=NAME><parameter=KEY>VALUE</parameter>...</function>
std::optional<TextCall> function_tag(std::string_view body, const std::vector<ToolSpec>& tools) {
  constexpr std::string_view open = "<function=";
  const auto start = body.find(open);
  const auto name_end = body.find('>', start);
  if (start == std::string_view::npos || name_end == std::string_view::npos) return std::nullopt;
  const auto* tool = offered(tools, trim(body.substr(start + open.size(), name_end - start - open.size())));
  if (!tool) return std::nullopt;
  json::object arguments;
  constexpr std::string_view parameter = "<parameter=";
  constexpr std::string_view parameter_end = "</parameter>";
  auto at = body.find(parameter, name_end);
  while (at != std::string_view::npos) {
    const auto key_end = body.find('>', at);
    if (key_end == std::string_view::npos) break;
    const auto value_end = body.find(parameter_end, key_end);
    if (value_end == std::string_view::npos) break;
    const auto key = trim(body.substr(at + parameter.size(), key_end - at - parameter.size()));
    auto value = body.substr(key_end + 1, value_end - key_end - 1);
    if (value.starts_with("\n")) value.remove_prefix(1);
    if (value.ends_with("\n")) value.remove_suffix(1);
    arguments[to_valid_utf8(key)] = parameter_value(value, *tool, key);
    at = body.find(parameter, value_end);
  }
  return TextCall{tool->name, to_text(arguments)};
}

std::optional<TextCall> tagged_call(std::string_view body, const std::vector<ToolSpec>& tools) {
  if (body.find("<function=") != std::string_view::npos) return function_tag(body, tools);
  const auto value = parse_json(trim(body), "tool call");
  return value ? call_of(*value, tools, false) : std::nullopt;
}

// Each `open`...`close`; the last one may lack its end.
TextCalls tagged(std::string_view text, std::string_view open, std::string_view close,
                 const std::vector<ToolSpec>& tools) {
  TextCalls found;
  while (found.calls.size() < kMostCalls) {
    const auto start = text.find(open);
    if (start == std::string_view::npos) break;
    const auto end = text.find(close, start);
    const auto stop = std::min(end == std::string_view::npos ? text.size() : end + close.size(), text.size());
    const auto inner = text.substr(start, stop - start);
    auto body = inner;
    if (open == "<tool_call>") {
      body.remove_prefix(open.size());
      if (end != std::string_view::npos) body.remove_suffix(close.size());
    }
    found.rest += text.substr(0, start);
    if (auto call = tagged_call(body, tools))
      found.calls.push_back(std::move(*call));
    else
      found.rest += inner;
    text.remove_prefix(stop);
  }
  found.rest += text;
  return found;
}

TextCalls mistral(std::string_view text, const std::vector<ToolSpec>& tools) {
  constexpr std::string_view open = "[TOOL_CALLS]";
  TextCalls found;
  const auto start = text.find(open);
  const auto body = trim(text.substr(start + open.size()));
  const auto length = json_length(body);
  const auto value = parse_json(body.substr(0, length), "tool calls");
  if (length == 0 || !value) return found;
  if (const auto* list = value->if_array()) {
    for (const auto& item : *list)
      if (auto call = call_of(item, tools, false); call && found.calls.size() < kMostCalls)
        found.calls.push_back(std::move(*call));
  } else if (auto call = call_of(*value, tools, false)) {
    found.calls.push_back(std::move(*call));
  }
  found.rest = std::string(text.substr(0, start)) + std::string(body.substr(length));
  return found;
}

// Objects that begin a line, one after the other up to the end, with or without a fence around them.
TextCalls bare_json(std::string_view text, const std::vector<ToolSpec>& tools) {
  const auto start = text.find('{');
  if (start == std::string_view::npos) return {};
  TextCalls found;
  auto before = text.substr(0, start);
  if (const auto fence = before.rfind("```");
      fence != std::string_view::npos && before.find('\n', fence) != std::string_view::npos)
    before = before.substr(0, fence);
  found.rest = before;
  auto body = text.substr(start);
  while (!body.empty()) {
    const auto length = json_length(body);
    const auto value = parse_json(body.substr(0, length), "tool call");
    auto call = length > 0 && value ? call_of(*value, tools, true) : std::nullopt;
    if (!call || found.calls.size() >= kMostCalls) return {};
    found.calls.push_back(std::move(*call));
    body = trim(body.substr(length));
    if (body.starts_with("```")) body = trim(body.substr(3));
    if (body.starts_with(",") || body.starts_with(";")) body = trim(body.substr(1));
    if (!body.empty() && !body.starts_with("{")) return {};
  }
  return found;
}

} // namespace

TextCalls find_text_calls(std::string_view text, const std::vector<ToolSpec>& tools) {
  if (tools.empty()) return {};
  if (text.find("<tool_call>") != std::string_view::npos) return tagged(text, "<tool_call>", "</tool_call>", tools);
  if (text.find("<function=") != std::string_view::npos) return tagged(text, "<function=", "</function>", tools);
  if (text.find("[TOOL_CALLS]") != std::string_view::npos) return mistral(text, tools);
  return bare_json(text, tools);
}

} // namespace openclaw::ports
