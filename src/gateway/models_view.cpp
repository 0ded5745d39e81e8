#include "gateway/models_view.hpp"

namespace openclaw::gateway {

Task<json::value> models_status(agent::Models& models) {
  CO_TRY(const auto status, co_await models.status());
  json::object current{{"ref", status.reference},
                       {"source", status.source},
                       {"state", agent::model_state_name(status.state)},
                       {"message", status.message}};
  if (!status.hint.empty()) current["hint"] = status.hint;
  if (status.state == agent::ModelState::downloading)
    current["progress"] = {{"doneBytes", status.progress.done_bytes}, {"totalBytes", status.progress.total_bytes}};
  json::object payload{{"current", std::move(current)}};
  if (status.embedded_known)
    payload["embedded"] = {{"name", status.terms.model_name},
                           {"engine", status.terms.engine_name},
                           {"sizeBytes", status.terms.download_bytes},
                           {"license", status.terms.licence_name},
                           {"licenseUrl", status.terms.licence_url},
                           {"licenseText", status.terms.text},
                           {"state", status.embedded_downloading ? "downloading"
                                     : status.embedded_present   ? "present"
                                                                 : "absent"}};
  co_return json::value(std::move(payload));
}

Task<DefaultModel> default_model(agent::Models& models) {
  DefaultModel found;
  CO_TRY(const auto status, co_await models.status());
  const auto slash = status.reference.find('/');
  if (slash == std::string::npos) co_return found;
  found.provider = status.reference.substr(0, slash);
  found.model = status.reference.substr(slash + 1);
  CO_TRY(const auto choices, co_await models.list());
  for (const auto& choice : choices)
    if (choice.key() == status.reference) found.context_tokens = choice.context_tokens;
  co_return found;
}

} // namespace openclaw::gateway
