#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "models.list", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  if (const auto* models = find(answer, "models"); models && models->is_array())
    for (const auto& model : models->get_array()) {
      const auto context = integer_or(model, "contextWindow", 0);
      rows.push_back({string_or(model, "provider") + "/" + string_or(model, "id"), string_or(model, "name"),
                      context > 0 ? std::to_string(context) : "", bool_or(model, "reasoning", false) ? "yes" : ""});
    }
  if (rows.empty())
    output.line("No models are configured. openclaw models status says what answers at the moment.");
  else
    output.table({{"Model"}, {"Name"}, {"Context", true}, {"Thinks"}}, rows);
  return 0;
}

void show_embedded(const json::value& embedded, Output& output) {
  output.line(fmt::format("Built in  {} ({}, {}), {}", string_or(embedded, "name"),
                          size_text(integer_or(embedded, "sizeBytes", 0)), string_or(embedded, "license"),
                          string_or(embedded, "state")));
}

Result<int> status(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto answer, call_gateway(invocation, "models.status", {}));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(answer);
    return 0;
  }
  if (const auto* current = find(answer, "current")) {
    output.line(fmt::format("Model     {}", terminal_safe(string_or(*current, "ref", "none"))));
    output.line(fmt::format("State     {} (from: {})", string_or(*current, "state"), string_or(*current, "source")));
    for (const auto* field : {"message", "hint"})
      if (const auto text = string_or(*current, field); !text.empty()) output.line("          " + terminal_safe(text));
    if (const auto* progress = find(*current, "progress"))
      output.line(fmt::format("          {} of {}", size_text(integer_or(*progress, "doneBytes", 0)),
                              size_text(integer_or(*progress, "totalBytes", 0))));
  }
  if (const auto* embedded = find(answer, "embedded")) show_embedded(*embedded, output);
  return 0;
}

Result<int> set(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  const auto reference = invocation.argument(0);
  const auto slash = reference.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == reference.size())
    return fail(Kind::invalid, fmt::format("\"{}\" is no model reference.", reference),
                "Write it as PROVIDER/MODEL, as openclaw models list shows them.");
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(setup.folder.prepare());
  TRY(const auto before, setup.config.load());
  config::Path path{"agents", "defaults", "model"};
  const auto* model = config::value_at(before.value, path);
  if (!model || !model->is_string()) path.emplace_back("primary");
  TRY(const auto after, setup.config.set(path, json::value(json::string(reference)), {.base_hash = before.hash}));
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{{"ok", true}, {"model", reference}, {"file", after.path}});
  else
    output.line(fmt::format("{} answers from now on, unless an agent or a session says otherwise.", reference));
  return 0;
}

// Follows the download by the gateway's events; asks again now and then, in case one was missed.
Task<int> follow_fetch(Invocation* invocation, GatewayClient* client) {
  auto& output = invocation->output();
  CO_TRY(const auto before, co_await client->request("models.status", {}));
  const auto* embedded = find(before, "embedded");
  if (!embedded)
    co_return fail(Kind::missing, "This gateway has no model of its own to fetch.",
                   "Configure one: openclaw help config");
  if (string_or(*embedded, "state") == "present") {
    if (output.json())
      output.value(before);
    else
      output.line(fmt::format("{} is already here.", string_or(*embedded, "name")));
    co_return 0;
  }
  if (!invocation->has("accept-terms")) {
    output.note(terminal_safe(fmt::format("{} ({}) is under the licence {}: {}", string_or(*embedded, "name"),
                                          size_text(integer_or(*embedded, "sizeBytes", 0)),
                                          string_or(*embedded, "license"), string_or(*embedded, "licenseUrl"))));
    if (const auto text = string_or(*embedded, "licenseText"); !text.empty()) output.note(terminal_safe(text));
    co_return fail(Kind::denied, "The model is fetched only when you accept its terms.",
                   "openclaw models fetch --accept-terms");
  }
  CO_TRY_VOID(co_await client->request("models.fetch", {{"acceptTerms", true}}));
  constexpr std::int64_t kPatience = 10 * 60 * 1000;
  while (true) {
    CO_TRY(const auto incoming, co_await client->next(kPatience));
    if (incoming.event != "models.status") continue;
    const auto* now = find(incoming.payload, "embedded");
    const auto* current = find(incoming.payload, "current");
    const auto* progress = current ? find(*current, "progress") : nullptr;
    if (progress && output.terminal() && !output.json())
      output.write(fmt::format("\r{} of {}   ", size_text(integer_or(*progress, "doneBytes", 0)),
                               size_text(integer_or(*progress, "totalBytes", 0))));
    const auto state = now ? string_or(*now, "state") : "";
    if (state == "downloading") continue;
    if (output.terminal() && !output.json()) output.line();
    if (state != "present")
      co_return fail(Kind::transient,
                     "The model was not fetched: " +
                         (current ? string_or(*current, "message") : std::string("the gateway stopped")),
                     current ? string_or(*current, "hint", "Try again: what is already here is kept.") : "");
    if (output.json())
      output.value(incoming.payload);
    else
      output.line(fmt::format("{} is here.", string_or(*now, "name")));
    co_return 0;
  }
}

int fetch(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  return run_with_gateway(invocation, follow_fetch);
}

} // namespace

void register_models(CommandTable& table) {
  table.add({"models list", "List the models that can be used.", "", gateway_call_options(), reporting(list), true});
  table.add({"models status", "Show which model answers, and whether it is ready.", "", gateway_call_options(),
             reporting(status)});
  table.add({"models set", "Choose the model that answers by default.", "PROVIDER/MODEL", {}, reporting(set)});
  table.add({"models fetch", "Fetch the model that the gateway can run itself.", "",
             gateway_call_options({{"accept-terms", 0, "", "You have read the model's licence and accept it."}}),
             fetch});
}

} // namespace openclaw::cli
