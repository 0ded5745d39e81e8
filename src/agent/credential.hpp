// A key with which a provider can be asked: where it comes from, how people name it, and why it cannot be used when it
// cannot.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace openclaw::agent {

struct Credential {
  std::string id;     // "config", "profile:anthropic:work", "environment:OPENAI_API_KEY"; "" for none at all
  std::string name;   // for people: "the key in models.providers.openai", "the profile anthropic:work"
  std::string source; // config | environment
  Secret key;
  std::set<std::string> flags;                // how the dialect must send it ("bearer")
  std::map<std::string, std::string> headers; // that go with it
  std::optional<Error> problem;               // it is there and cannot be used: expired, or its text cannot be had

  // Tells a replaced key from its predecessor, and gives nothing of it away.
  std::string fingerprint() const;
};

// By provider, in the order in which they are tried.
using StoredCredentials = std::map<std::string, std::vector<Credential>, std::less<>>;

// The one place where what stands in a file becomes a key: the key itself, the name of an environment variable in its
// place (also as ${NAME}), or a reference {source, provider, id}, of which this build knows the source "env".
Result<Secret> credential_text(const json::value& written, const std::map<std::string, std::string>& environment);

} // namespace openclaw::agent
