#include "agent/session_change.hpp"

#include <fmt/core.h>

namespace openclaw::agent {

Task<store::SessionRow> change_session(Runtime& runtime, std::string session_key, SessionChange change) {
  auto& services = runtime.services();
  const auto now = services.time.now_ms();
  const auto session_id = uuid_v7(services.time, services.random);
  const auto rest = std::string_view(session_key).substr(6);
  const auto agent_id = std::string(rest.substr(0, rest.find(':')));
  std::function<Result<store::SessionRow>(store::Connection&)> save =
      [=](store::Connection& connection) -> Result<store::SessionRow> {
    if (change.label && *change.label) {
      TRY(const auto rows, store::list_sessions(connection, 10'000));
      for (const auto& other : rows)
        if (other.label == *change.label && other.key != session_key)
          return fail(Kind::conflict, fmt::format("The session {} already has this name.", other.key),
                      "Choose another name.");
    }
    TRY(auto row, store::ensure_session(connection, session_key, agent_id, session_id, now));
    if (change.label) row.label = *change.label;
    if (change.model) row.model = *change.model;
    if (change.thinking) row.thinking = *change.thinking;
    if (change.verbose) row.verbose = *change.verbose;
    row.updated_ms = now;
    TRY_VOID(store::save_session(connection, row));
    return row;
  };
  CO_TRY(auto row, co_await services.database.write<store::SessionRow>(std::move(save)));
  runtime.sessions_changed(row.agent_id);
  services.events.session_changed(session_key, "patch");
  co_return row;
}

} // namespace openclaw::agent
