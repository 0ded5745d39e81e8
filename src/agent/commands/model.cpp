#include "agent/chat_command.hpp"
#include "agent/session_change.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> model(ChatCommandCall call) {
  auto& models = call.runtime.services().models;
  if (call.argument.empty()) {
    CO_TRY(const auto session, store::find_session(call.runtime.services().database.reader(), call.session_key));
    if (session && session->model)
      co_return fmt::format("This session uses **{}**. `/model default` returns to the default.", *session->model);
    CO_TRY(const auto status, co_await models.status());
    if (status.reference.empty()) co_return status.message + " " + status.hint;
    co_return fmt::format("This session uses the default model, **{}** ({}).", status.reference, status.source);
  }
  SessionChange change;
  if (call.argument == "default") {
    change.model = std::optional<std::string>();
    CO_TRY([[maybe_unused]] const auto row, co_await change_session(call.runtime, call.session_key, std::move(change)));
    co_return std::string("This session uses the default model again.");
  }
  CO_TRY(const auto reference, co_await models.check(call.argument));
  change.model = std::optional<std::string>(reference);
  CO_TRY([[maybe_unused]] const auto row, co_await change_session(call.runtime, call.session_key, std::move(change)));
  co_return fmt::format("This session now uses **{}**.", reference);
}

} // namespace

void register_model(ChatCommandTable& table) {
  table.add({"model", {}, "/model [PROVIDER/MODEL|default]", "show or choose the model of this session", model});
}

} // namespace openclaw::agent
