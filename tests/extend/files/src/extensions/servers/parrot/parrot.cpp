// Finds a running parrot server: PARROT_HOST, else port 7777 of this machine.
#include "ports/local_server.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

class ParrotServer final : public ModelServer {
public:
  explicit ParrotServer(ServerServices services)
      : time_(services.time), address_(server_address(services.environment("PARROT_HOST"), 7777)) {}
  std::string_view name() const override { return "parrot"; }
  int rank() const override { return 40; } // asked after the servers with a lower rank

  Task<std::vector<ServerModel>> find(net::HttpClient& client) override {
    ServerProbe probe(client, time_);
    std::vector<ServerModel> models;
    auto answer = co_await probe.get(address_ + "/health");
    if (!answer && answer.error().kind == Kind::cancelled) co_return std::unexpected(std::move(answer).error());
    if (answer) models.push_back({"polly", "Polly", 32'000});
    co_return models;
  }

  Task<ModelEndpoint> acquire(std::string) override {
    ModelEndpoint endpoint;
    endpoint.provider = "parrot";
    endpoint.api = "parrot";
    endpoint.base_url = address_;
    co_return endpoint;
  }

private:
  async::Time& time_;
  std::string address_;
};

} // namespace

void register_servers_parrot(Registry& registry) {
  registry.add_model_server(
      [](ServerServices services) { return std::make_unique<ParrotServer>(std::move(services)); });
}

} // namespace openclaw::ports
