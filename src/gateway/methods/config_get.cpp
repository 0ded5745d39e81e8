#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> show_config(Call call) {
  co_return json::value(call.services.shown_config());
}

} // namespace

void register_config_get(MethodTable& table) {
  table.add({"config.get", Scope::read, R"({"type":"object"})", show_config});
}

} // namespace openclaw::gateway
