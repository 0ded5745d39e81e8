// Reading the catalog's sources: the rows and prices of the build, and the configuration over them.
#include "agent/model_catalog.hpp"
#include "base/embedded.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "net/egress.hpp"
#include <algorithm>

namespace openclaw::agent {
namespace {

constexpr std::string_view kRows = "extensions/models/compatible/endpoints.json";
constexpr std::string_view kPrices = "extensions/models/compatible/prices.json";

Result<json::value> embedded_json(std::string_view name) {
  const auto text = find_embedded(embedded_texts(), name);
  if (!text) return fail(Kind::bug, "This build lacks " + std::string(name) + ".");
  return parse_json(*text, name);
}

std::vector<std::string> strings(const json::value* list) {
  std::vector<std::string> out;
  if (list && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

std::set<std::string> flag_set(const json::value* list) {
  const auto words = strings(list);
  return {words.begin(), words.end()};
}

// OpenClaw's "compat" of a model in our words; "no_..." takes a flag of the row away.
void add_compat(std::set<std::string>& flags, const json::value& model) {
  const auto* compat = find(model, "compat");
  if (!compat || !compat->is_object()) return;
  const auto field = string_or(*compat, "maxTokensField");
  if (field == "max_completion_tokens")
    flags.insert("max_completion_tokens");
  else if (field == "max_tokens")
    flags.insert("no_max_completion_tokens");
  for (const auto& [key, flag] :
       {std::pair{"supportsReasoningEffort", "reasoning_effort"}, std::pair{"supportsStore", "store_false"}})
    if (const auto* value = find(*compat, key); value && value->is_bool())
      flags.insert(value->get_bool() ? flag : std::string("no_") + flag);
}

KnownModel read_model(const json::value& value, KnownModel model) {
  model.id = string_or(value, "id");
  model.name = string_or(value, "name", model.name.empty() ? model.id : model.name);
  model.context_tokens = std::max<std::int64_t>(integer_or(value, "contextWindow", model.context_tokens), 0);
  model.max_output_tokens = std::max<std::int64_t>(integer_or(value, "maxTokens", model.max_output_tokens), 0);
  model.reasoning = bool_or(value, "reasoning", model.reasoning);
  if (auto input = strings(find(value, "input")); !input.empty()) model.input = std::move(input);
  model.flags.merge(flag_set(find(value, "flags")));
  add_compat(model.flags, value);
  if (const auto* cost = find(value, "cost"); cost && cost->is_object()) {
    const auto& object = cost->get_object();
    const auto dollars = [&](std::string_view key) { return price_from_dollars(number_or(object, key, 0)); };
    model.price = Price{dollars("input"), dollars("output"), dollars("cacheRead"), dollars("cacheWrite"), true};
  }
  return model;
}

Provider read_row(const json::value& row) {
  Provider provider;
  provider.id = string_or(row, "id");
  provider.name = string_or(row, "name", provider.id);
  provider.api = string_or(row, "api", provider.api);
  provider.base_url = string_or(row, "baseUrl");
  provider.key_variables = strings(find(row, "apiKeyEnv"));
  provider.flags = flag_set(find(row, "flags"));
  provider.default_model = string_or(row, "defaultModel");
  if (const auto* models = find(row, "models"); models && models->is_array())
    for (const auto& model : models->get_array())
      provider.models.push_back(read_model(model, {}));
  return provider;
}

} // namespace

bool is_private_url(std::string_view url) {
  const auto parsed = net::parse_url(url);
  if (!parsed) return false;
  const auto& host = parsed->host;
  if (host == "localhost" || host.ends_with(".localhost") || host.ends_with(".local") || host.ends_with(".internal") ||
      host.ends_with(".lan"))
    return true;
  const bool address =
      host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
  if (address) return !net::check_public_address(host);
  return host.find('.') == std::string::npos; // a service's name inside a container network
}

Result<ModelCatalog> ModelCatalog::create(const json::value& config, Environment environment) {
  TRY(const auto rows, embedded_json(kRows));
  TRY(const auto prices, embedded_json(kPrices));
  ModelCatalog catalog;
  catalog.environment_ = std::move(environment);
  if (const auto* list = find(rows, "providers"); list && list->is_array())
    for (const auto& row : list->get_array())
      catalog.providers_.push_back(read_row(row));
  if (const auto* aliases = find(rows, "aliases"); aliases && aliases->is_object())
    for (const auto& [alias, name] : aliases->get_object())
      if (name.is_string()) catalog.aliases_[lowercase_ascii(alias)] = std::string(name.get_string());
  if (const auto* table = find(prices, "prices"); table && table->is_object())
    for (const auto& [name, row] : table->get_object()) {
      const auto* numbers = row.if_array();
      if (!numbers || numbers->size() != 4)
        return fail(Kind::bug, "A price of this build is no list of four: " + std::string(name));
      const auto at = [&](std::size_t index) { return as_integer((*numbers)[index]).value_or(0); };
      catalog.prices_[name] = {at(0), at(1), at(2), at(3), true};
    }
  if (const auto* object = config.if_object()) catalog.apply(*object);
  return catalog;
}

void ModelCatalog::apply(const json::object& config) {
  const json::value* models = find(config, "models");
  if (models && string_or(*models, "mode") == "replace") providers_.clear();
  if (const auto* configured = models ? find(*models, "providers") : nullptr; configured && configured->is_object())
    for (const auto& [id, settings] : configured->get_object())
      if (settings.is_object()) apply_provider(id, settings.get_object(), find_provider(id) != nullptr);
  if (const auto* agents = find(config, "agents")) agents_ = *agents;
  if (const auto* named = find_path(agents_, "defaults.models"); named && named->is_object())
    for (const auto& [name, settings] : named->get_object())
      if (auto alias = string_or(settings, "alias"); !alias.empty())
        aliases_[lowercase_ascii(alias)] = std::string(name);
  if (const auto* limit = find_path(agents_, "defaults.contextTokens"))
    context_limit_ = std::max<std::int64_t>(as_integer(*limit).value_or(0), 0);
}

void ModelCatalog::apply_provider(std::string_view id, const json::object& settings, bool known) {
  if (!known) {
    Provider provider;
    provider.id = provider.name = std::string(id);
    providers_.push_back(std::move(provider));
  }
  auto& provider = *std::ranges::find(providers_, id, &Provider::id);
  provider.configured = true;
  provider.api = string_or(settings, "api", provider.api);
  provider.base_url = without_trailing_slashes(string_or(settings, "baseUrl", provider.base_url));
  if (const auto* key = find(settings, "apiKey"); key && (key->is_object() || !string_or(settings, "apiKey").empty()))
    provider.api_key = credential_text(*key, environment_);
  if (bool_or(settings, "authHeader", false)) provider.flags.insert("bearer");
  if (!known && is_private_url(provider.base_url))
    provider.flags.insert({"no_key", "lenient_tools", "alternate_roles"});
  provider.flags.merge(flag_set(find(settings, "flags")));
  if (const auto* headers = find(settings, "headers"); headers && headers->is_object())
    for (const auto& [name, value] : headers->get_object())
      if (value.is_string()) provider.headers[std::string(name)] = std::string(value.get_string());
  const auto* models = find(settings, "models");
  if (!models || !models->is_array()) return;
  for (const auto& value : models->get_array()) {
    const auto model_id = string_or(value, "id");
    if (model_id.empty()) continue;
    const auto listed = std::ranges::find(provider.models, model_id, &KnownModel::id);
    if (listed != provider.models.end())
      *listed = read_model(value, *listed);
    else
      provider.models.push_back(read_model(value, {}));
  }
  provider.closed = !known && !provider.models.empty();
  if (provider.default_model.empty() && !provider.models.empty()) provider.default_model = provider.models.front().id;
}

} // namespace openclaw::agent
