// Ollama's own chat: unlike its OpenAI-compatible door it takes the size of the window and shows thoughts as such.
#include "base/encoding.hpp"
#include "extensions/models/ollama/wire.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

net::Outbound outbound(ModelEndpoint endpoint, std::string_view method, std::string_view path) {
  // The address of the other door is what people have in their configuration.
  auto base = without_trailing_slashes(endpoint.base_url);
  if (base.ends_with("/v1")) base.resize(base.size() - 3);
  endpoint.base_url = std::move(base);
  return bearer_request(endpoint, method, path);
}

class OllamaChat final : public Dialect {
public:
  std::string_view name() const override { return "ollama"; }
  DialectRules rules() const override { return {}; }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = outbound(endpoint, "POST", "/api/chat");
    EncodeRequest encode = [flags = endpoint.flags](const ModelRequest& whole) {
      return ollama::encode_request(whole, flags);
    };
    ollama::ReplyReader reader(endpoint, request->model, request->tools, sink);
    auto streamed = co_await stream_reply(client, std::move(outgoing), std::move(endpoint), request, std::move(encode),
                                          reader, Framing::json_lines);
    if (!streamed) co_return std::unexpected(ollama::explained(std::move(streamed).error(), request->model));
    co_return reader.finish();
  }

  Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) override {
    auto request = outbound(endpoint, "GET", "/api/tags");
    co_return co_await fetch_ids(client, std::move(request), std::move(endpoint), "models", "name");
  }
};

} // namespace

void register_models_ollama(Registry& registry) {
  registry.add_dialect(std::make_unique<OllamaChat>());
}

} // namespace openclaw::ports
