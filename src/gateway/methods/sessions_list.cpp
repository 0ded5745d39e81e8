// Looking at sessions: list, preview, resolve, describe.
#include "agent/transcript.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include "gateway/session_view.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kAll = 10'000;
constexpr std::int64_t kListed = 200;
constexpr std::int64_t kPreviewItems = 12;
constexpr std::int64_t kPreviewChars = 240;

json::object defaults_to_json(const DefaultModel& defaults) {
  return {{"modelProvider", defaults.provider},
          {"model", defaults.model},
          {"contextTokens", defaults.context_tokens > 0 ? json::value(defaults.context_tokens) : json::value(nullptr)}};
}

bool contains(std::string_view text, std::string_view wanted) {
  return lowercase_ascii(text).find(lowercase_ascii(wanted)) != std::string::npos;
}

Task<json::value> list(Call call) {
  auto& services = call.services;
  const auto& params = call.params;
  CO_TRY(const auto defaults, co_await default_model(services.models));
  auto& reader = services.database.reader();
  CO_TRY(const auto rows, store::list_sessions(reader, kAll));
  const auto agent_id = string_or(params, "agentId");
  const auto label = string_or(params, "label");
  const auto search = string_or(params, "search");
  const auto active_ms = integer_or(params, "activeMinutes", 0) * 60'000;
  const auto limit = static_cast<std::size_t>(integer_or(params, "limit", kListed));
  const SessionExtras extras{bool_or(params, "includeDerivedTitles", false),
                             bool_or(params, "includeLastMessage", false)};
  const auto now = services.time.now_ms();
  json::array sessions;
  for (const auto& row : rows) {
    if (sessions.size() >= limit) break;
    if (!agent_id.empty() && row.agent_id != agent_id) continue;
    if (!label.empty() && row.label != label) continue;
    if (active_ms > 0 && now - row.updated_ms > active_ms) continue;
    if (!search.empty() && !contains(row.key, search) && !contains(row.label.value_or(""), search)) continue;
    CO_TRY(auto shown, session_row(reader, row, defaults, extras));
    sessions.push_back(std::move(shown));
  }
  co_return json::value(json::object{{"ts", now},
                                     {"path", services.state_folder + "/state.db"},
                                     {"count", sessions.size()},
                                     {"defaults", defaults_to_json(defaults)},
                                     {"sessions", std::move(sessions)}});
}

json::object preview_of(Services& services, const std::string& written, std::int64_t limit, std::size_t max_chars) {
  json::object preview{{"key", written}, {"items", json::array()}};
  const auto key = services.messaging.canonical(written);
  const auto session = key ? store::find_session(services.database.reader(), key->canonical)
                           : Result<std::optional<store::SessionRow>>(std::unexpected(key.error()));
  if (!session) {
    preview["status"] = key ? "error" : "missing";
    return preview;
  }
  if (!*session) {
    preview["status"] = "missing";
    return preview;
  }
  const auto entries = agent::read_messages(services.database.reader(), (*session)->session_id, limit * 4);
  if (!entries) {
    preview["status"] = "error";
    return preview;
  }
  json::array items;
  for (auto entry = entries->rbegin(); entry != entries->rend() && items.size() < static_cast<std::size_t>(limit);
       ++entry) {
    const auto text = ports::text_of(entry->message);
    if (text.empty()) continue;
    const auto* role = entry->message.role == ports::Role::user        ? "user"
                       : entry->message.role == ports::Role::assistant ? "assistant"
                                                                       : "tool";
    items.push_back(json::object{{"role", role}, {"text", utf8_prefix(text, max_chars)}});
  }
  std::reverse(items.begin(), items.end());
  preview["status"] = items.empty() ? "empty" : "ok";
  preview["items"] = std::move(items);
  return preview;
}

Task<json::value> preview(Call call) {
  const auto limit = integer_or(call.params, "limit", kPreviewItems);
  const auto max_chars = static_cast<std::size_t>(integer_or(call.params, "maxChars", kPreviewChars));
  json::array previews;
  for (const auto& key : call.params.at("keys").get_array())
    previews.push_back(preview_of(call.services, std::string(key.get_string()), limit, max_chars));
  co_return json::value(json::object{{"ts", call.services.time.now_ms()}, {"previews", std::move(previews)}});
}

Task<json::value> resolve(Call call) {
  auto& services = call.services;
  const auto written = string_or(call.params, "key");
  const auto id = string_or(call.params, "sessionId");
  const auto label = string_or(call.params, "label");
  if (!written.empty()) {
    CO_TRY(const auto key, services.messaging.canonical(written));
    CO_TRY(const auto session, store::find_session(services.database.reader(), key.canonical));
    // The main session exists for everybody, even before its first message.
    const bool is_main = key.canonical == fmt::format("agent:{}:main", key.agent_id);
    if (session || is_main) co_return json::value(json::object{{"ok", true}, {"key", key.canonical}});
  } else if (!id.empty() || !label.empty()) {
    CO_TRY(const auto rows, store::list_sessions(services.database.reader(), kAll));
    for (const auto& row : rows)
      if ((!id.empty() && row.session_id == id) || (!label.empty() && row.label == label))
        co_return json::value(json::object{{"ok", true}, {"key", row.key}});
  } else {
    co_return fail(Kind::invalid, "Either key, sessionId or label is needed to find a session.",
                   "See the sessions with: openclaw sessions");
  }
  co_return fail(Kind::missing,
                 fmt::format("No session found: {}", printable(!written.empty() ? written
                                                               : !id.empty()    ? id
                                                                                : label,
                                                               128)),
                 "See the sessions with: openclaw sessions");
}

Task<json::value> describe(Call call) {
  auto& services = call.services;
  CO_TRY(const auto key, services.messaging.canonical(string_or(call.params, "key")));
  CO_TRY(const auto session, store::find_session(services.database.reader(), key.canonical));
  if (!session) co_return json::value(json::object{{"session", nullptr}});
  CO_TRY(const auto defaults, co_await default_model(services.models));
  const SessionExtras extras{bool_or(call.params, "includeDerivedTitles", false),
                             bool_or(call.params, "includeLastMessage", false)};
  CO_TRY(auto shown, session_row(services.database.reader(), *session, defaults, extras));
  co_return json::value(json::object{{"session", std::move(shown)}});
}

} // namespace

void register_sessions_list(MethodTable& table) {
  table.add({"sessions.list", Scope::read,
             R"({"type":"object","properties":{"limit":{"type":"integer","minimum":1,"maximum":10000},
    "activeMinutes":{"type":"integer","minimum":1},"includeDerivedTitles":{"type":"boolean"},"includeLastMessage":{"type":"boolean"},
    "label":{"type":"string"},"agentId":{"type":"string"},"search":{"type":"string"}}})",
             list});
  table.add({"sessions.preview", Scope::read,
             R"({"type":"object","required":["keys"],"properties":{"keys":{"type":"array","minItems":1,"maxItems":100,
    "items":{"type":"string","minLength":1}},"limit":{"type":"integer","minimum":1,"maximum":100},"maxChars":{"type":"integer","minimum":20,"maximum":10000}}})",
             preview});
  table.add(
      {"sessions.resolve", Scope::read,
       R"({"type":"object","properties":{"key":{"type":"string"},"sessionId":{"type":"string"},"label":{"type":"string"}}})",
       resolve});
  table.add({"sessions.describe", Scope::read,
             R"({"type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":1}}})", describe});
}

} // namespace openclaw::gateway
