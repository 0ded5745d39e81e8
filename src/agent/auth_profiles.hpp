// OpenClaw's auth-profiles.json: several credentials for each provider and the order in which they are tried. It is
// read and never written here, for other programs keep their logins in it.
#pragma once
#include "agent/credential.hpp"
#include <cstdint>
#include <string>
#include <string_view>

namespace openclaw::agent {

struct AuthProfile {
  std::string id;       // "anthropic:work"
  std::string provider; // lower case
  std::string type;     // api_key | token | oauth
  Result<Secret> key = Secret();
  std::int64_t expires_ms = 0; // 0: never
};

struct AuthProfiles {
  std::vector<AuthProfile> profiles; // in the file's order
  std::map<std::string, std::vector<std::string>, std::less<>> order;
};
// Entries that make no sense are left out; Kind::invalid only for a text that is no JSON object.
Result<AuthProfiles> parse_auth_profiles(std::string_view text, const std::map<std::string, std::string>& environment);

// What the configuration says: auth.order, else the profiles that auth.profiles lists.
std::map<std::string, std::vector<std::string>, std::less<>> configured_auth_order(const json::value& config);

// The credentials of each provider: an explicit order names them all (the configuration's before the file's), else
// logins come before tokens and tokens before keys. `files` are asked one after the other: a provider's credentials
// come from the first file that has one.
StoredCredentials
stored_credentials(const std::vector<AuthProfiles>& files,
                   const std::map<std::string, std::vector<std::string>, std::less<>>& configured_order,
                   std::int64_t now_ms);

// Where an agent's profiles are looked for, below agents/.
std::vector<std::string> auth_profile_files(std::string_view agent_id);

// Reads the files again when they have changed, and remembers them until then.
class AuthProfileFiles {
public:
  // `agents_folder` is STATE/agents.
  AuthProfileFiles(std::string agents_folder, std::map<std::string, std::string> environment)
      : folder_(std::move(agents_folder)), environment_(std::move(environment)) {}
  // Of the agent itself and then of the default agent. A file that cannot be read is logged once and passed over.
  std::vector<AuthProfiles> of(const std::string& agent_id, const std::string& default_agent);

private:
  struct Known {
    std::string stamp; // of the file as it was read
    AuthProfiles profiles;
  };
  std::string folder_;
  std::map<std::string, std::string> environment_;
  std::map<std::string, Known> known_; // one for each file of each agent
};

} // namespace openclaw::agent
