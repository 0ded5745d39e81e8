#include "agent/model_catalog.hpp"

#include "base/embedded.hpp"
#include <gtest/gtest.h>

namespace openclaw::agent {
namespace {

ModelCatalog catalog(std::string_view config = "{}", ModelCatalog::Environment environment = {}) {
  auto created = ModelCatalog::create(*parse_json(config, "config"), std::move(environment));
  EXPECT_TRUE(created) << (created ? "" : created.error().text());
  return std::move(*created);
}

constexpr std::string_view kConfig = R"({
  "models": {"providers": {
    "fake": {"baseUrl": "http://127.0.0.1:18999/v1/", "apiKey": "sk-fake", "api": "openai-completions",
      "models": [{"id": "fake-1", "name": "Fake One", "reasoning": true, "input": ["text", "image"],
                  "cost": {"input": 0.1, "output": 2, "cacheRead": 0, "cacheWrite": 0}, "contextWindow": 50000, "maxTokens": 4000}]},
    "remote": {"baseUrl": "https://models.example.com/v1", "models": [{"id": "m", "name": "M", "compat": {"maxTokensField": "max_completion_tokens"}}]},
    "openai": {"apiKey": "OPENAI_WORK_KEY", "models": [{"id": "gpt-5", "name": "Ours", "contextWindow": 1000, "compat": {"supportsReasoningEffort": false}}]}
  }},
  "agents": {
    "defaults": {"model": {"primary": "fake/fake-1", "fallbacks": ["openai/gpt-5"]}, "models": {"fake/fake-1": {"alias": "Mine"}}},
    "list": [{"id": "main"}, {"id": "coder", "model": "openai/gpt-5-mini"}, {"id": "lone", "model": {"primary": "a/b", "fallbacks": ["c/d"]}}]
  }
})";

TEST(ModelCatalog, TheRowsOfThisBuildAreWhole) {
  const auto rows = catalog();
  EXPECT_GE(rows.providers().size(), 15U);
  std::set<std::string> ids;
  for (const auto& provider : rows.providers()) {
    EXPECT_TRUE(ids.insert(provider.id).second) << provider.id;
    EXPECT_TRUE((std::set<std::string>{"openai-completions", "openai-responses", "anthropic-messages",
                                       "google-generative-ai", "ollama"})
                    .contains(provider.api))
        << provider.id;
    EXPECT_FALSE(provider.base_url.ends_with('/')) << provider.id;
    if (provider.flags.contains("no_key")) continue;
    EXPECT_TRUE(provider.base_url.starts_with("https://")) << provider.id;
    EXPECT_FALSE(provider.key_variables.empty()) << provider.id;
    EXPECT_FALSE(provider.default_model.empty()) << provider.id;
    for (const auto& model : provider.models) {
      EXPECT_GT(model.context_tokens, 0) << model.id;
      EXPECT_GT(model.max_output_tokens, 0) << model.id;
    }
  }
  const auto prices =
      parse_json(*find_embedded(embedded_texts(), "extensions/models/compatible/prices.json"), "prices");
  ASSERT_TRUE(prices);
  for (const auto& [name, row] : find(*prices, "prices")->as_object()) {
    const auto choice =
        catalog("{}", {{"ANTHROPIC_API_KEY", "k"}, {"OPENAI_API_KEY", "k"}, {"GROQ_API_KEY", "k"}}).resolve(name);
    ASSERT_TRUE(choice) << name;
    EXPECT_TRUE(choice->price.known) << name;
    EXPECT_GE(choice->price.input, choice->price.cache_read) << name;
  }
}

// parity: 1.12-providers
TEST(ModelCatalog, ConfiguredProvidersCarryEverythingThatTheOwnerWrote) {
  const auto choice = catalog(kConfig).resolve("fake/fake-1");
  ASSERT_TRUE(choice) << choice.error().text();
  EXPECT_EQ(choice->endpoint.base_url, "http://127.0.0.1:18999/v1");
  EXPECT_EQ(choice->endpoint.api_key.reveal(), "sk-fake");
  EXPECT_EQ(choice->name, "Fake One");
  EXPECT_EQ(choice->context_tokens, 50'000);
  EXPECT_EQ(choice->max_output_tokens, 4'000);
  EXPECT_TRUE(choice->reasoning && choice->images);
  EXPECT_EQ(choice->price, (Price{100'000, 2'000'000, 0, 0, true}));
  EXPECT_EQ(choice->source, "config");
  EXPECT_TRUE(choice->endpoint.flags.contains("lenient_tools"));
}

TEST(ModelCatalog, TheOwnersModelsLieOverTheRowsAndKeepTheRest) {
  const auto merged = catalog(kConfig, {{"OPENAI_WORK_KEY", "sk-work"}});
  const auto ours = merged.resolve("openai/gpt-5");
  ASSERT_TRUE(ours) << ours.error().text();
  EXPECT_EQ(ours->name, "Ours");
  EXPECT_EQ(ours->context_tokens, 1000);
  EXPECT_EQ(ours->max_output_tokens, 500);
  EXPECT_EQ(ours->endpoint.api_key.reveal(), "sk-work");
  EXPECT_EQ(ours->endpoint.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(ours->endpoint.api, "openai-responses");
  EXPECT_FALSE(ours->endpoint.flags.contains("reasoning_effort"));
  const auto other = merged.resolve("openai/gpt-5-mini");
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_TRUE(other->endpoint.flags.contains("reasoning_effort"));
}

TEST(ModelCatalog, ReplaceLeavesOnlyTheOwnersProviders) {
  const auto replaced = catalog(
      R"({"models":{"mode":"replace","providers":{"fake":{"baseUrl":"http://127.0.0.1:1","models":[{"id":"a"}]}}}})");
  EXPECT_EQ(replaced.providers().size(), 1U);
  EXPECT_TRUE(replaced.resolve("fake/a"));
}

TEST(ModelCatalog, AMissingKeyNamesTheVariableAndTheSetting) {
  const auto choice = catalog().resolve("anthropic/claude-sonnet-4-5");
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().kind, Kind::denied);
  EXPECT_NE(choice.error().hint.find("ANTHROPIC_API_KEY"), std::string::npos);
  EXPECT_NE(choice.error().hint.find("models.providers.anthropic.apiKey"), std::string::npos);
  EXPECT_FALSE(catalog(kConfig).resolve("remote/m")); // public, and no key anywhere
}

TEST(ModelCatalog, NoKeyIsNeededOnThisMachineNorInAPrivateNetwork) {
  EXPECT_TRUE(catalog().resolve("ollama/qwen3:8b"));
  for (const auto* url : {"http://localhost:1/v1", "http://192.168.1.4/v1", "http://[::1]:80", "http://ollama:11434/v1",
                          "http://nas.local"})
    EXPECT_TRUE(is_private_url(url)) << url;
  for (const auto* url : {"https://api.openai.com/v1", "http://8.8.8.8", "nonsense", ""})
    EXPECT_FALSE(is_private_url(url)) << url;
  const auto local = catalog().resolve("ollama/qwen3:8b");
  EXPECT_EQ(local->price, (Price{0, 0, 0, 0, true}));
}

Credential stored_key(std::string id, std::string key) {
  Credential credential;
  credential.id = "profile:" + id;
  credential.name = "the profile " + id;
  credential.source = "config";
  credential.key = Secret(std::move(key));
  return credential;
}

TEST(ModelCatalog, KeysComeFromTheConfigurationThenTheProfilesAndElseFromTheEnvironment) {
  const ModelCatalog::Environment environment = {{"OPENAI_API_KEY", " from-env "}};
  const StoredCredentials stored = {{"openai", {stored_key("openai:a", "first"), stored_key("openai:b", "second")}}};
  const auto plain = catalog("{}", environment);
  EXPECT_EQ(plain.resolve("openai/gpt-5")->endpoint.api_key.reveal(), "from-env");
  EXPECT_EQ(plain.resolve("openai/gpt-5")->source, "environment");
  EXPECT_EQ(plain.resolve("openai/gpt-5", stored)->endpoint.api_key.reveal(), "first");
  EXPECT_EQ(plain.ways("openai/gpt-5", stored).size(), 2U);
  const auto configured = catalog(R"({"models":{"providers":{"openai":{"apiKey":"mine"}}}})", environment);
  const auto ways = configured.ways("openai/gpt-5", stored);
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_EQ(ways[0].choice->endpoint.api_key.reveal(), "mine");
  EXPECT_EQ(ways[2].choice->endpoint.api_key.reveal(), "second");
  EXPECT_NE(ways[1].choice->credential, ways[2].choice->credential);
  EXPECT_EQ(ways[1].choice->credential.find("first"), std::string::npos);
  EXPECT_EQ(ways[2].credential_name, "the profile openai:b");
}

TEST(ModelCatalog, AKeyThatCannotBeUsedKeepsItsPlaceAndItsReason) {
  auto expired = stored_key("openai:old", "");
  expired.problem = Error{Kind::denied, "The login openai:old expired.", "", {}};
  const StoredCredentials stored = {{"openai", {expired, stored_key("openai:b", "second")}}};
  const auto ways = catalog().ways("openai/gpt-5", stored);
  ASSERT_EQ(ways.size(), 2U);
  EXPECT_EQ(ways[0].choice.error().message, "The login openai:old expired.");
  EXPECT_EQ(catalog().resolve("openai/gpt-5", stored)->endpoint.api_key.reveal(), "second");
  EXPECT_EQ(catalog().from_environment(stored)->key().substr(0, 7), "openai/");
}

TEST(ModelCatalog, AModelThatDoesNotExistIsOneWayWithItsReason) {
  const auto ways = catalog().ways("nobody/knows");
  ASSERT_EQ(ways.size(), 1U);
  EXPECT_EQ(ways[0].reference, "nobody/knows");
  EXPECT_EQ(ways[0].choice.error().kind, Kind::missing);
}

TEST(ModelCatalog, NamesAreSplitAtTheFirstSlashAndMayBeAliasesOrBare) {
  const auto models = catalog(kConfig, {{"OPENROUTER_API_KEY", "k"}, {"ANTHROPIC_API_KEY", "k"}});
  EXPECT_EQ(models.resolve("openrouter/meta-llama/llama-3")->model, "meta-llama/llama-3");
  EXPECT_EQ(models.resolve("mine")->key(), "fake/fake-1");
  EXPECT_EQ(models.resolve("Opus")->key(), "anthropic/claude-opus-4-5");
  EXPECT_EQ(models.resolve("fake-1")->key(), "fake/fake-1");
  EXPECT_EQ(models.resolve("anthropic/claude-next")->context_tokens, 128'000);
  EXPECT_FALSE(models.resolve("anthropic/claude-next")->price.known);
}

TEST(ModelCatalog, AnUnknownNameSuggestsTheNearest) {
  const auto models = catalog(kConfig);
  EXPECT_EQ(models.resolve("antropic/claude-sonnet-4-5").error().hint, "Did you mean anthropic/claude-sonnet-4-5?");
  EXPECT_EQ(models.resolve("fake/fake-2").error().hint, "Did you mean fake/fake-1?");
  EXPECT_EQ(models.resolve("sonet").error().hint, "Did you mean sonnet?");
  for (const auto* name : {"", "/", "a/", "/b", "   "})
    EXPECT_EQ(models.resolve(name).error().kind, Kind::missing) << name;
}

TEST(ModelCatalog, AnAgentsOwnModelComesBeforeTheCommonOne) {
  const auto models = catalog(kConfig);
  using Names = std::vector<std::string>;
  EXPECT_EQ(models.configured_names("main"), (Names{"fake/fake-1", "openai/gpt-5"}));
  EXPECT_EQ(models.configured_names("coder"), (Names{"openai/gpt-5-mini", "openai/gpt-5"}));
  EXPECT_EQ(models.configured_names("lone"), (Names{"a/b", "c/d"}));
  EXPECT_EQ(catalog().configured_names("main"), Names{});
}

TEST(ModelCatalog, WithoutConfigurationTheFirstProviderWithAKeyInTheEnvironmentIsTaken) {
  EXPECT_FALSE(catalog().from_environment());
  const auto choice = catalog("{}", {{"GROQ_API_KEY", "g"}, {"OPENAI_API_KEY", "o"}}).from_environment();
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->provider, "openai");
  EXPECT_FALSE(catalog("{}", {{"OPENAI_API_KEY", "  "}}).from_environment());
}

TEST(ModelCatalog, RulesFollowTheEndpoint) {
  const auto models = catalog("{}", {{"MISTRAL_API_KEY", "k"}, {"DEEPSEEK_API_KEY", "k"}});
  EXPECT_EQ(ModelCatalog::rules_for(*models.resolve("mistral/mistral-large-latest"), {}).tool_call_id_limit, 9U);
  EXPECT_TRUE(ModelCatalog::rules_for(*models.resolve("deepseek/deepseek-reasoner"), {}).keep_thinking);
  EXPECT_FALSE(ModelCatalog::rules_for(*models.resolve("deepseek/deepseek-chat"), {}).keep_thinking);
  EXPECT_TRUE(ModelCatalog::rules_for(*models.resolve("ollama/x"), {}).alternate_roles);
}

TEST(ModelCatalog, NonsenseInTheConfigurationIsNoCrash) {
  for (
      const auto* config :
      {"[]", R"({"models":3,"agents":[]})", R"({"models":{"providers":[1]}})",
       R"({"models":{"providers":{"x":{"models":[1,{"id":3},{}]},"y":7}},"agents":{"list":[1],"defaults":{"model":[]}}})"}) {
    const auto models = catalog(config);
    EXPECT_FALSE(models.resolve("x/y"));
    EXPECT_TRUE(models.configured_names("main").empty());
  }
}

} // namespace
} // namespace openclaw::agent
