#include "gateway/services.hpp"
#include "gateway/session_view.hpp"
#include <algorithm>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kHistoryBytes = 6 * 1024 * 1024;

Task<json::value> history(Call call) {
  auto& services = call.services;
  const auto written = string_or(call.params, "sessionKey");
  CO_TRY(const auto key, services.messaging.canonical(written));
  auto& reader = services.database.reader();
  CO_TRY(const auto session, store::find_session(reader, key.canonical));
  json::array messages;
  if (session) {
    CO_TRY(const auto entries,
           agent::read_messages(reader, session->session_id, integer_or(call.params, "limit", 200)));
    // The newest are wanted most: what does not fit is left out at the beginning.
    std::size_t bytes = 0;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      auto message = entry_to_json(*entry);
      bytes += to_text(message).size();
      if (bytes > kHistoryBytes && !messages.empty()) break;
      messages.push_back(std::move(message));
    }
    std::reverse(messages.begin(), messages.end());
  }
  json::object payload{{"sessionKey", written.empty() ? key.canonical : written},
                       {"messages", std::move(messages)},
                       {"thinkingLevel", thinking_level(session ? &*session : nullptr, services.runtime.settings())}};
  if (session) payload["sessionId"] = session->session_id;
  CO_TRY(const auto open, store::open_runs(reader));
  json::array active;
  for (const auto& run : open)
    if (run.session_key == key.canonical) active.push_back(json::object{{"runId", run.run_id}});
  payload["activeRuns"] = std::move(active);
  co_return json::value(std::move(payload));
}

} // namespace

void register_chat_history(MethodTable& table) {
  table.add({"chat.history", Scope::read, R"({"type":"object","required":["sessionKey"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"limit":{"type":"integer","minimum":1,"maximum":1000}}})",
             history});
}

} // namespace openclaw::gateway
