// Anthropic's messages: Claude, and the servers that imitate its API.
#include "base/encoding.hpp"
#include "extensions/models/anthropic_messages/wire.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

// Base URLs are written with and without the version.
std::string path_below(const ModelEndpoint& endpoint, std::string_view path) {
  const auto base = without_trailing_slashes(endpoint.base_url);
  return std::string(base.ends_with("/v1") ? "" : "/v1") + std::string(path);
}

net::Outbound outbound(const ModelEndpoint& endpoint, std::string_view method, std::string_view path) {
  auto request = model_request(endpoint, method, path_below(endpoint, path));
  if (!endpoint.api_key.empty()) {
    if (endpoint.flags.contains("bearer"))
      request.headers.set("Authorization", "Bearer " + endpoint.api_key.reveal());
    else if (request.headers.count("x-api-key") == 0)
      request.headers.set("x-api-key", endpoint.api_key.reveal());
  }
  if (request.headers.count("anthropic-version") == 0) request.headers.set("anthropic-version", "2023-06-01");
  return request;
}

class AnthropicMessages final : public Dialect {
public:
  std::string_view name() const override { return "anthropic-messages"; }
  DialectRules rules() const override {
    DialectRules rules;
    rules.first_is_user = true;
    rules.alternate_roles = true;
    rules.keep_thinking = true;
    return rules;
  }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = outbound(endpoint, "POST", "/messages");
    EncodeRequest encode = [flags = endpoint.flags](const ModelRequest& whole) {
      return anthropic::encode_request(whole, flags);
    };
    anthropic::ReplyReader reader(endpoint, request->model, sink);
    CO_TRY_VOID(
        co_await stream_reply(client, std::move(outgoing), std::move(endpoint), request, std::move(encode), reader));
    co_return reader.finish();
  }

  Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) override {
    auto request = outbound(endpoint, "GET", "/models?limit=1000");
    co_return co_await fetch_ids(client, std::move(request), std::move(endpoint), "data", "id");
  }
};

} // namespace

void register_models_anthropic_messages(Registry& registry) {
  registry.add_dialect(std::make_unique<AnthropicMessages>());
}

} // namespace openclaw::ports
