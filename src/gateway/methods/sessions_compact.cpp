// sessions.compact as in OpenClaw 2026.1.30: the transcript keeps its newest entries. The file with all of them stays
// beside it.
#include "agent/transcript.hpp"
#include "async/offload.hpp"
#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kLines = 400;

Task<json::value> compact(Call call) {
  auto& services = call.services;
  auto& runtime = services.runtime;
  CO_TRY(const auto key, services.messaging.canonical(string_or(call.params, "key")));
  const auto kept = integer_or(call.params, "maxLines", kLines);
  CO_TRY(const auto session, store::find_session(services.database.reader(), key.canonical));
  json::object answer{{"ok", true}, {"key", key.canonical}, {"compacted", false}};
  if (!session) {
    answer["reason"] = "no sessionId";
    co_return json::value(std::move(answer));
  }
  if (runtime.running(key.canonical))
    co_return fail(Kind::conflict, "The session has a run in progress.", "Stop it first with /stop.");
  const auto session_id = session->session_id;
  std::function<Result<std::int64_t>(store::Connection&)> cut = [=](store::Connection& connection) {
    return store::keep_newest_entries(connection, session_id, kept);
  };
  CO_TRY(const auto before, co_await services.database.write<std::int64_t>(std::move(cut)));
  answer["kept"] = std::min(before, kept);
  if (before <= kept) co_return json::value(std::move(answer));
  // The file with all entries is put aside; a new one follows the rows.
  std::function<Result<bool>()> put_aside = [state = services.state_folder, session = *session,
                                             now = services.time.now_ms()]() -> Result<bool> {
    agent::TranscriptFiles files(state + "/agents", state + "/state.db");
    TRY_VOID(files.retire(session.agent_id, session.session_id, now));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool aside, co_await async::offload<bool>(std::move(put_aside)));
  runtime.project(*session);
  runtime.sessions_changed(session->agent_id);
  runtime.services().events.session_changed(key.canonical, "compact");
  answer["compacted"] = true;
  co_return json::value(std::move(answer));
}

} // namespace

void register_sessions_compact(MethodTable& table) {
  table.add({"sessions.compact", Scope::admin,
             R"({"type":"object","required":["key"],"properties":{"key":{"type":"string","minLength":1},
    "maxLines":{"type":"integer","minimum":1}}})",
             compact});
}

} // namespace openclaw::gateway
