// Changing sessions: patch, reset, delete.
#include "agent/session_change.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include "gateway/session_view.hpp"
#include "messaging/activation.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

// Absent: unchanged. Null or empty: back to the default.
std::optional<std::optional<std::string>> wanted(const json::object& params, std::string_view key) {
  const auto* value = params.if_contains(key);
  if (!value) return std::nullopt;
  if (!value->is_string() || trim(value->get_string()).empty()) return std::optional<std::string>{};
  return std::optional<std::string>(std::string(trim(value->get_string())));
}

// Settings that would weaken what protects the machine are never silently ignored.
Result<> refuse_absent(const json::object& params) {
  for (const auto* key : {"execHost", "execSecurity", "execAsk", "execNode", "elevatedLevel", "sendPolicy"})
    if (const auto* value = params.if_contains(key); value && !value->is_null())
      return fail(Kind::invalid, fmt::format("The session setting {} is not in this build of openclaw.", key),
                  "What programs may run is set for the whole gateway in tools.exec.");
  return {};
}

Task<> set_group_activation(Call call, std::string session_key, std::optional<std::string> mode) {
  if (mode && *mode != "always" && *mode != "mention")
    co_return fail(Kind::invalid, "The group's activation is always or mention.",
                   "Use one of them, or null for what the configuration says.");
  if (!call.services.channels) co_return fail(Kind::missing, "There are no messengers in this gateway.");
  const auto& accounts = call.services.channels->accounts();
  co_return co_await messaging::set_activation(accounts, std::move(session_key), mode.value_or(""));
}

Task<json::value> patch(Call call) {
  auto& services = call.services;
  CO_TRY_VOID(refuse_absent(call.params));
  CO_TRY(const auto key, services.messaging.canonical(string_or(call.params, "key")));
  agent::SessionChange change;
  change.label = wanted(call.params, "label");
  change.model = wanted(call.params, "model");
  change.thinking = wanted(call.params, "thinkingLevel");
  change.verbose = wanted(call.params, "verboseLevel");
  if (change.thinking && *change.thinking) {
    const auto level = ports::thinking_from(**change.thinking);
    if (!level)
      co_return fail(Kind::invalid, fmt::format("\"{}\" is not a thinking level.", printable(**change.thinking, 32)),
                     "Use off, minimal, low, medium, high or xhigh.");
    change.thinking = std::optional<std::string>(std::string(ports::thinking_name(*level)));
  }
  if (change.verbose && *change.verbose && **change.verbose != "on" && **change.verbose != "off" &&
      **change.verbose != "full")
    co_return fail(Kind::invalid, "The verbose level is on, full or off.", "Use one of them, or null for the default.");
  if (change.model && *change.model) {
    auto reference = **change.model;
    CO_TRY(auto checked, co_await services.models.check(std::move(reference)));
    change.model = std::optional<std::string>(std::move(checked));
  }
  const auto group_activation = wanted(call.params, "groupActivation");
  if (group_activation) CO_TRY_VOID(co_await set_group_activation(call, key.canonical, *group_activation));
  auto canonical = key.canonical;
  CO_TRY(const auto row, co_await agent::change_session(services.runtime, std::move(canonical), std::move(change)));
  json::object payload{{"ok", true},
                       {"path", services.state_folder + "/state.db"},
                       {"key", key.canonical},
                       {"entry", session_entry(row)}};
  if (group_activation && *group_activation) payload["entry"].as_object()["groupActivation"] = **group_activation;
  if (row.model) {
    const auto slash = row.model->find('/');
    if (slash != std::string::npos)
      payload["resolved"] = {{"modelProvider", row.model->substr(0, slash)}, {"model", row.model->substr(slash + 1)}};
  }
  co_return json::value(std::move(payload));
}

Task<json::value> reset(Call call) {
  auto& services = call.services;
  CO_TRY(const auto key, services.messaging.canonical(string_or(call.params, "key")));
  auto canonical = key.canonical;
  CO_TRY(const auto row, co_await services.runtime.reset_session(std::move(canonical)));
  co_return json::value(json::object{{"ok", true}, {"key", key.canonical}, {"entry", session_entry(row)}});
}

Task<json::value> remove(Call call) {
  auto& services = call.services;
  CO_TRY(const auto key, services.messaging.canonical(string_or(call.params, "key")));
  auto canonical = key.canonical;
  CO_TRY(const bool deleted, co_await services.runtime.delete_session(std::move(canonical)));
  co_return json::value(
      json::object{{"ok", true}, {"key", key.canonical}, {"deleted", deleted}, {"archived", json::array()}});
}

} // namespace

void register_sessions_change(MethodTable& table) {
  table.add({"sessions.patch", Scope::admin,
             R"({"type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":1},
    "label":{"type":["string","null"],"maxLength":64},"model":{"type":["string","null"],"maxLength":256},"thinkingLevel":{"type":["string","null"]},
    "verboseLevel":{"type":["string","null"]},"groupActivation":{"type":["string","null"]}}})",
             patch});
  constexpr const char* one_key =
      R"({"type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":1}}})";
  table.add({"sessions.reset", Scope::admin, one_key, reset});
  table.add({"sessions.delete", Scope::admin, one_key, remove});
}

} // namespace openclaw::gateway
