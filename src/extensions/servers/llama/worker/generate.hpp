// The loaded model: makes tokens of a prompt and text of tokens. Used by one
// thread only.
#pragma once

#include "extensions/servers/llama/worker/chat.hpp"
#include "extensions/servers/llama/worker/llama_api.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::llama_worker {

struct ModelOptions {
  std::string library_folder;
  std::string model_file;
  int context_tokens = 4096;
  int threads = 1;
  std::chrono::milliseconds longest_generation = std::chrono::minutes(5);
  // The clock of that limit.
  std::chrono::steady_clock::time_point (*now)() = std::chrono::steady_clock::now;
};

struct Generated {
  std::string_view finish_reason = "stop";
  Usage usage;
  bool cancelled = false;
};

class Generator {
public:
  static std::expected<std::unique_ptr<Generator>, std::string> load(const ModelOptions& options);
  // The same over an engine that is there already.
  static std::expected<std::unique_ptr<Generator>, std::string> make(const LlamaApi& api, const ModelOptions& options);

  // Fails when the prompt leaves no room for an answer.
  std::expected<std::vector<LlamaToken>, ApiError> tokenize(const Prompt& prompt) const;

  // Calls `emit` with text as it arises, and `cancelled` often; both are
  // called on the caller's thread.
  std::expected<Generated, ApiError> generate(const std::vector<LlamaToken>& prompt, const ChatRequest& request,
                                              std::vector<std::string> stop,
                                              const std::function<void(std::string_view)>& emit,
                                              const std::function<bool()>& cancelled);

private:
  enum class Decoded { done, cancelled, failed };
  struct SamplerDeleter {
    void (*free_sampler)(LlamaSampler*);
    void operator()(LlamaSampler* sampler) const { free_sampler(sampler); }
  };
  using Sampler = std::unique_ptr<LlamaSampler, SamplerDeleter>;

  Generator(const LlamaApi& api, const ModelOptions& options)
      : api_(api), longest_(options.longest_generation), now_(options.now) {}
  Sampler make_sampler(const ChatRequest& request) const;
  int keep_common_prefix(const std::vector<LlamaToken>& prompt);
  Decoded decode(const LlamaToken* tokens, int count);
  std::string piece_of(LlamaToken token) const;
  static bool must_abort(void* self);

  LlamaApi api_;
  std::chrono::milliseconds longest_;
  std::chrono::steady_clock::time_point (*now_)();
  LlamaContext* context_ = nullptr;
  const LlamaVocabulary* vocabulary_ = nullptr;
  int context_tokens_ = 0;
  std::vector<LlamaToken> cached_; // what the key-value cache holds
  const std::function<bool()>* cancelled_ = nullptr;
};

} // namespace openclaw::llama_worker
