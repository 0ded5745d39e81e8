#include "agent/chat_command.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::size_t kShown = 40;

Task<std::string> list_models(ChatCommandCall call) {
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
  table.add({"models", {}, "/models [WORD]", "list the models that can be used now", list_models});
}

} // namespace openclaw::agent
