// Which models there are and how each is reached: the provider rows of this build, the owner's configuration over them,
// and the keys in the environment. Pure: it asks no server and reads no variable by itself; a new configuration makes a
// new catalog.
#pragma once
#include "agent/credential.hpp"
#include "agent/pricing.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "ports/model.hpp"
#include "ports/model_server.hpp"
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::agent {

struct ModelChoice {
  ports::ModelEndpoint endpoint;
  std::string provider;
  std::string model; // the provider's own name for it
  std::string name;  // for people
  std::int64_t context_tokens = 0;
  std::int64_t max_output_tokens = 0;
  bool reasoning = false;
  bool images = false;
  Price price;
  std::string
      source; // config | environment | local-server | embedded: where the endpoint's key (or the server) comes from
  std::string credential;      // the fingerprint of the key's place and text; empty without one
  std::string credential_name; // for people
  std::string key() const { return provider + "/" + model; }
};

struct KnownModel {
  std::string id;
  std::string name;
  std::int64_t context_tokens = 0; // 0: unknown
  std::int64_t max_output_tokens = 0;
  bool reasoning = false;
  std::vector<std::string> input = {"text"};
  std::set<std::string> flags;
  std::optional<Price> price;
};

struct Provider {
  std::string id;
  std::string name;
  std::string api = "openai-completions";
  std::string base_url;
  std::vector<std::string> key_variables;
  std::set<std::string> flags;
  std::string default_model;
  std::vector<KnownModel> models;
  std::optional<Result<Secret>> api_key; // from the configuration
  std::map<std::string, std::string> headers;
  bool configured = false; // models.providers has it
  bool closed = false;     // only the listed models exist (the owner listed them and the build has no row)
};

class ModelCatalog {
public:
  using Environment = std::map<std::string, std::string>;
  // `config` is the whole configuration. Fails only when a text of this build is broken (Kind::bug).
  static Result<ModelCatalog> create(const json::value& config, Environment environment);

  // "provider/model" (the provider ends at the first '/'), an alias, or a model's bare name where only one provider
  // lists it. `stored` are the credentials of the asking agent's auth profiles.
  Result<ModelChoice> resolve(std::string_view name, const StoredCredentials& stored = {}) const;
  // The same with every key that it could be asked with, in the order in which they are tried; a key that is there and
  // cannot be used is an error in its place. Never empty.
  struct Way {
    std::string reference; // "provider/model"; what was asked for when there is no such model
    std::string credential_name;
    Result<ModelChoice> choice;
  };
  std::vector<Way> ways(std::string_view name, const StoredCredentials& stored = {}) const;
  // What the configuration names for this agent: its model and then the fallbacks, else agents.defaults'. Empty:
  // nothing is named.
  std::vector<std::string> configured_names(std::string_view agent_id) const;
  // The default model of the first provider, in the order of the rows, that has a key without being configured; nothing
  // when none has. When nothing is configured, the program asks this, then the running local servers, then the embedded
  // one.
  std::optional<ModelChoice> from_environment(const StoredCredentials& stored = {}) const;
  // A model of a server on this machine, at the endpoint that acquire() gave.
  ModelChoice from_server(ports::ModelEndpoint endpoint, const ports::ServerModel& model, bool embedded) const;

  // The dialect's rules as this endpoint needs them (Mistral's ids, templates that want turns, reasoning that must go
  // back).
  static ports::DialectRules rules_for(const ModelChoice& choice, ports::DialectRules dialect);

  const std::vector<Provider>& providers() const { return providers_; }
  bool has_key(const Provider& provider, const StoredCredentials& stored = {}) const;
  // Anything listed that is spelt nearly like this.
  std::optional<std::string> did_you_mean(std::string_view name) const;

private:
  void apply(const json::object& config);
  void apply_provider(std::string_view id, const json::object& settings, bool known);
  const Provider* find_provider(std::string_view id) const;
  // models.providers.ID.apiKey and then the stored ones; only when there is neither, the environment.
  std::vector<Credential> credentials_of(const Provider& provider, const StoredCredentials& stored) const;
  Result<ModelChoice> choice(const Provider& provider, std::string_view model, const StoredCredentials& stored,
                             const Credential* credential) const;
  struct Named {
    const Provider* provider;
    std::string model;
  };
  Result<Named> named(std::string_view name, const StoredCredentials& stored) const;
  Price price_of(std::string_view provider, const KnownModel& model, bool local) const;

  std::vector<Provider> providers_;
  std::map<std::string, std::string, std::less<>> aliases_;
  std::map<std::string, Price, std::less<>> prices_;
  Environment environment_;
  json::value agents_; // the section, for the models it names
  std::int64_t context_limit_ = 0;
};

// A host of this machine or of a private network: no key is needed there, and calls cost nothing unless the owner says
// so.
bool is_private_url(std::string_view url);

} // namespace openclaw::agent
