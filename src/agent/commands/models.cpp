#include "agent/chat_command.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::size_t kShown = 40;

// Why this model answers and the others do not.
Task<std::string> why(ChatCommandCall call) {
  auto& services = call.runtime.services();
  CO_TRY(const auto session, store::find_session(services.database.reader(), call.session_key));
  const auto chosen = session ? session->model.value_or("") : std::string();
  CO_TRY(const auto states, co_await call.runtime.router().why(call.agent_id, call.session_key, chosen));
  std::string text = chosen.empty() ? "In this order:\n"
                                    : "Chosen for this session, so no other model takes its place (`/model default` "
                                      "returns to the usual ones):\n";
  for (const auto& state : states) {
    text += fmt::format("\n- {} `{}`{}: **{}**, {}", state.state == "next" ? "▶" : "·", state.reference,
                        state.credential.empty() ? std::string() : " with " + state.credential, state.state, state.why);
    if (!state.change.empty())
      text += state.state == "unusable" ? " " + state.change : fmt::format(" To change that: `{}`", state.change);
  }
  co_return text;
}

Task<std::string> retry(ChatCommandCall call, std::string provider) {
  const auto ended = call.runtime.router().retry(provider);
  co_return ended == 0 ? std::string("Nobody was resting.")
                       : std::string("They are asked again from the next message.");
}

Task<std::string> list_models(ChatCommandCall call) {
  if (call.argument == "why") {
    auto answer = co_await why(std::move(call));
    co_return answer;
  }
  if (call.argument == "retry" || call.argument.starts_with("retry ")) {
    auto provider = std::string(trim(std::string_view(call.argument).substr(5)));
    auto answer = co_await retry(std::move(call), std::move(provider));
    co_return answer;
  }
  auto& models = call.runtime.services().models;
  CO_TRY(const auto choices, co_await models.list());
  const auto wanted = lowercase_ascii(call.argument);
  std::string text;
  std::size_t shown = 0;
  std::size_t matching = 0;
  for (const auto& choice : choices) {
    const auto reference = choice.provider + "/" + choice.model;
    if (!wanted.empty() && lowercase_ascii(reference).find(wanted) == std::string::npos) continue;
    if (++matching > kShown) continue;
    text += fmt::format("\n- `{}`{}", reference,
                        choice.context_tokens > 0 ? fmt::format(" ({} tokens)", choice.context_tokens) : std::string());
    ++shown;
  }
  if (matching == 0 && !wanted.empty())
    co_return fmt::format("No model that can be used now matches \"{}\".", printable(call.argument, 60));
  if (matching == 0) {
    CO_TRY(const auto status, co_await models.status());
    co_return status.message + " " + status.hint;
  }
  if (matching > shown) text += fmt::format("\n\n… and {} more; narrow them with `/models WORD`.", matching - shown);
  co_return "Models that can be used now; choose one with `/model PROVIDER/MODEL`:\n" + text;
}

} // namespace

void register_models(ChatCommandTable& table) {
  table.add({"models",
             {},
             "/models [WORD|why|retry [PROVIDER]]",
             "list the models that can be used now, say why one answers, or ask a resting one again",
             list_models});
}

} // namespace openclaw::agent
