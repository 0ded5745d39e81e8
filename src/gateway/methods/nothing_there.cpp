// Questions about parts that this build has not, whose answer is still true: there are no nodes, and no heartbeat ever
// was. Clients ask them at every start.
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_nodes(Call call) {
  co_return json::value(json::object{{"ts", call.services.time.now_ms()}, {"nodes", json::array()}});
}
Task<json::value> list_node_pairs(Call) {
  co_return json::value(json::object{{"pending", json::array()}, {"paired", json::array()}});
}
Task<json::value> last_heartbeat(Call) {
  co_return json::value(nullptr);
}

} // namespace

void register_nothing_there(MethodTable& table) {
  table.add({"node.list", Scope::read, R"({"type":"object"})", list_nodes});
  table.add({"node.pair.list", Scope::pairing, R"({"type":"object"})", list_node_pairs});
  table.add({"last-heartbeat", Scope::read, R"({"type":"object"})", last_heartbeat});
}

} // namespace openclaw::gateway
