// The models that take over when the first one fails: agents.defaults.model.fallbacks.
#include "cli/setup.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

const config::Path kModel{"agents", "defaults", "model"};
const config::Path kFallbacks{"agents", "defaults", "model", "fallbacks"};

std::vector<std::string> read_fallbacks(const json::value& config) {
  std::vector<std::string> names;
  if (const auto* list = config::value_at(config, kFallbacks); list && list->is_array())
    for (const auto& name : list->get_array())
      if (name.is_string()) names.emplace_back(name.get_string());
  return names;
}

int show(Output& output, const std::vector<std::string>& names) {
  json::array list;
  for (const auto& name : names)
    list.push_back(json::value(name));
  if (output.json())
    output.value(json::object{{"fallbacks", std::move(list)}});
  else if (names.empty())
    output.line("No model takes over when the first one fails. Add one: openclaw models fallbacks add PROVIDER/MODEL");
  else
    for (std::size_t i = 0; i < names.size(); ++i)
      output.line(terminal_safe(fmt::format("{}. {}", i + 1, names[i])));
  return 0;
}

Result<int> fallbacks(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 2));
  const auto action = invocation.arguments().empty() ? std::string("list") : invocation.argument(0);
  const auto reference = invocation.argument(1);
  const bool names_one = action == "add" || action == "remove";
  if (!names_one && action != "list" && action != "clear")
    return fail(Kind::invalid, fmt::format("\"{}\" is nothing that can be done with fallbacks.", action),
                "Use list, add, remove or clear.");
  if (names_one == reference.empty())
    return fail(Kind::invalid, names_one ? "Which model?" : fmt::format("\"{}\" takes no model.", action),
                fmt::format("openclaw models fallbacks {}{}", action, names_one ? " PROVIDER/MODEL" : ""));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto before, setup.config.load());
  auto names = read_fallbacks(before.value);
  if (action == "list") return show(invocation.output(), names);
  const auto known = std::find(names.begin(), names.end(), reference);
  if (action == "add") {
    if (reference.find('/') == std::string::npos)
      return fail(Kind::invalid, fmt::format("\"{}\" is no model reference.", reference),
                  "Write it as PROVIDER/MODEL, as openclaw models list shows them.");
    if (known == names.end()) names.push_back(reference);
  } else if (action == "remove") {
    if (known == names.end())
      return fail(Kind::missing, fmt::format("{} is not among the fallbacks.", reference),
                  "See them with: openclaw models fallbacks list");
    names.erase(known);
  } else {
    names.clear();
  }
  TRY_VOID(setup.folder.prepare());
  json::array list;
  for (const auto& name : names)
    list.push_back(json::value(name));
  // A model that is only a text becomes an object that keeps it.
  if (const auto* model = config::value_at(before.value, kModel); model && model->is_string()) {
    TRY([[maybe_unused]] const auto after,
        setup.config.set(kModel, json::object{{"primary", model->get_string()}, {"fallbacks", std::move(list)}},
                         {.base_hash = before.hash}));
  } else {
    TRY([[maybe_unused]] const auto after, setup.config.set(kFallbacks, std::move(list), {.base_hash = before.hash}));
  }
  return show(invocation.output(), names);
}

} // namespace

void register_models_fallbacks(CommandTable& table) {
  table.add({"models fallbacks",
             "Show or change the models that take over when the first one fails.",
             "[list|add PROVIDER/MODEL|remove PROVIDER/MODEL|clear]",
             {},
             reporting(fallbacks)});
}

} // namespace openclaw::cli
