#include "agent/chat_command.hpp"
#include "agent/settings.hpp"

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

Task<std::string> status(ChatCommandCall call) {
  auto& services = call.runtime.services();
  CO_TRY(const auto session, store::find_session(services.database.reader(), call.session_key));
  CO_TRY(const auto model, co_await services.models.status());
  std::string text = fmt::format("**Session** `{}`\n", call.session_key);
  const auto reference = session && session->model ? *session->model : model.reference;
  if (reference.empty())
    text += fmt::format("- Model: none. {} {}\n", model.message, model.hint);
  else
    text += fmt::format("- Model: {} ({})\n", reference,
                        session && session->model ? "chosen for this session" : model.source);
  if (session) {
    text += fmt::format("- Tokens: {} in, {} out, {} from cache\n", session->input_tokens, session->output_tokens,
                        session->cache_read);
    text += fmt::format("- Last prompt: {} tokens\n", session->context_tokens);
    text += fmt::format("- Cost: {}{}\n", format_usd(session->cost_micro_usd),
                        session->unpriced_calls > 0
                            ? fmt::format(" and {} calls without a known price", session->unpriced_calls)
                            : std::string());
    text += fmt::format("- Thinking: {}\n", session->thinking.value_or("default"));
  }
  text += fmt::format("- Running: {}", call.runtime.running(call.session_key) ? "yes" : "no");
  co_return text;
}

} // namespace

void register_status(ChatCommandTable& table) {
  table.add({"status", {}, "/status", "show the session's model, tokens and cost", status});
}

} // namespace openclaw::agent
