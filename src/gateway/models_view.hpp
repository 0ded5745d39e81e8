// Models as clients see them.
#pragma once
#include "agent/models.hpp"
#include "base/json.hpp"
#include <string>

namespace openclaw::gateway {

// The payload of models.status, method and event.
Task<json::value> models_status(agent::Models& models);

// What answers where a session names nothing.
struct DefaultModel {
  std::string provider;
  std::string model;
  std::int64_t context_tokens = 0; // 0: unknown
};
Task<DefaultModel> default_model(agent::Models& models);

} // namespace openclaw::gateway
