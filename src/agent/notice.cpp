#include "agent/notice.hpp"

namespace openclaw::agent {

Task<> tell_session(Runtime& runtime, RunInfo run, std::string session_id, std::string text) {
  auto& services = runtime.services();
  ports::Message notice;
  notice.role = ports::Role::assistant;
  notice.timestamp_ms = services.time.now_ms();
  notice.provider = "openclaw";
  notice.model = "gateway-injected";
  notice.stop_reason = ports::StopReason::injected;
  notice.content.emplace_back(ports::TextBlock{"⚙️ " + std::move(text)});
  auto* random = &services.random;
  std::function<Result<bool>(store::Connection&)> append = [=](store::Connection& connection) -> Result<bool> {
    TRY_VOID(append_message(connection, session_id, "", notice, *random));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool recorded, co_await services.database.write<bool>(std::move(append)));
  run.run_id = "notice-" + uuid_v7(services.time, services.random);
  services.events.finished(run, notice);
  co_return Result<>{};
}

} // namespace openclaw::agent
