// Bytes as instructions for a transcript: its projection owes no result, answers nothing twice, projecting again
// changes nothing, and every dialect can write it down.
#include "agent/context.hpp"
#include "extensions/models/anthropic_messages/wire.hpp"
#include "extensions/models/google_generative_ai/wire.hpp"
#include "extensions/models/ollama/wire.hpp"
#include "extensions/models/openai_completions/wire.hpp"
#include "extensions/models/openai_responses/wire.hpp"
#include <cstdlib>
#include <set>

using namespace openclaw;
using namespace openclaw::ports;

namespace {
std::string sketch(const std::vector<Message>& messages) {
  std::string out;
  for (const auto& message : messages) {
    out += std::to_string(static_cast<int>(message.role)) + message.tool_call_id + ";";
    for (const auto& block : message.content) {
      if (const auto* text = std::get_if<TextBlock>(&block))
        out += "t" + text->text;
      else if (const auto* thought = std::get_if<ThinkingBlock>(&block))
        out += "h" + thought->thinking;
      else if (const auto* call = std::get_if<ToolCallBlock>(&block))
        out += "c" + call->id + call->name + call->arguments_json;
      else
        out += "i";
    }
  }
  return out;
}

void check(const std::vector<Message>& messages) {
  std::set<std::string> owed;
  for (const auto& message : messages) {
    if (message.content.empty()) std::abort();
    if (message.role == Role::tool_result) {
      if (owed.erase(message.tool_call_id) != 1) std::abort();
      continue;
    }
    if (!owed.empty()) std::abort();
    for (const auto& block : message.content)
      if (const auto* call = std::get_if<ToolCallBlock>(&block); call && !owed.insert(call->id).second) std::abort();
  }
  if (!owed.empty() || (!messages.empty() && messages.back().role == Role::assistant)) std::abort();
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  const auto byte = [&]() -> std::uint8_t { return at < size ? data[at++] : 0; };
  const auto text = [&] {
    std::string out;
    for (auto length = byte() % 24; length > 0 && at < size; --length)
      out += static_cast<char>(byte());
    return out;
  };
  DialectRules rules;
  const auto shape = byte();
  rules.first_is_user = (shape & 1) != 0;
  rules.alternate_roles = (shape & 2) != 0;
  rules.keep_thinking = (shape & 4) != 0;
  rules.tool_call_id_limit = (shape & 8) != 0 ? 9 : 64;
  std::vector<Message> transcript;
  while (at < size && transcript.size() < 64) {
    Message message;
    message.role = static_cast<Role>(byte() % 3);
    message.stop_reason = static_cast<StopReason>(byte() % 7);
    if (message.role == Role::tool_result) message.tool_call_id = text();
    for (auto blocks = byte() % 4; blocks > 0; --blocks) {
      switch (byte() % 4) {
      case 0:
        message.content.emplace_back(TextBlock{text()});
        break;
      case 1:
        message.content.emplace_back(ThinkingBlock{text(), text()});
        break;
      case 2:
        message.content.emplace_back(ToolCallBlock{text(), text(), text()});
        break;
      default:
        message.content.emplace_back(ImageBlock{text(), text()});
      }
    }
    transcript.push_back(std::move(message));
  }
  const auto once = agent::project_context(transcript, rules, "", "");
  check(once);
  if (sketch(agent::project_context(once, rules, "", "")) != sketch(once)) std::abort();
  ModelRequest request;
  request.model = "gemini-3";
  request.messages = once;
  request.reasoning = true;
  for (const auto& body : {anthropic::encode_request(request, {}), google::encode_request(request, {}),
                           ollama::encode_request(request, {}), openai::encode_request(request, {}),
                           responses::encode_request(request, {})})
    if (!body || !parse_json(*body, "request")) std::abort();
  return 0;
}
