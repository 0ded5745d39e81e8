// OpenAI's chat completions: the dialect of most providers and of every local server.
#include "base/json.hpp"
#include "extensions/models/openai_completions/wire.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

class OpenAiCompletions final : public Dialect {
public:
  std::string_view name() const override { return "openai-completions"; }
  DialectRules rules() const override { return {}; }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = bearer_request(endpoint, "POST", "/chat/completions");
    EncodeRequest encode = [flags = endpoint.flags](const ModelRequest& whole) {
      return openai::encode_request(whole, flags);
    };
    openai::ReplyReader reader(endpoint, request->model, request->tools, sink);
    CO_TRY_VOID(
        co_await stream_reply(client, std::move(outgoing), std::move(endpoint), request, std::move(encode), reader));
    co_return reader.finish();
  }

  Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) override {
    auto request = bearer_request(endpoint, "GET", "/models");
    CO_TRY(auto body, co_await fetch_text(client, std::move(request), endpoint));
    CO_TRY(auto parsed, parse_json(body, "list of models"));
    std::vector<std::string> ids;
    // Together answers with the bare list.
    const auto* list = parsed.is_array() ? &parsed : find(parsed, "data");
    if (list && list->is_array())
      for (const auto& model : list->get_array())
        if (auto id = string_or(model, "id"); !id.empty()) ids.push_back(std::move(id));
    co_return ids;
  }
};

} // namespace

void register_models_openai_completions(Registry& registry) {
  registry.add_dialect(std::make_unique<OpenAiCompletions>());
}

} // namespace openclaw::ports
