// The small part of llama.cpp's C API that the worker uses, bound at run time
// from the shared libraries in a given folder.
//
// The structure and enumeration layouts are taken over from llama.cpp 0.5.0
// (llama.h is the same from build b11095 to b11160; ggml 0.25.1):
//   MIT License, Copyright (c) 2023-2026 The ggml authors.
//   The whole text is in ../LICENSE.llama.cpp.txt.
// They are only right for that release, so load_llama_api() refuses others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace openclaw::llama_worker {

struct LlamaModel;
struct LlamaContext;
struct LlamaVocabulary;
struct LlamaSampler;
struct LlamaMemory;

using LlamaToken = std::int32_t;

inline constexpr std::int32_t kLoadModeMmap = 1;
inline constexpr std::int32_t kTypeF16 = 1;
inline constexpr std::int32_t kLogLevelError = 4;

struct LlamaModelParams {
  void* devices;
  const void* tensor_buft_overrides;
  std::int32_t n_gpu_layers;
  std::int32_t split_mode;
  std::int32_t load_mode;
  std::int32_t lazy_mode;
  std::int32_t main_gpu;
  const float* tensor_split;
  bool (*progress_callback)(float, void*);
  void* progress_callback_user_data;
  const void* kv_overrides;
  bool vocab_only;
  bool check_tensors;
  bool use_extra_bufts;
  bool no_host;
  bool no_alloc;
  bool load_mtp;
};
static_assert(sizeof(LlamaModelParams) == 80);

struct LlamaContextParams {
  std::uint32_t n_ctx;
  std::uint32_t n_batch;
  std::uint32_t n_ubatch;
  std::uint32_t n_seq_max;
  std::uint32_t n_rs_seq;
  std::uint32_t n_outputs_max;
  std::uint32_t n_outputs_max_per_seq;
  std::int32_t n_threads;
  std::int32_t n_threads_batch;
  std::int32_t ctx_type;
  std::int32_t rope_scaling_type;
  std::int32_t pooling_type;
  std::int32_t attention_type;
  std::int32_t flash_attn_type;
  float rope_freq_base;
  float rope_freq_scale;
  float yarn_ext_factor;
  float yarn_attn_factor;
  float yarn_beta_fast;
  float yarn_beta_slow;
  std::uint32_t yarn_orig_ctx;
  float defrag_thold;
  void* cb_eval;
  void* cb_eval_user_data;
  std::int32_t type_k;
  std::int32_t type_v;
  bool (*abort_callback)(void*);
  void* abort_callback_data;
  bool embeddings;
  bool offload_kqv;
  bool no_perf;
  bool op_offload;
  bool swa_full;
  bool kv_unified;
  void* samplers;
  std::size_t n_samplers;
  LlamaContext* ctx_other;
};
static_assert(sizeof(LlamaContextParams) == 160);

struct LlamaBatch {
  std::int32_t n_tokens;
  LlamaToken* token;
  float* embd;
  std::int32_t* pos;
  std::int32_t* n_seq_id;
  std::int32_t** seq_id;
  std::int8_t* logits;
};

struct LlamaSamplerChainParams {
  bool no_perf;
};

// One member per C function; the member is named after the function without
// its "llama_" prefix.
struct LlamaApi {
  const char* (*version)();
  void (*backend_init)();
  void (*log_set)(void (*)(std::int32_t, const char*, void*), void*);
  void (*backend_load_all_from_path)(const char*); // ggml_...

  LlamaModelParams (*model_default_params)();
  LlamaContextParams (*context_default_params)();
  LlamaSamplerChainParams (*sampler_chain_default_params)();

  LlamaModel* (*model_load_from_file)(const char*, LlamaModelParams);
  LlamaContext* (*init_from_model)(LlamaModel*, LlamaContextParams);
  const LlamaVocabulary* (*model_get_vocab)(const LlamaModel*);
  std::uint32_t (*n_ctx)(const LlamaContext*);

  LlamaMemory* (*get_memory)(const LlamaContext*);
  void (*memory_clear)(LlamaMemory*, bool);
  bool (*memory_seq_rm)(LlamaMemory*, std::int32_t, std::int32_t, std::int32_t);

  LlamaBatch (*batch_get_one)(LlamaToken*, std::int32_t);
  std::int32_t (*decode)(LlamaContext*, LlamaBatch);

  std::int32_t (*vocab_n_tokens)(const LlamaVocabulary*);
  bool (*vocab_is_eog)(const LlamaVocabulary*, LlamaToken);
  std::int32_t (*tokenize)(const LlamaVocabulary*, const char*, std::int32_t, LlamaToken*, std::int32_t, bool, bool);
  std::int32_t (*token_to_piece)(const LlamaVocabulary*, LlamaToken, char*, std::int32_t, std::int32_t, bool);

  LlamaSampler* (*sampler_chain_init)(LlamaSamplerChainParams);
  void (*sampler_chain_add)(LlamaSampler*, LlamaSampler*);
  void (*sampler_free)(LlamaSampler*);
  LlamaToken (*sampler_sample)(LlamaSampler*, LlamaContext*, std::int32_t);
  LlamaSampler* (*sampler_init_greedy)();
  LlamaSampler* (*sampler_init_dist)(std::uint32_t);
  LlamaSampler* (*sampler_init_top_k)(std::int32_t);
  LlamaSampler* (*sampler_init_top_p)(float, std::size_t);
  LlamaSampler* (*sampler_init_temp)(float);
  LlamaSampler* (*sampler_init_penalties)(std::int32_t, std::int32_t, float, float, float);
};

// Opens the libraries in `folder` and binds every function, or says what is
// missing or does not fit. The libraries stay loaded until the process ends.
std::expected<LlamaApi, std::string> load_llama_api(const std::string& folder);

} // namespace openclaw::llama_worker
