// The chat completion request, how a transcript becomes the model's prompt,
// and the bodies of the answers. No model and no sockets here.
#pragma once

#include "extensions/servers/llama/worker/http.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::llama_worker {

struct ChatMessage {
  std::string role; // system, user or assistant
  std::string content;
};

struct ChatRequest {
  std::vector<ChatMessage> messages;
  bool stream = false;
  bool include_usage = false;
  int max_tokens = 512;
  float temperature = 0.7F;
  float top_p = 0.95F;
  std::uint32_t seed = 0xFFFFFFFF; // llama.cpp chooses one by itself
  std::vector<std::string> stop;
};

// How the transcript is written down for the model: with the turn marks of the
// instruction-tuned Gemma models, or as a plain dialogue, which is what a model
// without instruction tuning continues best.
enum class PromptFormat { gemma, dialogue };

// A stretch of the prompt. Only marks may become control tokens: a message
// must not be able to forge the end of its turn.
struct PromptPiece {
  std::string text;
  bool is_mark = false;
};

struct Prompt {
  std::vector<PromptPiece> pieces;
  std::vector<std::string> stop; // to be used with those of the request
};

struct Usage {
  int prompt_tokens = 0;
  int completion_tokens = 0;
  int cached_tokens = 0;
};

std::expected<ChatRequest, ApiError> parse_chat_request(std::string_view body);

Prompt render_prompt(const std::vector<ChatMessage>& messages, PromptFormat format);

// Writes the bodies for one completion.
class ChatAnswer {
public:
  ChatAnswer(std::string id, std::int64_t created, std::string model);

  std::string whole(std::string_view text, std::string_view finish_reason, const Usage& usage) const;
  std::string first_chunk() const;
  std::string text_chunk(std::string_view text) const;
  std::string last_chunk(std::string_view finish_reason) const;
  std::string usage_chunk(const Usage& usage) const;

private:
  std::string id_;
  std::int64_t created_;
  std::string model_;
};

std::string model_list(std::string_view model);

} // namespace openclaw::llama_worker
