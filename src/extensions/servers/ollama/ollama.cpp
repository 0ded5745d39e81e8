// Finds a running Ollama. Its models are reached through its own door, which takes the size of the window.
#include "base/json.hpp"
#include "ports/local_server.hpp"
#include "ports/registry.hpp"
#include <charconv>

namespace openclaw::ports {
namespace {

class Ollama final : public ModelServer {
public:
  explicit Ollama(ServerServices services)
      : time_(services.time),
        address_(server_address(services.environment ? services.environment("OLLAMA_HOST") : "", 11434)) {
    const auto length = services.environment ? services.environment("OLLAMA_CONTEXT_LENGTH") : std::string();
    std::from_chars(length.data(), length.data() + length.size(), context_tokens_);
  }
  std::string_view name() const override { return "ollama"; }
  int rank() const override { return 10; }

  Task<std::vector<ServerModel>> find(net::HttpClient& client) override {
    ServerProbe probe(client, time_);
    std::vector<ServerModel> models;
    auto body = co_await probe.get(address_ + "/api/tags");
    if (!body && body.error().kind == Kind::cancelled) co_return std::unexpected(std::move(body).error());
    if (!body) co_return models;
    const auto tags = parse_json(*body, "answer of Ollama");
    const auto* list = tags ? openclaw::find(*tags, "models") : nullptr;
    if (!list || !list->is_array()) co_return models;
    for (const auto& row : list->get_array()) {
      const auto id = string_or(row, "name");
      const auto* family = find_path(row, "details.family");
      const bool embeds = id.find("embed") != std::string::npos ||
                          (family && family->is_string() && family->get_string().find("bert") != json::string::npos);
      if (!id.empty() && !embeds) models.push_back({id, id, context_tokens_});
    }
    // A loaded model tells the context that it was loaded with, whatever the variable says here.
    auto running = co_await probe.get(address_ + "/api/ps");
    const auto loaded = running ? parse_json(*running, "answer of Ollama") : json::value();
    const auto* rows = loaded ? openclaw::find(*loaded, "models") : nullptr;
    if (rows && rows->is_array())
      for (const auto& row : rows->get_array())
        for (auto& model : models)
          if (model.id == string_or(row, "name"))
            model.context_tokens = integer_or(row, "context_length", model.context_tokens);
    co_return models;
  }

  Task<ModelEndpoint> acquire(std::string) override {
    ModelEndpoint endpoint;
    endpoint.provider = "ollama";
    endpoint.api = "ollama";
    endpoint.base_url = address_;
    endpoint.flags = {"no_key", "lenient_tools", "alternate_roles"};
    co_return endpoint;
  }

private:
  async::Time& time_;
  std::string address_;
  std::int64_t context_tokens_ = 0;
};

} // namespace

void register_servers_ollama(Registry& registry) {
  registry.add_model_server([](ServerServices services) { return std::make_unique<Ollama>(std::move(services)); });
}

} // namespace openclaw::ports
