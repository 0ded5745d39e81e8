// An Effect is what a tool call would do, stated before it is done: policy judges it, a person approves it, and the
// tool then does exactly that. A Permit is the proof that this happened; tools cannot run without one. Pure: no I/O.
#pragma once
#include "base/result.hpp"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace openclaw::policy {

enum class Risk {
  read,    // looks at the workspace or at state that the agent may see
  write,   // changes files of the workspace (versioned, can be undone)
  execute, // runs a program
  network, // sends something out of this machine
  owner,   // changes rights, configuration or this program itself
};
std::string_view risk_name(Risk risk);

// A program run. `argv` is what will be executed, never a string that a shell would read again, except when
// `through_shell` says that argv is {shell, "-c", text} because the model wrote shell syntax.
struct CommandEffect {
  std::vector<std::string> argv;
  bool through_shell = false;
  std::string resolved_binary; // absolute path after PATH lookup and symlinks; empty when not found
  std::string binary_sha256;   // of that file; empty for a shell run
  std::string directory;       // working directory, absolute
  std::map<std::string, std::string>
      environment;              // what the call itself gave; fixed values such as PATH and HOME come on top
  std::string network = "none"; // none | host
  std::string target = "local"; // where it runs: local (sandbox) | host
};

struct Effect {
  Risk risk = Risk::read;
  std::string tool;
  std::string summary; // one line for people: the command, the path, the address
  std::optional<CommandEffect> command;
  std::vector<std::string> paths; // workspace-relative, for read and write
  std::string host;               // for network

  // SHA-256 over everything above in a fixed order: what an approval is bound to.
  std::string digest() const;
};

enum class Verdict { allow, ask, deny };
struct Decision {
  Verdict verdict = Verdict::deny;
  std::string reason; // why, for people
  std::string remedy; // the command or setting that changes it
};

// One approval, as stored: single use, bound to an effect, a session and an agent, with an expiry.
struct Grant {
  std::string id;
  std::string effect_digest;
  std::string session_key;
  std::string agent_id;
  std::int64_t expires_at_ms = 0;
};

class Permit {
public:
  // For a decision `allow` without a grant; for `ask` with a grant, already consumed in the store, that matches in
  // every part.
  static Result<Permit> issue(const Decision& decision, Effect effect, const std::optional<Grant>& consumed,
                              const std::string& session_key, const std::string& agent_id, std::int64_t now_ms);
  const Effect& effect() const { return effect_; }

private:
  explicit Permit(Effect effect) : effect_(std::move(effect)) {}
  Effect effect_;
};

} // namespace openclaw::policy
