#include "agent/authority.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_tools(Call call) {
  const agent::Authority authority(call.services.runtime);
  json::array tools;
  for (const auto& tool : call.services.runtime.services().registry.tools()) {
    const auto spec = tool->spec();
    auto parameters = parse_json(spec.schema_json, "tool schema");
    json::array aliases;
    for (const auto& alias : tool->aliases())
      aliases.push_back(json::value(alias));
    tools.push_back(json::object{{"name", spec.name},
                                 {"description", spec.description},
                                 {"aliases", std::move(aliases)},
                                 {"allowed", authority.allowed(*tool)},
                                 {"schema", parameters ? std::move(*parameters) : json::value(nullptr)}});
  }
  co_return json::value(json::object{{"tools", std::move(tools)}});
}

} // namespace

void register_tools_list(MethodTable& table) {
  table.add({"tools.list", Scope::read, R"({"type":"object"})", list_tools});
}

} // namespace openclaw::gateway
