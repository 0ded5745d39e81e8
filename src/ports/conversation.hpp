// What is said in a session, as own structs: the transcript, the tools and the model dialects all speak these.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace openclaw::ports {

struct TextBlock {
  std::string text;
};
// Reasoning that the model showed. The signature is only valid for the model that made it.
struct ThinkingBlock {
  std::string thinking;
  std::string signature;
};
struct ToolCallBlock {
  std::string id;
  std::string name;
  std::string arguments_json; // a JSON object as text
};
// The only key of a call's arguments when the model wrote something that is no JSON object; its value is that text,
// cut. The call must not run: whoever validates it answers with an error that quotes the text, and the model can
// correct itself.
inline constexpr std::string_view kInvalidArguments = "__invalid_json__";
struct ImageBlock {
  std::string mime_type;
  std::string base64;
};
using Block = std::variant<TextBlock, ThinkingBlock, ToolCallBlock, ImageBlock>;

enum class Role { user, assistant, tool_result };
// "injected": written by the gateway itself (slash command answers, notices), never sent to a model as its own words.
enum class StopReason { none, stop, length, tool_use, error, aborted, injected };

// Tokens and money of one model call. Money in millionths of a US dollar; -1 when the price is not known.
struct Usage {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
  std::int64_t cost_micro_usd = 0;
  std::int64_t total() const { return input + output + cache_read + cache_write; }
};

struct Message {
  Role role = Role::user;
  std::vector<Block> content;
  std::int64_t timestamp_ms = 0;
  // assistant
  std::string api;      // dialect, e.g. "openai-completions"
  std::string provider; // who made it
  std::string model;
  StopReason stop_reason = StopReason::none;
  std::string error_message;
  std::string error_hint;
  Usage usage;
  // tool_result
  std::string tool_call_id;
  std::string tool_name;
  bool is_error = false;
  std::string details_json; // for people and clients, never for the model
  // Which run wrote it; empty for messages from imported transcripts.
  std::string run_id;
};

// The text blocks of a message, joined by newlines.
std::string text_of(const Message& message);
std::string_view
stop_reason_name(StopReason reason); // OpenClaw's transcript words: stop, length, toolUse, error, aborted, injected
StopReason stop_reason_from(std::string_view name);

} // namespace openclaw::ports
