#include "async/scope.hpp"
#include "ports/fake_http_client.hpp"
#include "ports/local_server.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_servers_ollama(Registry& registry);
void register_servers_lmstudio(Registry& registry);
void register_servers_llama_server(Registry& registry);
namespace {

TEST(LocalServer, AddressesAreReadAsPeopleWriteThem) {
  EXPECT_EQ(server_address("", 11434), "http://127.0.0.1:11434");
  EXPECT_EQ(server_address("0.0.0.0", 11434), "http://127.0.0.1:11434");
  EXPECT_EQ(server_address("0.0.0.0:99", 11434), "http://127.0.0.1:99");
  EXPECT_EQ(server_address(":99", 11434), "http://127.0.0.1:99");
  EXPECT_EQ(server_address("box", 11434), "http://box:11434");
  EXPECT_EQ(server_address("https://box/ollama/", 11434), "https://box:443/ollama");
  EXPECT_EQ(server_address("[::1]", 11434), "http://[::1]:11434");
  EXPECT_EQ(server_address("[::]:99", 11434), "http://127.0.0.1:99");
  EXPECT_EQ(server_address("ftp://x", 11434), "http://127.0.0.1:11434");
}

class Finders : public ::testing::Test {
protected:
  Finders() : time_(loop_.get_executor()), scope_(loop_.get_executor()) {}
  void make(void (*add)(Registry&), std::map<std::string, std::string> environment = {}) {
    add(registry_);
    ServerServices services{loop_.get_executor(), scope_, time_, client_, {}, {}};
    services.environment = [environment](std::string_view name) {
      const auto found = environment.find(std::string(name));
      return found == environment.end() ? std::string() : found->second;
    };
    server_ = registry_.server_makers().back()(std::move(services));
  }
  static Task<std::vector<ServerModel>> find_models(ModelServer* server, FakeHttpClient* client) {
    auto models = co_await server->find(*client);
    co_return models;
  }
  static Task<ModelEndpoint> acquire_any(ModelServer* server) {
    auto endpoint = co_await server->acquire("m");
    co_return endpoint;
  }
  // "id=context ..."
  std::string found() {
    const auto models = async::run(loop_, find_models(server_.get(), &client_));
    EXPECT_TRUE(models);
    std::string out;
    if (models)
      for (const auto& model : *models)
        out += model.id + "=" + std::to_string(model.context_tokens) + " ";
    return out;
  }
  std::string address() {
    const auto endpoint = async::run(loop_, acquire_any(server_.get()));
    return endpoint ? endpoint->base_url : endpoint.error().text();
  }
  void answer(const std::string& url, std::string body, int status = 200) {
    client_.answer(url, {status, {}, {std::move(body)}});
  }

  boost::asio::io_context loop_;
  async::FakeTime time_;
  async::Scope scope_;
  FakeHttpClient client_;
  Registry registry_;
  std::unique_ptr<ModelServer> server_;
};

TEST_F(Finders, FindNothingWhereNothingListens) {
  for (auto* add : {register_servers_ollama, register_servers_lmstudio, register_servers_llama_server}) {
    make(add);
    EXPECT_EQ(found(), "");
  }
  for (const auto& request : client_.requests)
    EXPECT_LE(request.connect_timeout_ms + request.first_byte_timeout_ms, 500);
}

TEST_F(Finders, OllamaListsItsModelsWithTheContextOfTheLoadedOnes) {
  make(register_servers_ollama);
  answer(
      "http://127.0.0.1:11434/api/tags",
      R"({"models":[{"name":"qwen3:8b","details":{"family":"qwen3"}},{"name":"nomic-embed-text","details":{"family":"nomic-bert"}},{"name":"llama3"}]})");
  answer("http://127.0.0.1:11434/api/ps", R"({"models":[{"name":"qwen3:8b","context_length":32768}]})");
  EXPECT_EQ(found(), "qwen3:8b=32768 llama3=0 ");
  EXPECT_EQ(address(), "http://127.0.0.1:11434");
}

TEST_F(Finders, OllamaIsLookedForWhereItsVariableSays) {
  make(register_servers_ollama, {{"OLLAMA_HOST", "box:7"}, {"OLLAMA_CONTEXT_LENGTH", "16384"}});
  answer("http://box:7/api/tags", R"({"models":[{"name":"a"}]})");
  EXPECT_EQ(found(), "a=16384 ");
  EXPECT_EQ(address(), "http://box:7");
}

TEST_F(Finders, LmStudioPutsLoadedModelsFirstAndLeavesEmbeddingsOut) {
  make(register_servers_lmstudio);
  answer("http://127.0.0.1:1234/v1/models", R"({"data":[{"id":"a"},{"id":"b"},{"id":"vectors"}]})");
  answer("http://127.0.0.1:1234/api/v0/models",
         R"({"data":[{"id":"a","type":"llm","state":"not-loaded","max_context_length":4096},
    {"id":"b","type":"llm","state":"loaded","max_context_length":131072,"loaded_context_length":8192},{"id":"vectors","type":"embeddings"}]})");
  EXPECT_EQ(found(), "b=8192 a=4096 ");
}

TEST_F(Finders, LlamaServerIsKnownByItsPropertiesAndAlsoOnTheNextPort) {
  make(register_servers_llama_server);
  answer("http://127.0.0.1:8080/health", R"({"status":"ok"})"); // some other program
  answer("http://127.0.0.1:8080/v1/models", "not found", 404);
  answer("http://127.0.0.1:8081/health", R"({"status":"ok"})");
  answer("http://127.0.0.1:8081/v1/models", R"({"object":"list","data":[{"id":"m.gguf","owned_by":"llamacpp"}]})");
  answer("http://127.0.0.1:8081/props", R"({"default_generation_settings":{"n_ctx":4096},"total_slots":1})");
  EXPECT_EQ(found(), "m.gguf=4096 ");
  EXPECT_EQ(address(), "http://127.0.0.1:8081/v1");
}

TEST_F(Finders, NonsenseIsNoModel) {
  make(register_servers_ollama);
  answer("http://127.0.0.1:11434/api/tags", R"({"models":[1,{"name":3},{}]})");
  answer("http://127.0.0.1:11434/api/ps", "[");
  EXPECT_EQ(found(), "");
}

} // namespace
} // namespace openclaw::ports
