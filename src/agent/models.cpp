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

struct Models::Pick {
  std::optional<ModelChoice> choice;
  ports::ModelServer* server = nullptr;
  ports::ServerModel model;
  bool is_embedded = false;
};

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
  return {};
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

Task<Models::Pick> Models::pick(std::string agent_id, std::string override_reference) {
  Pick picked;
  if (override_reference.starts_with(kEmbedded)) {
    picked.server = embedded();
    picked.is_embedded = true;
    if (!picked.server)
      co_return fail(Kind::missing, "The embedded model is not in this build.", std::string(kHowToConnect));
    if (!picked.server->downloaded())
      co_return fail(Kind::missing, "The embedded model is not on this machine yet.",
                     "Fetch it with: openclaw models fetch");
    CO_TRY(const auto models, co_await picked.server->find(services_.http));
    if (!models.empty()) picked.model = models.front();
    co_return picked;
  }
  if (!override_reference.empty()) {
    CO_TRY(picked.choice, catalog().resolve(override_reference));
    co_return picked;
  }
  const auto names = catalog().configured_names(agent_id);
  std::optional<Error> problem;
  for (const auto& name : names) {
    if (name.starts_with(kEmbedded)) {
      auto again = co_await pick(agent_id, name);
      co_return again;
    }
    auto choice = catalog().resolve(name);
    if (choice) {
      picked.choice = std::move(*choice);
      co_return picked;
    }
    if (!problem) problem = choice.error();
  }
  if (problem) co_return std::unexpected(*problem); // what the owner named must not be replaced behind their back
  if (auto choice = catalog().from_environment()) {
    picked.choice = std::move(*choice);
    co_return picked;
  }
  CO_TRY_VOID(co_await look_for_servers());
  for (const auto& [server, model] : found_) {
    picked.server = server;
    picked.model = model;
    picked.is_embedded = server->can_download();
    co_return picked;
  }
  if (downloading_) {
    co_return fail(Kind::busy, "The small built-in model is still being fetched.",
                   "Wait until it is there (its progress is shown), then press Retry.");
  }
  co_return fail(Kind::missing, "No model is connected.", std::string(kHowToConnect));
}

Task<ModelLease> Models::acquire(std::string agent_id, std::string override_reference) {
  CO_TRY(auto picked, co_await pick(std::move(agent_id), std::move(override_reference)));
  if (picked.choice) co_return ModelLease(std::move(*picked.choice), nullptr);
  CO_TRY(auto endpoint, co_await picked.server->acquire(picked.model.id));
  co_return ModelLease(catalog().from_server(std::move(endpoint), picked.model, picked.is_embedded), picked.server);
}

Task<ModelStatus> Models::status() {
  ModelStatus status;
  if (const auto* server = embedded()) {
    status.embedded_known = true;
    status.embedded_present = server->downloaded();
    status.embedded_downloading = downloading_;
    status.terms = server->terms();
  }
  auto picked = co_await pick("main", "");
  if (!picked) {
    status.source = "none";
    status.message = picked.error().message;
    status.hint = picked.error().hint;
    if (downloading_) {
      status.state = ModelState::downloading;
      status.progress = progress_;
    } else if (download_error_) {
      status.message = download_error_->message;
      status.hint = download_error_->hint;
      status.state = ModelState::needs_consent;
    } else if (status.embedded_known && !status.embedded_present && catalog().configured_names("main").empty()) {
      status.state = ModelState::needs_consent;
      status.message = "No model is connected. A small built-in one can be fetched, or you connect one of your own.";
    }
    co_return status;
  }
  status.state = ModelState::ready;
  if (picked->choice) {
    status.reference = picked->choice->key();
    status.source = picked->choice->source;
  } else {
    status.reference =
        (picked->is_embedded ? std::string("embedded") : std::string(picked->server->name())) + "/" + picked->model.id;
    status.source = picked->is_embedded ? "embedded" : "local-server";
  }
  status.message =
      picked->is_embedded ? "A small built-in model answers. It is often wrong and uses no tools." : "Ready.";
  if (picked->is_embedded) status.hint = std::string(kHowToConnect);
  co_return status;
}

Task<std::vector<ModelChoice>> Models::list() {
  CO_TRY_VOID(co_await look_for_servers());
  std::vector<ModelChoice> choices;
  for (const auto& provider : catalog().providers()) {
    if (!provider.configured && (provider.key_variables.empty() || !catalog().has_key(provider))) continue;
    for (const auto& model : provider.models)
      if (auto choice = catalog().resolve(provider.id + "/" + model.id)) choices.push_back(std::move(*choice));
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
    CO_TRY([[maybe_unused]] const auto picked, co_await pick("main", reference));
    co_return reference;
  }
  CO_TRY(const auto choice, catalog().resolve(reference));
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
