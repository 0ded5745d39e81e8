// OpenAI's responses: the newer door of OpenAI, in which reasoning models keep their thoughts from call to call.
#include "extensions/models/openai_responses/wire.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

class OpenAiResponses final : public Dialect {
public:
  std::string_view name() const override { return "openai-responses"; }
  DialectRules rules() const override {
    DialectRules rules;
    rules.keep_thinking = true;
    return rules;
  }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = bearer_request(endpoint, "POST", "/responses");
    EncodeRequest encode = [flags = endpoint.flags](const ModelRequest& whole) {
      return responses::encode_request(whole, flags);
    };
    responses::ReplyReader reader(endpoint, request->model, sink);
    CO_TRY_VOID(
        co_await stream_reply(client, std::move(outgoing), std::move(endpoint), request, std::move(encode), reader));
    co_return reader.finish();
  }

  Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) override {
    auto request = bearer_request(endpoint, "GET", "/models");
    co_return co_await fetch_ids(client, std::move(request), std::move(endpoint), "data", "id");
  }
};

} // namespace

void register_models_openai_responses(Registry& registry) {
  registry.add_dialect(std::make_unique<OpenAiResponses>());
}

} // namespace openclaw::ports
