// The messengers that are configured. None is in this build: WebChat and the protocol itself are not listed, as in
// OpenClaw.
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> channels_status(Call call) {
  co_return json::value(json::object{{"ts", call.services.time.now_ms()},
                                     {"channelOrder", json::array()},
                                     {"channelLabels", json::object()},
                                     {"channelDetailLabels", json::object()},
                                     {"channelSystemImages", json::object()},
                                     {"channelMeta", json::array()},
                                     {"channels", json::object()},
                                     {"channelAccounts", json::object()},
                                     {"channelDefaultAccountId", json::object()}});
}

} // namespace

void register_channels_status(MethodTable& table) {
  table.add(
      {"channels.status", Scope::read,
       R"({"type":"object","properties":{"probe":{"type":"boolean"},"timeoutMs":{"type":"integer","minimum":0}}})",
       channels_status});
}

} // namespace openclaw::gateway
