#include "agent/model_catalog.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

// For models that no table knows: small enough that no provider refuses it, large enough to work with.
constexpr std::int64_t kUnknownContext = 128'000;
constexpr std::int64_t kUnknownOutput = 8'192;
// A local server that does not say: what Ollama gives a model unless it is told otherwise is 4096, llama.cpp's is
// larger.
constexpr std::int64_t kUnknownLocalContext = 8'192;

bool authorises(const std::map<std::string, std::string>& headers) {
  return std::ranges::any_of(headers, [](const auto& header) {
    const auto name = lowercase_ascii(header.first);
    return name == "authorization" || name == "x-api-key" || name == "api-key";
  });
}

// Row flags and a model's own: "no_FLAG" of the model takes FLAG away.
std::set<std::string> joined(std::set<std::string> flags, const std::set<std::string>& own) {
  for (const auto& flag : own) {
    if (flag.starts_with("no_") && flags.erase(flag.substr(3)) > 0) continue;
    flags.insert(flag);
  }
  return flags;
}

void add_named(std::vector<std::string>& out, const json::value* model) {
  if (!model) return;
  if (model->is_string()) out.emplace_back(model->get_string());
  if (auto primary = string_or(*model, "primary"); !primary.empty()) out.push_back(std::move(primary));
  if (const auto* fallbacks = find(*model, "fallbacks"); fallbacks && fallbacks->is_array())
    for (const auto& name : fallbacks->get_array())
      if (name.is_string() && !name.get_string().empty() &&
          std::ranges::find(out, std::string_view(name.get_string())) == out.end())
        out.emplace_back(name.get_string());
}

} // namespace

const Provider* ModelCatalog::find_provider(std::string_view id) const {
  auto found = std::ranges::find(providers_, id, &Provider::id);
  if (found == providers_.end()) found = std::ranges::find(providers_, lowercase_ascii(id), &Provider::id);
  return found == providers_.end() ? nullptr : &*found;
}

std::vector<Credential> ModelCatalog::credentials_of(const Provider& provider, const StoredCredentials& stored) const {
  std::vector<Credential> found;
  const auto add = [&](std::string id, std::string name, std::string source, Result<Secret> key) {
    Credential credential;
    credential.id = std::move(id);
    credential.name = std::move(name);
    credential.source = std::move(source);
    if (key)
      credential.key = std::move(*key);
    else
      credential.problem = key.error();
    found.push_back(std::move(credential));
  };
  if (provider.api_key)
    add("config", fmt::format("the key in models.providers.{}", provider.id), "config", *provider.api_key);
  if (const auto kept = stored.find(provider.id); kept != stored.end())
    found.insert(found.end(), kept->second.begin(), kept->second.end());
  if (!found.empty()) return found;
  // The environment's key may be somebody else's account, so it answers only for those who named no key.
  for (const auto& variable : provider.key_variables)
    if (const auto set = environment_.find(variable); set != environment_.end() && !trim(set->second).empty()) {
      add("environment:" + variable, variable, "environment", Secret(std::string(trim(set->second))));
      break;
    }
  return found;
}

bool ModelCatalog::has_key(const Provider& provider, const StoredCredentials& stored) const {
  return provider.flags.contains("no_key") || authorises(provider.headers) ||
         std::ranges::any_of(credentials_of(provider, stored), [](const auto& key) { return !key.problem; }) ||
         (provider.configured && is_private_url(provider.base_url));
}

Price ModelCatalog::price_of(std::string_view provider, const KnownModel& model, bool local) const {
  if (model.price) return *model.price;
  if (local) return {0, 0, 0, 0, true};
  const auto found = prices_.find(fmt::format("{}/{}", provider, model.id));
  return found == prices_.end() ? Price{} : found->second;
}

Result<ModelChoice> ModelCatalog::choice(const Provider& provider, std::string_view model,
                                         const StoredCredentials& stored, const Credential* credential) const {
  const auto listed = std::ranges::find(provider.models, model, &KnownModel::id);
  if (listed == provider.models.end() && provider.closed) {
    std::vector<std::string> ids;
    for (const auto& known : provider.models)
      ids.push_back(known.id);
    const auto near = nearest(model, ids);
    return fail(Kind::missing, fmt::format("The provider {} has no model \"{}\".", provider.id, printable(model, 100)),
                near ? fmt::format("Did you mean {}/{}?", provider.id, *near)
                     : fmt::format("Add it to models.providers.{}.models in openclaw.json.", provider.id));
  }
  KnownModel known;
  if (listed != provider.models.end())
    known = *listed;
  else
    known.id = known.name = std::string(model);

  ModelChoice out;
  if (credential && credential->problem) return std::unexpected(*credential->problem);
  out.source = credential ? credential->source : provider.configured ? "config" : "environment";
  // A row without an address is a server that openclaw starts itself: acquire() tells its address later.
  const bool own_server = provider.base_url.empty() && provider.flags.contains("no_key") && !provider.configured;
  const bool local = own_server || is_private_url(provider.base_url);
  if (own_server) out.source = "embedded";
  if (!credential && !has_key(provider, stored)) {
    const auto variable = provider.key_variables.empty() ? std::string() : provider.key_variables.front();
    return fail(Kind::denied,
                fmt::format("{}/{} needs an API key of {}, and none is set.", provider.id, printable(model, 100),
                            provider.name),
                variable.empty()
                    ? fmt::format("Set models.providers.{}.apiKey in openclaw.json.", provider.id)
                    : fmt::format("Add one with: openclaw models auth add {0}, or set the environment variable {1}, or "
                                  "models.providers.{0}.apiKey in openclaw.json.",
                                  provider.id, variable));
  }
  if (provider.base_url.empty() && !own_server)
    return fail(Kind::invalid, fmt::format("The provider {} has no address.", provider.id),
                fmt::format("Set models.providers.{}.baseUrl in openclaw.json.", provider.id));
  out.endpoint.provider = provider.id;
  out.endpoint.api = provider.api;
  out.endpoint.base_url = provider.base_url;
  out.endpoint.headers = provider.headers;
  out.endpoint.flags = joined(provider.flags, known.flags);
  if (credential) {
    out.endpoint.api_key = credential->key;
    out.endpoint.flags.insert(credential->flags.begin(), credential->flags.end());
    for (const auto& [name, value] : credential->headers)
      out.endpoint.headers.try_emplace(name, value);
    out.credential = credential->fingerprint();
    out.credential_name = credential->name;
  }
  out.provider = provider.id;
  out.model = known.id;
  out.name = known.name;
  out.context_tokens = known.context_tokens > 0 ? known.context_tokens : local ? kUnknownLocalContext : kUnknownContext;
  if (context_limit_ > 0) out.context_tokens = std::min(out.context_tokens, context_limit_);
  out.max_output_tokens = known.max_output_tokens > 0 ? known.max_output_tokens : kUnknownOutput;
  // A reply can never be longer than the window; half of it is left for the question.
  out.max_output_tokens = std::max<std::int64_t>(1, std::min(out.max_output_tokens, out.context_tokens / 2));
  out.reasoning = known.reasoning;
  out.images = std::ranges::find(known.input, "image") != known.input.end();
  out.price = price_of(provider.id, known, local);
  return out;
}

Result<ModelCatalog::Named> ModelCatalog::named(std::string_view given, const StoredCredentials& stored) const {
  const auto name = trim(given);
  if (const auto alias = aliases_.find(lowercase_ascii(name));
      alias != aliases_.end() && alias->second != name && alias->second.find('/') != std::string::npos) {
    const auto at = alias->second.find('/');
    if (const auto* provider = find_provider(std::string_view(alias->second).substr(0, at)))
      return Named{provider, alias->second.substr(at + 1)};
  }
  const auto slash = name.find('/');
  if (slash != std::string_view::npos && slash > 0 && slash + 1 < name.size()) {
    if (const auto* provider = find_provider(name.substr(0, slash)))
      return Named{provider, std::string(name.substr(slash + 1))};
  } else if (slash == std::string_view::npos && !name.empty()) {
    std::vector<const Provider*> having;
    for (const auto& provider : providers_)
      if (std::ranges::find(provider.models, name, &KnownModel::id) != provider.models.end())
        having.push_back(&provider);
    if (having.size() > 1) std::erase_if(having, [&](const Provider* provider) { return !has_key(*provider, stored); });
    if (having.size() == 1) return Named{having.front(), std::string(name)};
  }
  const auto near = did_you_mean(name);
  return fail(Kind::missing, fmt::format("There is no model \"{}\".", printable(name, 100)),
              near ? fmt::format("Did you mean {}?", *near)
                   : "Models are named provider/model; add the provider below models.providers in openclaw.json.");
}

std::vector<ModelCatalog::Way> ModelCatalog::ways(std::string_view name, const StoredCredentials& stored) const {
  const auto found = named(name, stored);
  if (!found) return {{std::string(trim(name)), "", std::unexpected(found.error())}};
  const auto& [provider, model] = *found;
  const auto reference = provider->id + "/" + model;
  std::vector<Way> ways;
  for (const auto& credential : credentials_of(*provider, stored))
    ways.push_back({reference, credential.name, choice(*provider, model, stored, &credential)});
  if (ways.empty()) ways.push_back({reference, "", choice(*provider, model, stored, nullptr)});
  return ways;
}

Result<ModelChoice> ModelCatalog::resolve(std::string_view name, const StoredCredentials& stored) const {
  auto found = ways(name, stored);
  for (auto& way : found)
    if (way.choice) return std::move(way.choice);
  return std::move(found.front().choice);
}

std::optional<std::string> ModelCatalog::did_you_mean(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [alias, target] : aliases_)
    names.push_back(alias);
  for (const auto& provider : providers_)
    for (const auto& model : provider.models) {
      names.push_back(provider.id + "/" + model.id);
      if (name.find('/') == std::string_view::npos) names.push_back(model.id);
    }
  // A mistyped provider before any model: the rest may be right.
  if (const auto slash = name.find('/'); slash != std::string_view::npos && !find_provider(name.substr(0, slash))) {
    std::vector<std::string> ids;
    for (const auto& provider : providers_)
      ids.push_back(provider.id);
    if (const auto near = nearest(name.substr(0, slash), ids)) return *near + std::string(name.substr(slash));
  }
  return nearest(name, names);
}

std::vector<std::string> ModelCatalog::configured_names(std::string_view agent_id) const {
  std::vector<std::string> own;
  const auto* defaults = find_path(agents_, "defaults.model");
  if (const auto* list = find(agents_, "list"); list && list->is_array())
    for (const auto& agent : list->get_array())
      if (string_or(agent, "id") == agent_id) add_named(own, find(agent, "model"));
  if (own.empty()) {
    add_named(own, defaults);
  } else if (own.size() == 1 && defaults) {
    // An agent that names only its model keeps the common fallbacks.
    json::object common;
    if (const auto* fallbacks = find(*defaults, "fallbacks")) common["fallbacks"] = *fallbacks;
    const json::value only_fallbacks(std::move(common));
    add_named(own, &only_fallbacks);
  }
  return own;
}

std::optional<ModelChoice> ModelCatalog::from_environment(const StoredCredentials& stored) const {
  for (const auto& provider : providers_) {
    if (provider.default_model.empty() || provider.flags.contains("no_key")) continue;
    if (credentials_of(provider, stored).empty()) continue;
    if (auto found = resolve(provider.id + "/" + provider.default_model, stored)) return std::move(*found);
  }
  return std::nullopt;
}

ModelChoice ModelCatalog::from_server(ports::ModelEndpoint endpoint, const ports::ServerModel& model,
                                      bool embedded) const {
  ModelChoice out;
  out.provider = endpoint.provider;
  if (const auto* row = find_provider(endpoint.provider)) endpoint.flags.insert(row->flags.begin(), row->flags.end());
  out.endpoint = std::move(endpoint);
  out.model = model.id;
  out.name = model.name.empty() ? model.id : model.name;
  out.context_tokens = model.context_tokens > 0 ? model.context_tokens : kUnknownLocalContext;
  if (context_limit_ > 0) out.context_tokens = std::min(out.context_tokens, context_limit_);
  out.max_output_tokens = std::max<std::int64_t>(1, std::min(kUnknownOutput, out.context_tokens / 2));
  out.price = {0, 0, 0, 0, true};
  out.source = embedded ? "embedded" : "local-server";
  return out;
}

ports::DialectRules ModelCatalog::rules_for(const ModelChoice& choice, ports::DialectRules dialect) {
  const auto& flags = choice.endpoint.flags;
  if (flags.contains("nine_letter_ids")) dialect.tool_call_id_limit = 9;
  if (flags.contains("alternate_roles")) dialect.alternate_roles = true;
  if (flags.contains("reasoning_content")) dialect.keep_thinking = true;
  return dialect;
}

} // namespace openclaw::agent
