// References to secrets in the configuration, in OpenClaw's form {"source", "provider", "id"}: where a credential may
// stand, one of these may stand, and the snapshot's value has what it refers to.
#pragma once
#include "base/secret.hpp"
#include "config/config.hpp"

namespace openclaw::config {

// An object with "source" and nothing but "provider", "id" and "path" beside it.
bool is_secret_reference(const json::value& value);

class SecretSources {
public:
  // `config` is the whole configuration, for its secrets.providers.
  SecretSources(const json::value& config, const Environment& environment, std::string state_folder);
  // A plain text is its own secret. Sources: env, file and vault ("store" is the same); exec is refused.
  Result<Secret> resolve(const json::value& value);

private:
  Result<Secret> from_environment(const std::string& id, const json::value* provider) const;
  Result<Secret> from_file(const json::value& reference, const std::string& id, const json::value* provider) const;
  Result<Secret> from_vault(const std::string& id);

  json::value providers_;
  json::value defaults_;
  const Environment& environment_;
  std::string state_folder_;
};

// Replaces every reference below a secret key by its secret; what could not be found is a problem, with an empty text
// in its place.
std::vector<Problem> put_secrets_in(json::value& config, const Environment& environment,
                                    const std::string& state_folder);

} // namespace openclaw::config
