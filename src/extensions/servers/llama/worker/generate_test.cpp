// Over a fake engine: one token a byte, and every computed token takes a second of a fake clock.
#include "extensions/servers/llama/worker/generate.hpp"

#include <gtest/gtest.h>

namespace openclaw::llama_worker {
namespace {

using Time = std::chrono::steady_clock::time_point;

Time now{};
int decoded = 0;
bool fails = false;
Time read_clock() {
  return now;
}

std::int32_t decode(LlamaContext*, LlamaBatch batch) {
  if (fails) return -1;
  now += std::chrono::seconds(batch.n_tokens);
  decoded += batch.n_tokens;
  return 0;
}

LlamaApi fake_engine() {
  LlamaApi api{};
  api.backend_init = [] {};
  api.log_set = [](void (*)(std::int32_t, const char*, void*), void*) {};
  api.backend_load_all_from_path = [](const char*) {};
  api.model_default_params = [] { return LlamaModelParams{}; };
  api.context_default_params = [] { return LlamaContextParams{}; };
  api.sampler_chain_default_params = [] { return LlamaSamplerChainParams{}; };
  static int something = 0;
  api.model_load_from_file = [](const char*, LlamaModelParams) { return reinterpret_cast<LlamaModel*>(&something); };
  api.init_from_model = [](LlamaModel*, LlamaContextParams) { return reinterpret_cast<LlamaContext*>(&something); };
  api.model_get_vocab = [](const LlamaModel*) -> const LlamaVocabulary* { return nullptr; };
  api.n_ctx = [](const LlamaContext*) -> std::uint32_t { return 4096; };
  api.get_memory = [](const LlamaContext*) -> LlamaMemory* { return nullptr; };
  api.memory_clear = [](LlamaMemory*, bool) {};
  api.memory_seq_rm = [](LlamaMemory*, std::int32_t, std::int32_t, std::int32_t) { return true; };
  api.batch_get_one = [](LlamaToken* tokens, std::int32_t count) {
    return LlamaBatch{.n_tokens = count, .token = tokens};
  };
  api.decode = decode;
  api.vocab_n_tokens = [](const LlamaVocabulary*) -> std::int32_t { return 256; };
  api.vocab_is_eog = [](const LlamaVocabulary*, LlamaToken) { return false; };
  api.tokenize = [](const LlamaVocabulary*, const char* text, std::int32_t length, LlamaToken* tokens, std::int32_t,
                    bool, bool) {
    std::copy_n(text, length, tokens);
    return length;
  };
  api.token_to_piece = [](const LlamaVocabulary*, LlamaToken token, char* piece, std::int32_t, std::int32_t, bool) {
    *piece = static_cast<char>(token);
    return std::int32_t{1};
  };
  api.sampler_chain_init = [](LlamaSamplerChainParams) -> LlamaSampler* { return nullptr; };
  api.sampler_chain_add = [](LlamaSampler*, LlamaSampler*) {};
  api.sampler_free = [](LlamaSampler*) {};
  api.sampler_sample = [](LlamaSampler*, LlamaContext*, std::int32_t) -> LlamaToken { return 'a'; };
  api.sampler_init_greedy = []() -> LlamaSampler* { return nullptr; };
  api.sampler_init_dist = [](std::uint32_t) -> LlamaSampler* { return nullptr; };
  api.sampler_init_top_k = [](std::int32_t) -> LlamaSampler* { return nullptr; };
  api.sampler_init_top_p = [](float, std::size_t) -> LlamaSampler* { return nullptr; };
  api.sampler_init_temp = [](float) -> LlamaSampler* { return nullptr; };
  api.sampler_init_penalties = [](std::int32_t, std::int32_t, float, float, float) -> LlamaSampler* { return nullptr; };
  return api;
}

class GeneratorTest : public ::testing::Test {
protected:
  void SetUp() override {
    now = {};
    decoded = 0;
    fails = false;
    auto made = Generator::make(fake_engine(), {.now = read_clock});
    ASSERT_TRUE(made.has_value()) << made.error();
    generator_ = std::move(*made);
  }
  std::expected<Generated, ApiError>
  answer(std::size_t prompt_bytes, int max_tokens, const std::function<bool()>& cancelled = [] { return false; }) {
    const auto tokens = generator_->tokenize({{{std::string(prompt_bytes, 'p')}}, {}});
    if (!tokens) return std::unexpected(tokens.error());
    ChatRequest request;
    request.max_tokens = max_tokens;
    return generator_->generate(*tokens, request, {}, [this](std::string_view piece) { text_ += piece; }, cancelled);
  }
  std::unique_ptr<Generator> generator_;
  std::string text_;
};

TEST_F(GeneratorTest, EndsAnAnswerAfterFiveMinutesAndKeepsWhatThereIs) {
  const auto generated = answer(10, 4000);
  ASSERT_TRUE(generated.has_value());
  EXPECT_EQ(generated->finish_reason, "length");
  EXPECT_FALSE(generated->cancelled);
  EXPECT_EQ(now.time_since_epoch(), std::chrono::seconds(301));
  EXPECT_EQ(text_, std::string(291, 'a'));
  EXPECT_EQ(generated->usage.completion_tokens, 291);
}

TEST_F(GeneratorTest, RefusesAPromptThatTakesLongerThanFiveMinutes) {
  const auto generated = answer(1000, 10);
  ASSERT_FALSE(generated.has_value());
  EXPECT_EQ(generated.error().message, "the prompt took too long");
  EXPECT_EQ(now.time_since_epoch(), std::chrono::seconds(512));
}

TEST_F(GeneratorTest, StopsWhenTheClientIsGone) {
  const auto generated = answer(10, 4000, [] { return decoded >= 15; });
  ASSERT_TRUE(generated.has_value());
  EXPECT_TRUE(generated->cancelled);
  EXPECT_EQ(decoded, 15);
}

TEST_F(GeneratorTest, ReadsTheCommonStartOfTwoPromptsOnce) {
  ASSERT_TRUE(answer(100, 1).has_value());
  const auto again = answer(120, 1);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->usage.cached_tokens, 100);
  EXPECT_EQ(again->usage.prompt_tokens, 120);
}

TEST_F(GeneratorTest, RefusesAPromptThatLeavesNoRoomAndSaysWhenTheEngineFails) {
  const auto long_one = answer(4090, 1);
  ASSERT_FALSE(long_one.has_value());
  EXPECT_EQ(long_one.error().code, "context_length_exceeded");
  fails = true;
  const auto failed = answer(10, 1);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().status, 500);
}

} // namespace
} // namespace openclaw::llama_worker
