#include "extensions/servers/llama/worker/llama_api.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <string_view>

namespace openclaw::llama_worker {
namespace {

constexpr std::string_view kExpectedVersion = "0.5.0-dev";

struct Binder {
  void* library;
  std::string missing;

  template <typename Function>
  void bind(Function& target, const char* name) {
    target = reinterpret_cast<Function>(dlsym(library, name));
    if (target == nullptr && missing.empty()) missing = name;
  }
};

std::string last_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown dlopen error";
}

// A library of another release would be called with wrong structures; fields
// from the first to the last must hold the defaults that this release gives.
bool layouts_fit(const LlamaApi& api) {
  const auto model = api.model_default_params();
  const auto context = api.context_default_params();
  return model.devices == nullptr && model.tensor_split == nullptr && model.kv_overrides == nullptr &&
         !model.vocab_only && model.use_extra_bufts && !model.no_alloc && context.n_ctx == 512 &&
         context.n_batch == 2048 && context.n_ubatch == 512 && context.n_seq_max == 1 &&
         context.flash_attn_type == -1 && context.yarn_beta_fast == -1.0F && context.type_k == kTypeF16 &&
         context.type_v == kTypeF16 && context.abort_callback == nullptr && !context.embeddings &&
         context.offload_kqv && context.swa_full && !context.kv_unified && context.n_samplers == 0 &&
         context.ctx_other == nullptr;
}

} // namespace

std::expected<LlamaApi, std::string> load_llama_api(const std::string& folder) {
  // ggml would load any library named by this variable.
  unsetenv("GGML_BACKEND_PATH");
  void* ggml = dlopen((folder + "/libggml.v0.5.0.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (ggml == nullptr) return std::unexpected(last_error());
  void* llama = dlopen((folder + "/libllama.v0.5.0.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (llama == nullptr) return std::unexpected(last_error());

  LlamaApi api{};
  Binder from_ggml{ggml, {}};
  from_ggml.bind(api.backend_load_all_from_path, "ggml_backend_load_all_from_path");

  Binder b{llama, {}};
  b.bind(api.version, "llama_version");
  b.bind(api.backend_init, "llama_backend_init");
  b.bind(api.log_set, "llama_log_set");
  b.bind(api.model_default_params, "llama_model_default_params");
  b.bind(api.context_default_params, "llama_context_default_params");
  b.bind(api.sampler_chain_default_params, "llama_sampler_chain_default_params");
  b.bind(api.model_load_from_file, "llama_model_load_from_file");
  b.bind(api.init_from_model, "llama_init_from_model");
  b.bind(api.model_get_vocab, "llama_model_get_vocab");
  b.bind(api.n_ctx, "llama_n_ctx");
  b.bind(api.get_memory, "llama_get_memory");
  b.bind(api.memory_clear, "llama_memory_clear");
  b.bind(api.memory_seq_rm, "llama_memory_seq_rm");
  b.bind(api.batch_get_one, "llama_batch_get_one");
  b.bind(api.decode, "llama_decode");
  b.bind(api.vocab_n_tokens, "llama_vocab_n_tokens");
  b.bind(api.vocab_is_eog, "llama_vocab_is_eog");
  b.bind(api.tokenize, "llama_tokenize");
  b.bind(api.token_to_piece, "llama_token_to_piece");
  b.bind(api.sampler_chain_init, "llama_sampler_chain_init");
  b.bind(api.sampler_chain_add, "llama_sampler_chain_add");
  b.bind(api.sampler_free, "llama_sampler_free");
  b.bind(api.sampler_sample, "llama_sampler_sample");
  b.bind(api.sampler_init_greedy, "llama_sampler_init_greedy");
  b.bind(api.sampler_init_dist, "llama_sampler_init_dist");
  b.bind(api.sampler_init_top_k, "llama_sampler_init_top_k");
  b.bind(api.sampler_init_top_p, "llama_sampler_init_top_p");
  b.bind(api.sampler_init_temp, "llama_sampler_init_temp");
  b.bind(api.sampler_init_penalties, "llama_sampler_init_penalties");

  const std::string& missing = from_ggml.missing.empty() ? b.missing : from_ggml.missing;
  if (!missing.empty()) return std::unexpected("the library lacks " + missing);
  if (api.version() != kExpectedVersion) {
    return std::unexpected(std::string("the library is of another release: ") + api.version());
  }
  if (!layouts_fit(api)) return std::unexpected("the library has other structures than expected");
  return api;
}

} // namespace openclaw::llama_worker
