#include "gateway/services.hpp"
#include "gateway/snapshot.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> health(Call call) {
  co_return json::value(health_payload(call.services));
}

} // namespace

void register_health(MethodTable& table) {
  table.add({"health", Scope::read, R"({"type":"object","properties":{"probe":{"type":"boolean"}}})", health});
}

} // namespace openclaw::gateway
