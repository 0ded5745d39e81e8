// Finds a running llama-server of llama.cpp, on its own port or the next one. It does not start it.
#include "base/json.hpp"
#include "ports/local_server.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

class LlamaServer final : public ModelServer {
public:
  explicit LlamaServer(ServerServices services) : time_(services.time) {
    const auto setting = services.environment ? services.environment("LLAMA_SERVER_HOST") : std::string();
    addresses_.push_back(server_address(setting, 8080));
    if (setting.empty()) addresses_.push_back(server_address("", 8081));
  }
  std::string_view name() const override { return "llama-server"; }
  int rank() const override { return 30; }

  Task<std::vector<ServerModel>> find(net::HttpClient& client) override {
    ServerProbe probe(client, time_);
    std::vector<ServerModel> models;
    for (const auto& address : addresses_) {
      auto found = co_await find_at(probe, address);
      if (!found) co_return std::unexpected(std::move(found).error());
      if (found->empty()) continue;
      found_at_ = address;
      models = std::move(*found);
      break;
    }
    co_return models;
  }

  Task<ModelEndpoint> acquire(std::string) override {
    ModelEndpoint endpoint;
    endpoint.provider = "llama-server";
    endpoint.api = "openai-completions";
    endpoint.base_url = (found_at_.empty() ? addresses_.front() : found_at_) + "/v1";
    endpoint.flags = {"no_key", "lenient_tools", "alternate_roles"};
    co_return endpoint;
  }

private:
  // Many programs listen on 8080: only one that is healthy, lists models and has llama.cpp's properties is taken for
  // it.
  static Task<std::vector<ServerModel>> find_at(ServerProbe& probe, std::string address) {
    std::vector<ServerModel> models;
    for (const auto* path : {"/health", "/v1/models", "/props"}) {
      auto body = co_await probe.get(address + path);
      if (!body && body.error().kind == Kind::cancelled) co_return std::unexpected(std::move(body).error());
      const auto answer = body ? parse_json(*body, "answer of llama-server") : json::value();
      const std::string_view asked = path;
      if (!body || !answer) co_return std::vector<ServerModel>{};
      if (asked == "/health" && string_or(*answer, "status") != "ok") co_return std::vector<ServerModel>{};
      if (asked == "/v1/models") {
        const auto* list = openclaw::find(*answer, "data");
        if (!list || !list->is_array()) co_return std::vector<ServerModel>{};
        for (const auto& row : list->get_array())
          if (const auto id = string_or(row, "id"); !id.empty()) models.push_back({id, id, 0});
      }
      if (asked == "/props") {
        const auto* context = find_path(*answer, "default_generation_settings.n_ctx");
        if (!context) co_return std::vector<ServerModel>{};
        for (auto& model : models)
          model.context_tokens = as_integer(*context).value_or(0);
      }
    }
    co_return models;
  }
  async::Time& time_;
  std::vector<std::string> addresses_;
  std::string found_at_;
};

} // namespace

void register_servers_llama_server(Registry& registry) {
  registry.add_model_server([](ServerServices services) { return std::make_unique<LlamaServer>(std::move(services)); });
}

} // namespace openclaw::ports
