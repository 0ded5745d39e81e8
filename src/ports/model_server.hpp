// A local model server that openclaw can start, watch and stop (or only find): it speaks one of the model dialects on
// loopback.
#pragma once
#include "async/scope.hpp"
#include "async/task.hpp"
#include "async/time.hpp"
#include "net/http_client.hpp"
#include "ports/model.hpp"
#include <functional>
#include <string>
#include <vector>

namespace openclaw::ports {

struct ServerModel {
  std::string id;
  std::string name;
  std::int64_t context_tokens = 0; // 0: unknown
};

struct DownloadProgress {
  std::int64_t done_bytes = 0;
  std::int64_t total_bytes = 0;
};

struct LicenceTerms {
  std::string model_name;
  std::string engine_name;
  std::string licence_name;
  std::string licence_url;
  std::string text; // a short honest summary and the notice that the terms ask for
  std::int64_t download_bytes = 0;
};

class ModelServer {
public:
  virtual ~ModelServer() = default;
  virtual std::string_view name() const = 0; // "ollama", "lmstudio", "llama-server", "llama" (the embedded one)
  // Lower comes first when several are there.
  virtual int rank() const = 0;
  // Is it there now (or could it be started without a download)? Its models then; empty when not. At most about 500 ms.
  virtual Task<std::vector<ServerModel>> find(net::HttpClient& client) = 0;
  // Ready to answer: starts it when it is ours to start. The endpoint stays good until release() has been called as
  // often.
  virtual Task<ModelEndpoint> acquire(std::string model) = 0;
  virtual void release() {}

  // Only for servers that can be had by a download.
  virtual bool can_download() const { return false; }
  virtual bool downloaded() const { return true; }
  virtual LicenceTerms terms() const { return {}; }
  virtual Task<> download(std::function<void(DownloadProgress)> progress) {
    (void)progress;
    co_return fail(Kind::invalid, "This model server has nothing to download.");
  }
};

} // namespace openclaw::ports
