#include "agent/models.hpp"

#include "base/log.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kLookAgainMs = 60'000;
constexpr std::int64_t kLookAgainWhenNoneMs = 3'000; // somebody who has just started one is waiting for it
constexpr std::string_view kEmbedded = "embedded/";
constexpr std::string_view kHowToConnect = "Set ANTHROPIC_API_KEY, OPENAI_API_KEY or another provider's key and "
                                           "restart, start Ollama, LM Studio or llama-server on this machine, "
                                           "or name a model with: openclaw models set PROVIDER/MODEL";

} // namespace

std::string_view model_state_name(ModelState state) {
  switch (state) {
  case ModelState::ready:
    return "ready";
  case ModelState::starting:
    return "starting";
  case ModelState::downloading:
    return "downloading";
  case ModelState::needs_consent:
    return "needs-consent";
  case ModelState::unavailable:
    return "unavailable";
  }
  return "unavailable";
}

ModelLease& ModelLease::operator=(ModelLease&& other) noexcept {
  if (this != &other) {
    if (server_) server_->release();
    choice_ = std::move(other.choice_);
    server_ = std::exchange(other.server_, nullptr);
  }
  return *this;
}

ModelLease::~ModelLease() {
  if (server_) server_->release();
}

Callee Candidate::callee() const {
  if (choice) return {choice->provider, choice->credential, choice->model};
  const auto slash = reference.find('/');
  return {reference.substr(0, slash), "", slash == std::string::npos ? std::string() : reference.substr(slash + 1)};
}

Models::Models(ports::Registry& registry, ports::ServerServices services,
               std::map<std::string, std::string> environment, RunEvents& events)
    : registry_(registry), services_(std::move(services)), environment_(std::move(environment)), events_(events) {
  for (const auto& make : registry_.server_makers())
    servers_.push_back(make(services_));
  std::sort(servers_.begin(), servers_.end(), [](const auto& a, const auto& b) { return a->rank() < b->rank(); });
}

Models::~Models() = default;

Result<> Models::configure(const json::value& config) {
  TRY(auto catalog, ModelCatalog::create(config, environment_));
  catalog_ = std::make_unique<ModelCatalog>(std::move(catalog));
  auth_order_ = configured_auth_order(config);
  return {};
}

void Models::read_profiles(std::string agents_folder, std::string default_agent) {
  if (!profiles_) profiles_ = std::make_unique<AuthProfileFiles>(std::move(agents_folder), environment_);
  default_agent_ = std::move(default_agent);
}

StoredCredentials Models::stored(const std::string& agent_id) {
  if (!profiles_) return {};
  return stored_credentials(profiles_->of(agent_id, default_agent_), auth_order_, services_.time.now_ms());
}

ports::ModelServer* Models::embedded() const {
  for (const auto& server : servers_)
    if (server->can_download()) return server.get();
  return nullptr;
}

Task<> Models::look_for_servers() {
  const auto now = services_.time.monotonic_ms();
  const auto fresh_ms = found_.empty() ? kLookAgainWhenNoneMs : kLookAgainMs;
  if (looked_at_ms_ >= 0 && now - looked_at_ms_ < fresh_ms) co_return Result<>{};
  std::vector<std::pair<ports::ModelServer*, ports::ServerModel>> found;
  for (const auto& server : servers_) {
    auto models = co_await server->find(services_.http);
    if (!models) continue; // not there is the usual case, not a fault
    for (auto& model : *models)
      found.emplace_back(server.get(), std::move(model));
  }
  const bool changed = found.size() != found_.size();
  found_ = std::move(found);
  looked_at_ms_ = services_.time.monotonic_ms();
  if (changed) events_.models_changed();
  co_return Result<>{};
}

Task<Candidate> Models::embedded_candidate() {
  Candidate candidate;
  candidate.reference = std::string(kEmbedded);
  candidate.server = embedded();
  candidate.is_embedded = true;
  if (!candidate.server) {
    candidate.problem =
        Error{Kind::missing, "The embedded model is not in this build.", std::string(kHowToConnect), {}};
  } else if (!candidate.server->downloaded()) {
    candidate.problem = Error{
        Kind::missing, "The embedded model is not on this machine yet.", "Fetch it with: openclaw models fetch", {}};
  } else {
    auto models = co_await candidate.server->find(services_.http);
    if (models && !models->empty()) candidate.server_model = models->front();
    if (!models) candidate.problem = models.error();
    candidate.reference += candidate.server_model.id;
  }
  co_return candidate;
}

Task<std::vector<Candidate>> Models::candidates(std::string agent_id, std::string override_reference) {
  const auto keys = stored(agent_id);
  auto names = catalog().configured_names(agent_id);
  // A person who chose a model for this session may have had a reason (a private one, say): nothing else takes its
  // place.
  if (!override_reference.empty()) names = {override_reference};
  const bool looked_for = names.empty();
  if (looked_for)
    if (const auto choice = catalog().from_environment(keys)) names = {choice->key()};
  std::vector<Candidate> found;
  for (const auto& name : names) {
    if (name.starts_with(kEmbedded)) {
      CO_TRY(auto candidate, co_await embedded_candidate());
      found.push_back(std::move(candidate));
      continue;
    }
    for (auto& way : catalog().ways(name, keys)) {
      Candidate candidate;
      candidate.reference = std::move(way.reference);
      candidate.credential_name = std::move(way.credential_name);
      if (way.choice)
        candidate.choice = std::move(*way.choice);
      else
        candidate.problem = way.choice.error();
      found.push_back(std::move(candidate));
    }
  }
  if (!found.empty()) co_return found; // what the owner named must not be replaced behind their back
  CO_TRY_VOID(co_await look_for_servers());
  Candidate candidate;
  if (!found_.empty()) {
    candidate.server = found_.front().first;
    candidate.server_model = found_.front().second;
    candidate.is_embedded = candidate.server->can_download();
    candidate.reference =
        (candidate.is_embedded ? std::string(kEmbedded) : std::string(candidate.server->name()) + "/") +
        candidate.server_model.id;
  } else if (downloading_) {
    candidate.problem = Error{Kind::busy,
                              "The small built-in model is still being fetched.",
                              "Wait until it is there (its progress is shown), then press Retry.",
                              {}};
  } else {
    candidate.problem = Error{Kind::missing, "No model is connected.", std::string(kHowToConnect), {}};
  }
  found.push_back(std::move(candidate));
  co_return found;
}

Task<ModelLease> Models::lease(Candidate candidate) {
  if (candidate.problem) co_return std::unexpected(*candidate.problem);
  if (candidate.choice) co_return ModelLease(std::move(*candidate.choice), nullptr);
  CO_TRY(auto endpoint, co_await candidate.server->acquire(candidate.server_model.id));
  co_return ModelLease(catalog().from_server(std::move(endpoint), candidate.server_model, candidate.is_embedded),
                       candidate.server);
}

Task<ModelStatus> Models::status() {
  ModelStatus status;
  if (const auto* server = embedded()) {
    status.embedded_known = true;
    status.embedded_present = server->downloaded();
    status.embedded_downloading = downloading_;
    status.terms = server->terms();
  }
  CO_TRY(const auto found, co_await candidates(default_agent_, ""));
  const auto usable = std::ranges::find_if(found, [](const auto& candidate) { return !candidate.problem; });
  if (usable == found.end()) {
    status.source = "none";
    status.message = found.front().problem->message;
    status.hint = found.front().problem->hint;
    if (downloading_) {
      status.state = ModelState::downloading;
      status.progress = progress_;
    } else if (download_error_) {
      status.message = download_error_->message;
      status.hint = download_error_->hint;
      status.state = ModelState::needs_consent;
    } else if (status.embedded_known && !status.embedded_present &&
               catalog().configured_names(default_agent_).empty()) {
      status.state = ModelState::needs_consent;
      status.message = "No model is connected. A small built-in one can be fetched, or you connect one of your own.";
    }
    co_return status;
  }
  status.state = ModelState::ready;
  status.reference = usable->reference;
  status.source = usable->choice ? usable->choice->source : usable->is_embedded ? "embedded" : "local-server";
  status.message =
      usable->is_embedded ? "A small built-in model answers. It is often wrong and uses no tools." : "Ready.";
  if (usable->is_embedded) status.hint = std::string(kHowToConnect);
  co_return status;
}

Task<std::vector<ModelChoice>> Models::list() {
  CO_TRY_VOID(co_await look_for_servers());
  const auto keys = stored(default_agent_);
  std::vector<ModelChoice> choices;
  for (const auto& provider : catalog().providers()) {
    if (!provider.configured && (provider.key_variables.empty() || !catalog().has_key(provider, keys))) continue;
    for (const auto& model : provider.models)
      if (auto choice = catalog().resolve(provider.id + "/" + model.id, keys)) choices.push_back(std::move(*choice));
  }
  for (const auto& [server, model] : found_) {
    ports::ModelEndpoint endpoint;
    endpoint.provider = server->can_download() ? "embedded" : std::string(server->name());
    endpoint.api = "openai-completions";
    auto choice = catalog().from_server(std::move(endpoint), model, server->can_download());
    const bool listed =
        std::any_of(choices.begin(), choices.end(), [&](const auto& other) { return other.key() == choice.key(); });
    if (!listed) choices.push_back(std::move(choice));
  }
  co_return choices;
}

Task<std::string> Models::check(std::string reference) {
  if (reference.starts_with(kEmbedded)) {
    CO_TRY(const auto candidate, co_await embedded_candidate());
    if (candidate.problem) co_return std::unexpected(*candidate.problem);
    co_return reference;
  }
  CO_TRY(const auto choice, catalog().resolve(reference, stored(default_agent_)));
  co_return choice.key();
}

Result<> Models::start_download(async::Scope& scope) {
  auto* server = embedded();
  if (!server) return fail(Kind::missing, "The embedded model is not in this build.", std::string(kHowToConnect));
  if (server->downloaded())
    return fail(Kind::conflict, "The embedded model is here already.", "Nothing needs to be fetched.");
  if (downloading_) return {};
  downloading_ = true;
  download_error_.reset();
  progress_ = {0, server->terms().download_bytes};
  scope.spawn("model download", run_download());
  events_.models_changed();
  return {};
}

Task<> Models::run_download() {
  auto done = co_await embedded()->download([this](ports::DownloadProgress progress) {
    progress_ = progress;
    events_.models_changed();
  });
  downloading_ = false;
  if (!done) download_error_ = done.error();
  looked_at_ms_ = -1;
  events_.models_changed();
  co_return done;
}

Task<> Models::download(std::function<void(ports::DownloadProgress)> progress) {
  auto* server = embedded();
  if (!server) co_return fail(Kind::missing, "The embedded model is not in this build.", std::string(kHowToConnect));
  if (server->downloaded()) co_return Result<>{};
  auto done = co_await server->download(std::move(progress));
  looked_at_ms_ = -1;
  co_return done;
}

} // namespace openclaw::agent
