#include "agent/notice.hpp"

namespace openclaw::agent {

ports::Message injected_message(std::string text, std::int64_t now_ms) {
  ports::Message message;
  message.role = ports::Role::assistant;
  message.timestamp_ms = now_ms;
  message.provider = "openclaw";
  message.model = "gateway-injected";
  message.stop_reason = ports::StopReason::injected;
  message.content.emplace_back(ports::TextBlock{std::move(text)});
  return message;
}

Task<> tell_session(Runtime& runtime, RunInfo run, std::string session_id, std::string text) {
  auto& services = runtime.services();
  const auto notice = injected_message("⚙️ " + std::move(text), services.time.now_ms());
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
