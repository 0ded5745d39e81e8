// The messengers that this build has, and how their configured accounts are. WebChat and the protocol itself are not
// listed, as in OpenClaw.
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

json::object account_to_json(const messaging::AccountStatus& status) {
  const auto& health = status.health;
  json::object account{
      {"accountId", status.settings.account},
      {"enabled", status.settings.enabled},
      {"configured", status.problem.empty()},
      {"running", health.state == ports::LinkState::up || health.state == ports::LinkState::retrying ||
                      health.state == ports::LinkState::connecting},
      {"connected", health.state == ports::LinkState::up},
      {"state", ports::link_state_name(status.settings.enabled ? health.state : ports::LinkState::off)},
      {"reconnectAttempts", health.failures},
      {"dmPolicy", string_or(status.settings.values, "dmPolicy", "pairing")}};
  if (const auto name = string_or(status.settings.values, "name"); !name.empty()) account["name"] = name;
  if (!health.who.empty()) account["who"] = health.who;
  const auto& error = status.problem.empty() ? health.last_error : status.problem;
  if (!error.empty()) account["lastError"] = error;
  if (!health.todo.empty()) account["todo"] = health.todo;
  if (!health.qr.empty()) account["qr"] = health.qr;
  for (const auto& [key, value] : {std::pair<std::string_view, std::int64_t>{"lastConnectedAt", health.connected_ms},
                                   {"lastFrameAt", health.last_frame_ms},
                                   {"lastInboundAt", health.last_in_ms},
                                   {"lastOutboundAt", health.last_out_ms},
                                   {"retryAt", health.retry_at_ms}})
    if (value > 0) account[key] = value;
  return account;
}

Task<json::value> channels_status(Call call) {
  json::array order, meta;
  json::object labels, summaries, accounts, defaults;
  auto* channels = call.services.channels;
  const bool probe = bool_or(call.params, "probe", false);
  const auto& types = call.services.runtime.services().registry.channels();
  auto statuses = channels ? channels->accounts().status() : std::vector<messaging::AccountStatus>{};
  for (const auto& type : types) {
    json::array list;
    bool running = false;
    for (const auto& status : statuses) {
      if (status.settings.channel != type.id) continue;
      auto account = account_to_json(status);
      running = running || bool_or(account, "running", false);
      if (probe && status.problem.empty() && status.settings.enabled) {
        auto probed = co_await channels->actions().probe(type.id, status.settings.account);
        account["probe"] = probed ? json::object{{"ok", true}, {"who", *probed}}
                                  : json::object{{"ok", false}, {"error", probed.error().text()}};
      }
      list.push_back(std::move(account));
    }
    order.push_back(json::value(type.id));
    labels[type.id] = type.label;
    json::object about{{"id", type.id}, {"label", type.label}, {"detailLabel", type.label}};
    if (!type.not_there.empty()) about["notThere"] = type.not_there;
    json::array keys;
    for (const auto& key : type.setup_keys)
      keys.emplace_back(key);
    about["setupKeys"] = std::move(keys);
    meta.push_back(std::move(about));
    summaries[type.id] = json::object{{"configured", !list.empty()}, {"running", running}};
    if (!list.empty()) defaults[type.id] = list.front().at("accountId");
    accounts[type.id] = std::move(list);
  }
  co_return json::value(json::object{{"ts", call.services.time.now_ms()},
                                     {"channelOrder", std::move(order)},
                                     {"channelLabels", labels},
                                     {"channelDetailLabels", labels},
                                     {"channelSystemImages", json::object()},
                                     {"channelMeta", std::move(meta)},
                                     {"channels", std::move(summaries)},
                                     {"channelAccounts", std::move(accounts)},
                                     {"channelDefaultAccountId", std::move(defaults)},
                                     {"webhookPort", channels ? channels->accounts().webhook_port() : 0}});
}

} // namespace

void register_channels_status(MethodTable& table) {
  table.add(
      {"channels.status", Scope::read,
       R"({"type":"object","properties":{"probe":{"type":"boolean"},"timeoutMs":{"type":"integer","minimum":0}}})",
       channels_status});
}

} // namespace openclaw::gateway
