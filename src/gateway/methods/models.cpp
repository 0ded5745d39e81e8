#include "gateway/models_view.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_models(Call call) {
  CO_TRY(const auto choices, co_await call.services.models.list());
  json::array rows;
  for (const auto& choice : choices) {
    json::object row{{"id", choice.model},
                     {"name", choice.name.empty() ? choice.model : choice.name},
                     {"provider", choice.provider},
                     {"reasoning", choice.reasoning}};
    if (choice.context_tokens > 0) row["contextWindow"] = choice.context_tokens;
    json::array input{json::value("text")};
    if (choice.images) input.push_back("image");
    row["input"] = std::move(input);
    rows.push_back(std::move(row));
  }
  co_return json::value(json::object{{"models", std::move(rows)}});
}

Task<json::value> show_status(Call call) {
  auto status = co_await models_status(call.services.models);
  co_return status;
}

Task<json::value> fetch(Call call) {
  if (!bool_or(call.params, "acceptTerms", false))
    co_return fail(Kind::denied, "The model is fetched only after its licence was accepted.",
                   "Read the terms in models.status and send acceptTerms: true.");
  CO_TRY_VOID(call.services.models.start_download(call.services.runtime.background()));
  co_return json::value(json::object{{"status", "started"}});
}

} // namespace

void register_models(MethodTable& table) {
  // Each view shows the models that can be used: those of the configuration and of the servers that were found.
  table.add(
      {"models.list", Scope::read,
       R"({"type":"object","properties":{"view":{"enum":["default","configured","all"]},"includeDetails":{"type":"boolean"}}})",
       list_models});
  table.add({"models.status", Scope::read, R"({"type":"object"})", show_status});
  table.add(
      {"models.fetch", Scope::admin, R"({"type":"object","properties":{"acceptTerms":{"type":"boolean"}}})", fetch});
}

} // namespace openclaw::gateway
