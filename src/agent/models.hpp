// Which model answers: the configured one, else a key in the environment, else a server on loopback, else the embedded
// one. Looks around only when it is asked (never at start-up) and remembers what it found for a minute.
#pragma once
#include "agent/auth_profiles.hpp"
#include "agent/model_catalog.hpp"
#include "agent/model_health.hpp"
#include "agent/run_events.hpp"
#include "async/scope.hpp"
#include "base/json.hpp"
#include "ports/registry.hpp"
#include <map>
#include <memory>

namespace openclaw::agent {

enum class ModelState { ready, starting, downloading, needs_consent, unavailable };
std::string_view model_state_name(ModelState state);

struct ModelStatus {
  std::string reference; // "provider/model", empty when none
  std::string source;    // config, environment, local-server, embedded, none
  ModelState state = ModelState::unavailable;
  std::string message;
  std::string hint;
  ports::DownloadProgress progress; // while downloading
  // The embedded model, whether or not it is the current one.
  bool embedded_known = false;
  bool embedded_present = false;
  bool embedded_downloading = false;
  ports::LicenceTerms terms;
};

// A chosen model, ready to answer; its server is kept from stopping while this lives.
class ModelLease {
public:
  ModelLease() = default;
  ModelLease(ModelChoice choice, ports::ModelServer* server) : choice_(std::move(choice)), server_(server) {}
  ModelLease(const ModelLease&) = delete;
  ModelLease& operator=(const ModelLease&) = delete;
  ModelLease(ModelLease&& other) noexcept
      : choice_(std::move(other.choice_)), server_(std::exchange(other.server_, nullptr)) {}
  ModelLease& operator=(ModelLease&& other) noexcept;
  ~ModelLease();
  const ModelChoice& choice() const { return choice_; }

private:
  ModelChoice choice_;
  ports::ModelServer* server_ = nullptr;
};

// One that could answer: a model with one of its keys, or a server of this machine with its model. `problem` says why
// it cannot be asked at all.
struct Candidate {
  std::string reference;       // "provider/model"
  std::string credential_name; // for people; empty when it wants no key
  std::optional<ModelChoice> choice;
  ports::ModelServer* server = nullptr; // must be acquired first
  ports::ServerModel server_model;
  bool is_embedded = false;
  std::optional<Error> problem;
  Callee callee() const;
};

class Models {
public:
  Models(ports::Registry& registry, ports::ServerServices services, std::map<std::string, std::string> environment,
         RunEvents& events);
  ~Models();

  // Called with every configuration snapshot.
  Result<> configure(const json::value& config);

  // Where agents' auth profiles lie: STATE/agents. Without it there are none.
  void read_profiles(std::string agents_folder, std::string default_agent);

  // Who could answer in a session of this agent, the first choice first: each key of the model that the session chose,
  // and of nothing else; or of what the configuration names, one model after the other; or else the first of the order
  // above. Never empty; what cannot be used has its problem.
  Task<std::vector<Candidate>> candidates(std::string agent_id, std::string override_reference);
  // Ready to be asked; a server is started when it must be.
  Task<ModelLease> lease(Candidate candidate);
  // What the default order gives now, without starting anything.
  Task<ModelStatus> status();
  // Everything that could be chosen now: known models whose credentials are there, and what local servers hold.
  Task<std::vector<ModelChoice>> list();
  // Checks a reference that a person typed; the canonical "provider/model" or an error with suggestions.
  Task<std::string> check(std::string reference);
  // Looks for local servers again at the next need: one that was found did not answer.
  void forget_servers() { looked_at_ms_ = -1; }
  // Starts fetching the embedded model; the terms were accepted. Progress is told by RunEvents::models_changed and
  // status().
  Result<> start_download(async::Scope& scope);
  // The same, awaited, for the command line.
  Task<> download(std::function<void(ports::DownloadProgress)> progress);

private:
  Task<Candidate> embedded_candidate();
  StoredCredentials stored(const std::string& agent_id);
  Task<> look_for_servers();
  Task<> run_download();
  const ModelCatalog& catalog() const { return *catalog_; }
  ports::ModelServer* embedded() const;

  ports::Registry& registry_;
  ports::ServerServices services_;
  std::map<std::string, std::string> environment_;
  RunEvents& events_;
  std::vector<std::unique_ptr<ports::ModelServer>> servers_;
  std::unique_ptr<ModelCatalog> catalog_;
  std::unique_ptr<AuthProfileFiles> profiles_;
  std::string default_agent_ = "main";
  std::map<std::string, std::vector<std::string>, std::less<>> auth_order_;
  std::vector<std::pair<ports::ModelServer*, ports::ServerModel>> found_;
  std::int64_t looked_at_ms_ = -1;
  bool downloading_ = false;
  ports::DownloadProgress progress_;
  std::optional<Error> download_error_;
};

} // namespace openclaw::agent
