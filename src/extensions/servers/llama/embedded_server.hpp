// The embedded model as a model server: a small base model, fetched at the owner's consent, computed by a confined
// worker process of this binary. It is the last resort, so that a first message gets an answer without any account.
#pragma once
#include "extensions/servers/llama/installation.hpp"
#include "extensions/servers/llama/supervisor.hpp"
#include "ports/registry.hpp"
#include <memory>

namespace openclaw::llama {

inline constexpr const char* kWorkerProgram = "llama-worker";
// Replaces scheme, host and port of every download; a loopback address. The checksums stay. For tests and for machines
// without a way out.
inline constexpr const char* kMirrorVariable = "OPENCLAW_EMBEDDED_MIRROR";

class EmbeddedServer final : public ports::ModelServer {
public:
  // `services.state_folder` is its own one here.
  EmbeddedServer(ports::ServerServices services, Recipe recipe);

  std::string_view name() const override { return "llama"; }
  int rank() const override { return 1000; }
  Task<std::vector<ports::ServerModel>> find(net::HttpClient& client) override;
  Task<ports::ModelEndpoint> acquire(std::string model) override;
  void release() override { supervisor_->release(); }

  bool can_download() const override;
  bool downloaded() const override;
  ports::LicenceTerms terms() const override;
  Task<> download(std::function<void(ports::DownloadProgress)> progress) override;

private:
  struct Core;
  static Task<ports::ModelEndpoint> acquire_endpoint(std::shared_ptr<Core> core, std::shared_ptr<Supervisor> supervisor,
                                                     std::string model);

  std::shared_ptr<Core> core_;
  std::shared_ptr<Supervisor> supervisor_;
};

// The command line and the surroundings of the worker for what lies in these folders.
WorkerPlan plan_worker(const Recipe& recipe, const Installation& installation, std::string program);

} // namespace openclaw::llama
