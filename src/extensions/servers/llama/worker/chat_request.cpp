#include "extensions/servers/llama/worker/chat.hpp"

#include <boost/json.hpp>

#include <utility>

namespace openclaw::llama_worker {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMessages = 4096;
constexpr std::size_t kMaxStopSequences = 16;
constexpr std::size_t kMaxStopBytes = 256;

std::unexpected<ApiError> bad(std::string message) {
  return std::unexpected(ApiError{400, std::move(message)});
}

std::string string_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

bool flag_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::expected<double, ApiError> number_at(const json::object& object, std::string_view name, double fallback,
                                          double low, double high) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return fallback;
  if (!value->is_number()) return bad(std::string(name) + " must be a number");
  const double number = value->to_number<double>();
  if (!(number >= low && number <= high)) return bad(std::string(name) + " is out of range");
  return number;
}

// Pictures and other parts are left out: the model only reads text.
std::string text_of(const json::value* content) {
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(content->get_string());
  std::string text;
  if (const auto* parts = content->if_array()) {
    for (const auto& part : *parts) {
      if (!part.is_object()) continue;
      const auto piece = string_at(part.get_object(), "text");
      if (piece.empty()) continue;
      if (!text.empty()) text += "\n";
      text += piece;
    }
  }
  return text;
}

// Tools are not offered to this small model: the request's definitions are
// ignored. A transcript begun with another model may hold calls and results
// all the same; as plain text they stay readable and break nothing.
void append_tool_calls(const json::object& message, std::string& content) {
  const auto* calls = message.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return;
  for (const auto& call : calls->get_array()) {
    if (!call.is_object()) continue;
    const auto* function = call.get_object().if_contains("function");
    if (function == nullptr || !function->is_object()) continue;
    if (!content.empty()) content += "\n";
    content += "(used tool " + string_at(function->get_object(), "name") + " with " +
               string_at(function->get_object(), "arguments") + ")";
  }
}

std::expected<ChatMessage, ApiError> read_message(const json::value& value) {
  if (!value.is_object()) return bad("every message must be an object");
  const auto& object = value.get_object();
  const auto role = string_at(object, "role");
  ChatMessage message{role, text_of(object.if_contains("content"))};
  if (role == "developer") {
    message.role = "system";
  } else if (role == "assistant") {
    append_tool_calls(object, message.content);
  } else if (role == "tool" || role == "function") {
    message.role = "user";
    message.content = "(tool result) " + message.content;
  } else if (role != "system" && role != "user") {
    return bad("unknown role of a message");
  }
  return message;
}

std::expected<void, ApiError> read_messages(const json::object& root, ChatRequest& request) {
  const auto* messages = root.if_contains("messages");
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) {
    return bad("messages must be a list that is not empty");
  }
  if (messages->get_array().size() > kMaxMessages) return bad("too many messages");
  for (const auto& value : messages->get_array()) {
    auto message = read_message(value);
    if (!message) return std::unexpected(message.error());
    request.messages.push_back(std::move(*message));
  }
  return {};
}

std::expected<void, ApiError> read_stop(const json::object& root, ChatRequest& request) {
  const auto* stop = root.if_contains("stop");
  if (stop == nullptr || stop->is_null()) return {};
  json::array list;
  if (stop->is_array()) {
    list = stop->get_array();
  } else {
    list.push_back(*stop);
  }
  if (list.size() > kMaxStopSequences) return bad("too many stop sequences");
  for (const auto& value : list) {
    if (!value.is_string() || value.get_string().size() > kMaxStopBytes) {
      return bad("stop must be a short string or a list of them");
    }
    request.stop.emplace_back(value.get_string());
  }
  return {};
}

std::expected<void, ApiError> read_numbers(const json::object& root, ChatRequest& request) {
  const auto* newer_name = root.if_contains("max_completion_tokens");
  const bool use_newer = newer_name != nullptr && !newer_name->is_null();
  const auto max_tokens =
      number_at(root, use_newer ? "max_completion_tokens" : "max_tokens", request.max_tokens, 1, 1e9);
  const auto temperature = number_at(root, "temperature", request.temperature, 0, 2);
  const auto top_p = number_at(root, "top_p", request.top_p, 0, 1);
  const auto seed = number_at(root, "seed", request.seed, -9e15, 9e15);
  for (const auto* number : {&max_tokens, &temperature, &top_p, &seed}) {
    if (!*number) return std::unexpected(number->error());
  }
  request.max_tokens = static_cast<int>(*max_tokens);
  request.temperature = static_cast<float>(*temperature);
  request.top_p = static_cast<float>(*top_p);
  request.seed = static_cast<std::uint32_t>(static_cast<std::int64_t>(*seed));
  return {};
}

} // namespace

std::expected<ChatRequest, ApiError> parse_chat_request(std::string_view body) {
  boost::system::error_code error;
  const auto parsed = json::parse(body, error);
  if (error) return bad("the body is not valid JSON");
  if (!parsed.is_object()) return bad("the body must be an object");
  const auto& root = parsed.get_object();

  ChatRequest request;
  request.stream = flag_at(root, "stream");
  if (const auto* options = root.if_contains("stream_options"); options && options->is_object()) {
    request.include_usage = flag_at(options->get_object(), "include_usage");
  }
  for (auto* read : {read_messages, read_stop, read_numbers}) {
    if (auto done = read(root, request); !done) return std::unexpected(done.error());
  }
  return request;
}

} // namespace openclaw::llama_worker
