#include "extensions/servers/llama/worker/generate.hpp"

#include "extensions/servers/llama/worker/text_stream.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>

namespace openclaw::llama_worker {
namespace {

constexpr int kBatchTokens = 256;
constexpr int kLeastAnswerTokens = 16;
constexpr std::size_t kMaxPieceBytes = 256;

// A model of this size falls into loops without it.
constexpr float kRepeatPenalty = 1.1F;
constexpr int kRepeatWindow = 64;
constexpr int kTopK = 64;

void log_errors(std::int32_t level, const char* text, void*) {
  if (level == kLogLevelError) std::fputs(text, stderr);
}

ApiError broken(std::string message) {
  return {500, std::move(message), "server_error"};
}

} // namespace

std::expected<std::unique_ptr<Generator>, std::string> Generator::load(const ModelOptions& options) {
  const auto api = load_llama_api(options.library_folder);
  if (!api) return std::unexpected(api.error());
  return make(*api, options);
}

std::expected<std::unique_ptr<Generator>, std::string> Generator::make(const LlamaApi& api,
                                                                       const ModelOptions& options) {
  api.log_set(log_errors, nullptr);
  api.backend_load_all_from_path(options.library_folder.c_str());
  api.backend_init();

  auto model_params = api.model_default_params();
  model_params.load_mode = kLoadModeMmap;
  model_params.n_gpu_layers = 0;
  // Repacked weights would be a private copy of 214 MB beside the mapped file.
  model_params.use_extra_bufts = false;
  LlamaModel* model = api.model_load_from_file(options.model_file.c_str(), model_params);
  if (model == nullptr) return std::unexpected("the model cannot be loaded");

  auto context_params = api.context_default_params();
  context_params.n_ctx = static_cast<std::uint32_t>(options.context_tokens);
  context_params.n_batch = kBatchTokens;
  context_params.n_ubatch = kBatchTokens;
  // One row of logits is 1 MB with this vocabulary of 262,144 tokens.
  context_params.n_outputs_max = 1;
  context_params.n_threads = options.threads;
  context_params.n_threads_batch = options.threads;
  context_params.no_perf = true;
  // With a sliding-window cache an earlier prefix could not be taken up again.
  context_params.swa_full = true;

  std::unique_ptr<Generator> generator(new Generator(api, options));
  context_params.abort_callback = must_abort;
  context_params.abort_callback_data = generator.get();
  generator->context_ = api.init_from_model(model, context_params);
  if (generator->context_ == nullptr) return std::unexpected("no context can be made for the model");
  generator->vocabulary_ = api.model_get_vocab(model);
  generator->context_tokens_ = static_cast<int>(api.n_ctx(generator->context_));
  return generator;
}

bool Generator::must_abort(void* self) {
  const auto* generator = static_cast<const Generator*>(self);
  return generator->cancelled_ != nullptr && (*generator->cancelled_)();
}

std::expected<std::vector<LlamaToken>, ApiError> Generator::tokenize(const Prompt& prompt) const try {
  std::vector<LlamaToken> tokens;
  bool is_first = true;
  for (const auto& piece : prompt.pieces) {
    const auto length = static_cast<std::int32_t>(piece.text.size());
    std::vector<LlamaToken> found(piece.text.size() + 2);
    const auto count = api_.tokenize(vocabulary_, piece.text.data(), length, found.data(),
                                     static_cast<std::int32_t>(found.size()), is_first, piece.is_mark);
    if (count < 0) return std::unexpected(broken("the prompt cannot be tokenized"));
    tokens.insert(tokens.end(), found.begin(), found.begin() + count);
    is_first = false;
  }
  if (static_cast<int>(tokens.size()) > context_tokens_ - kLeastAnswerTokens) {
    return std::unexpected(ApiError{400,
                                    "the prompt has " + std::to_string(tokens.size()) +
                                        " tokens but the context only holds " + std::to_string(context_tokens_),
                                    "invalid_request_error", "context_length_exceeded"});
  }
  return tokens;
} catch (...) {
  return std::unexpected(broken("the prompt cannot be tokenized"));
}

Generator::Sampler Generator::make_sampler(const ChatRequest& request) const {
  Sampler chain(api_.sampler_chain_init(api_.sampler_chain_default_params()), {api_.sampler_free});
  const auto add = [&](LlamaSampler* sampler) { api_.sampler_chain_add(chain.get(), sampler); };
  add(api_.sampler_init_penalties(api_.vocab_n_tokens(vocabulary_), kRepeatWindow, kRepeatPenalty, 0, 0));
  if (request.temperature <= 0) {
    add(api_.sampler_init_greedy());
    return chain;
  }
  add(api_.sampler_init_top_k(kTopK));
  add(api_.sampler_init_top_p(request.top_p, 1));
  add(api_.sampler_init_temp(request.temperature));
  add(api_.sampler_init_dist(request.seed));
  return chain;
}

int Generator::keep_common_prefix(const std::vector<LlamaToken>& prompt) {
  const auto [end, unused] = std::ranges::mismatch(prompt, cached_);
  auto kept = static_cast<int>(end - prompt.begin());
  // The last token must be decoded again to get its logits.
  kept = std::min(kept, static_cast<int>(prompt.size()) - 1);
  auto* memory = api_.get_memory(context_);
  if (!api_.memory_seq_rm(memory, 0, kept, -1)) {
    api_.memory_clear(memory, false);
    kept = 0;
  }
  cached_.resize(static_cast<std::size_t>(kept));
  return kept;
}

Generator::Decoded Generator::decode(const LlamaToken* tokens, int count) {
  std::vector<LlamaToken> batch(tokens, tokens + count);
  const auto result = api_.decode(context_, api_.batch_get_one(batch.data(), count));
  if (result == 0) {
    cached_.insert(cached_.end(), batch.begin(), batch.end());
    return Decoded::done;
  }
  // Part of the batch may be in the cache; it is taken out again.
  auto* memory = api_.get_memory(context_);
  if (!api_.memory_seq_rm(memory, 0, static_cast<std::int32_t>(cached_.size()), -1)) {
    api_.memory_clear(memory, false);
    cached_.clear();
  }
  return result == 2 ? Decoded::cancelled : Decoded::failed;
}

std::string Generator::piece_of(LlamaToken token) const {
  std::string piece(kMaxPieceBytes, '\0');
  const auto length =
      api_.token_to_piece(vocabulary_, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, false);
  piece.resize(static_cast<std::size_t>(std::max(length, 0)));
  return piece;
}

std::expected<Generated, ApiError> Generator::generate(const std::vector<LlamaToken>& prompt,
                                                       const ChatRequest& request, std::vector<std::string> stop,
                                                       const std::function<void(std::string_view)>& emit,
                                                       const std::function<bool()>& cancelled) try {
  const auto deadline = now_() + longest_;
  const std::function<bool()> must_end = [&] { return cancelled() || now_() > deadline; };
  struct Reset {
    const std::function<bool()>*& target;
    ~Reset() { target = nullptr; }
  } reset{cancelled_};
  cancelled_ = &must_end;

  Generated generated;
  generated.usage.prompt_tokens = static_cast<int>(prompt.size());
  generated.usage.cached_tokens = keep_common_prefix(prompt);

  for (auto at = static_cast<std::size_t>(generated.usage.cached_tokens); at < prompt.size();) {
    const auto count = static_cast<int>(std::min<std::size_t>(kBatchTokens, prompt.size() - at));
    const auto decoded = must_end() ? Decoded::cancelled : decode(prompt.data() + at, count);
    if (decoded == Decoded::failed) return std::unexpected(broken("the prompt cannot be computed"));
    if (decoded == Decoded::cancelled) {
      if (!cancelled()) return std::unexpected(broken("the prompt took too long"));
      generated.cancelled = true;
      return generated;
    }
    at += static_cast<std::size_t>(count);
  }

  const auto sampler = make_sampler(request);
  const int room = context_tokens_ - static_cast<int>(prompt.size());
  const int most = std::min(request.max_tokens, room);
  stop.insert(stop.end(), request.stop.begin(), request.stop.end());
  TextStream stream(std::move(stop));
  bool has_text = false;
  while (true) {
    LlamaToken token = api_.sampler_sample(sampler.get(), context_, -1);
    if (api_.vocab_is_eog(vocabulary_, token)) break;
    ++generated.usage.completion_tokens;
    std::string_view piece;
    const auto bytes = piece_of(token);
    piece = bytes;
    // A dialogue's answer begins with the space after the colon.
    if (!has_text) piece.remove_prefix(std::min(piece.find_first_not_of(" \n"), piece.size()));
    has_text = has_text || !piece.empty();
    if (const auto text = stream.push(piece); !text.empty()) emit(text);
    if (stream.stopped()) break;
    if (generated.usage.completion_tokens >= most) {
      generated.finish_reason = "length";
      break;
    }
    const auto decoded = decode(&token, 1);
    if (decoded == Decoded::failed) return std::unexpected(broken("the answer cannot be computed"));
    if (decoded == Decoded::cancelled || must_end()) {
      generated.cancelled = cancelled();
      generated.finish_reason = "length";
      break;
    }
  }
  if (const auto text = stream.finish(); !text.empty() && !generated.cancelled) emit(text);
  return generated;
} catch (...) {
  // llama.cpp's own state is unknown now, so nothing of it is used again.
  cached_.clear();
  api_.memory_clear(api_.get_memory(context_), false);
  return std::unexpected(broken("the computation failed"));
}

} // namespace openclaw::llama_worker
