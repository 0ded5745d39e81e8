// Google's generateContent: Gemini by its own door, which keeps its signed thoughts and its names for what went wrong.
#include "base/json.hpp"
#include "extensions/models/google_generative_ai/wire.hpp"
#include "ports/registry.hpp"
#include <fmt/core.h>

namespace openclaw::ports {
namespace {

// Base URLs are written with and without the version.
std::string path_below(const ModelEndpoint& endpoint, std::string_view path) {
  return std::string(endpoint.base_url.find("/v1") == std::string::npos ? "/v1beta" : "") + std::string(path);
}

// "gemini-2.5-pro", "models/gemini-2.5-pro" or "tunedModels/mine"; whatever else it holds stays one segment.
std::string model_path(std::string_view model) {
  std::string out(model.starts_with("models/") || model.starts_with("tunedModels/") ? "/" : "/models/");
  for (const char c : model) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' || c == '/';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

net::Outbound outbound(const ModelEndpoint& endpoint, std::string_view method, std::string_view path) {
  auto request = model_request(endpoint, method, path_below(endpoint, path));
  // In a header: addresses are logged.
  if (!endpoint.api_key.empty()) {
    if (endpoint.flags.contains("bearer"))
      request.headers.set("Authorization", "Bearer " + endpoint.api_key.reveal());
    else if (request.headers.count("x-goog-api-key") == 0)
      request.headers.set("x-goog-api-key", endpoint.api_key.reveal());
  }
  return request;
}

class GoogleGenerativeAi final : public Dialect {
public:
  std::string_view name() const override { return "google-generative-ai"; }
  DialectRules rules() const override {
    DialectRules rules;
    rules.first_is_user = true;
    rules.alternate_roles = true;
    rules.keep_thinking = true;
    return rules;
  }

  Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                          ModelSink& sink) override {
    auto outgoing = outbound(endpoint, "POST", model_path(request->model) + ":streamGenerateContent?alt=sse");
    EncodeRequest encode = [flags = endpoint.flags](const ModelRequest& whole) {
      return google::encode_request(whole, flags);
    };
    google::ReplyReader reader(endpoint, request->model, sink);
    CO_TRY_VOID(
        co_await stream_reply(client, std::move(outgoing), std::move(endpoint), request, std::move(encode), reader));
    co_return reader.finish();
  }

  Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) override {
    auto request = outbound(endpoint, "GET", "/models?pageSize=1000");
    CO_TRY(auto body, co_await fetch_text(client, std::move(request), endpoint));
    CO_TRY(auto parsed, parse_json(body, "list of models"));
    std::vector<std::string> ids;
    if (const auto* list = find(parsed, "models"); list && list->is_array())
      for (const auto& model : list->get_array()) {
        auto id = string_or(model, "name");
        if (id.starts_with("models/")) id.erase(0, 7);
        const auto* methods = find(model, "supportedGenerationMethods");
        const bool talks = !methods || to_text(*methods).find("\"generateContent\"") != std::string::npos;
        if (!id.empty() && talks) ids.push_back(std::move(id));
      }
    co_return ids;
  }
};

} // namespace

void register_models_google_generative_ai(Registry& registry) {
  registry.add_dialect(std::make_unique<GoogleGenerativeAi>());
}

} // namespace openclaw::ports
