#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// Whoever mints can give away at most what it has itself.
Task<json::value> create_login(Call call) {
  const auto& own = call.connection->facts().scopes;
  std::vector<std::string> wanted = all_scopes();
  if (const auto* list = find(call.params, "scopes"); list && list->is_array()) {
    wanted.clear();
    for (const auto& scope : list->get_array())
      wanted.emplace_back(scope.get_string());
  }
  auto scopes = narrow(own, wanted);
  if (scopes.empty())
    co_return fail(Kind::denied, "A login link without any right would be of no use.",
                   "Name scopes that you have yourself.");
  auto& gateway = call.services.gateway;
  CO_TRY(const auto login, co_await gateway.credentials().create_login(std::move(scopes)));
  co_return json::value(json::object{{"code", login.code},
                                     {"url", fmt::format("{}#login={}", gateway.address(), login.code)},
                                     {"expiresAtMs", login.expires_ms}});
}

} // namespace

void register_gateway_login_create(MethodTable& table) {
  table.add({"gateway.login.create", Scope::admin, R"({"type":"object","additionalProperties":false,"properties":{
    "scopes":{"type":"array","maxItems":16,"items":{"type":"string"}}}})",
             create_login});
}

} // namespace openclaw::gateway
