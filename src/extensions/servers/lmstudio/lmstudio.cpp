// Finds a running LM Studio.
#include "base/json.hpp"
#include "ports/local_server.hpp"
#include "ports/registry.hpp"
#include <algorithm>

namespace openclaw::ports {
namespace {

class LmStudio final : public ModelServer {
public:
  explicit LmStudio(ServerServices services)
      : time_(services.time),
        address_(server_address(services.environment ? services.environment("LMSTUDIO_HOST") : "", 1234)) {}
  std::string_view name() const override { return "lmstudio"; }
  int rank() const override { return 20; }

  Task<std::vector<ServerModel>> find(net::HttpClient& client) override {
    ServerProbe probe(client, time_);
    std::vector<ServerModel> models;
    auto body = co_await probe.get(address_ + "/v1/models");
    if (!body && body.error().kind == Kind::cancelled) co_return std::unexpected(std::move(body).error());
    if (!body) co_return models;
    const auto answer = parse_json(*body, "answer of LM Studio");
    const auto* list = answer ? openclaw::find(*answer, "data") : nullptr;
    if (!list || !list->is_array()) co_return models;
    for (const auto& row : list->get_array())
      if (const auto id = string_or(row, "id"); !id.empty() && id.find("embed") == std::string::npos)
        models.push_back({id, id, 0});
    auto native = co_await probe.get(address_ + "/api/v0/models");
    const auto details = native ? parse_json(*native, "answer of LM Studio") : json::value();
    const auto* rows = details ? openclaw::find(*details, "data") : nullptr;
    if (rows && rows->is_array()) take_details(rows->get_array(), models);
    co_return models;
  }

  Task<ModelEndpoint> acquire(std::string) override {
    ModelEndpoint endpoint;
    endpoint.provider = "lmstudio";
    endpoint.api = "openai-completions";
    endpoint.base_url = address_ + "/v1";
    endpoint.flags = {"no_key", "lenient_tools", "alternate_roles"};
    co_return endpoint;
  }

private:
  // Loaded models come first: asking for another one makes LM Studio load it, which takes minutes.
  static void take_details(const json::array& rows, std::vector<ServerModel>& models) {
    std::set<std::string> loaded;
    for (const auto& row : rows) {
      const auto id = string_or(row, "id");
      if (string_or(row, "type") == "embeddings")
        std::erase_if(models, [&](const ServerModel& model) { return model.id == id; });
      if (string_or(row, "state") == "loaded") loaded.insert(id);
      for (auto& model : models)
        if (model.id == id)
          model.context_tokens = integer_or(row, "loaded_context_length", integer_or(row, "max_context_length", 0));
    }
    std::ranges::sort(models, [&](const ServerModel& a, const ServerModel& b) {
      return loaded.contains(a.id) > loaded.contains(b.id);
    });
  }
  async::Time& time_;
  std::string address_;
};

} // namespace

void register_servers_lmstudio(Registry& registry) {
  registry.add_model_server([](ServerServices services) { return std::make_unique<LmStudio>(std::move(services)); });
}

} // namespace openclaw::ports
