// A dialect: POST BASE/say with the last message as the body; the answer's body, as it arrives, is the reply.
#include "ports/model_call.hpp"
#include "ports/registry.hpp"

namespace openclaw::ports {
namespace {

class Parrot final : public Dialect {
public:
  std::string_view name() const override { return "parrot"; }
  DialectRules rules() const override { return {}; }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = model_request(endpoint, "POST", "/say");
    outgoing.body = request->messages.empty() ? std::string() : text_of(request->messages.back());
    CO_TRY(const auto response, co_await client.open(std::move(outgoing)));
    std::string whole;
    while (true) {
      CO_TRY(const auto piece, co_await response->next());
      if (!piece) break;
      if (response->status() == 200) sink.text(*piece);
      whole += *piece;
    }
    if (response->status() != 200)
      co_return std::unexpected(model_error(endpoint, request->model, response->status(), response->headers(), whole));
    ModelReply reply;
    reply.content.emplace_back(TextBlock{std::move(whole)});
    reply.stop_reason = StopReason::stop;
    co_return reply;
  }

  Task<std::vector<std::string>> list_models(net::HttpClient&, ModelEndpoint) override {
    co_return std::vector<std::string>{"polly"};
  }
};

} // namespace

void register_models_parrot(Registry& registry) {
  registry.add_dialect(std::make_unique<Parrot>());
}

} // namespace openclaw::ports
