#include "cli/setup.hpp"
#include "config/json5.hpp"
#include "config/redact.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

using config::Path;

int show_problems(const config::Snapshot& snapshot, Output& output) {
  for (const auto& problem : snapshot.problems) {
    const bool error = problem.severity == config::Problem::Severity::error;
    output.note(fmt::format("{} {}", output.styled(error ? Style::red : Style::yellow, error ? "error:" : "warning:"),
                            terminal_safe(problem.text())));
    if (!problem.hint.empty())
      output.note(terminal_safe(problem.hint.front() == '\n' ? problem.hint.substr(1) : problem.hint));
  }
  return snapshot.valid() ? 0 : exit_status(Kind::invalid);
}

Result<int> get(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 1));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  TRY_VOID(snapshot.check());
  auto& output = invocation.output();
  if (invocation.arguments().empty()) {
    output.value(config::redact_for_display(snapshot.value));
    return 0;
  }
  TRY(const auto path, config::parse_path(invocation.argument(0)));
  const auto* value = config::value_at(snapshot.value, path);
  if (!value)
    return fail(Kind::missing, fmt::format("{} is not set in {}.", config::path_text(path), snapshot.path),
                fmt::format("openclaw config set {} VALUE", config::path_text(path)));
  // What stands above decides as well: everything below "headers" is a secret.
  json::value shown = *value;
  for (auto key = path.rbegin(); key != path.rend(); ++key)
    shown = config::redact_for_display(shown, *key);
  if (shown.is_string() && !output.json())
    output.line(terminal_safe(std::string_view(shown.get_string())));
  else
    output.value(shown);
  return 0;
}

Result<int> finish(Invocation& invocation, const Path& path, const config::Snapshot& after, std::string_view done) {
  auto& output = invocation.output();
  if (output.json())
    output.value(
        json::object{{"ok", true}, {"path", config::path_text(path)}, {"file", after.path}, {"hash", after.hash}});
  else
    output.line(fmt::format("{} {} in {}.", done, config::path_text(path), after.path));
  for (const auto& problem : after.problems)
    if (problem.path.starts_with(config::path_text(path))) output.note(problem.text());
  return 0;
}

Result<int> set(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(2, 2));
  TRY(const auto path, config::parse_path(invocation.argument(0)));
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(setup.folder.prepare());
  const json::value text(json::string(invocation.argument(1)));
  const auto parsed = config::parse_json5(invocation.argument(1), "the value");
  const auto value = parsed && !parsed->empty ? parsed->root.value() : text;
  const config::WriteOptions options{.base_hash = std::nullopt, .force = invocation.has("force")};
  auto after = setup.config.set(path, value, options);
  // "12345" is a number to the parser and a token to its owner.
  if (!after && after.error().kind == Kind::invalid && !value.is_string()) {
    auto as_text = setup.config.set(path, text, options);
    if (as_text) after = std::move(as_text);
  }
  if (!after) return std::unexpected(after.error());
  return finish(invocation, path, *after, "Set");
}

Result<int> unset(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto path, config::parse_path(invocation.argument(0)));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto after, setup.config.unset(path, {.base_hash = std::nullopt, .force = invocation.has("force")}));
  return finish(invocation, path, after, "Removed");
}

Result<int> validate(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  auto& output = invocation.output();
  if (output.json()) {
    json::array problems;
    for (const auto& problem : snapshot.problems)
      problems.push_back(
          json::object{{"severity", problem.severity == config::Problem::Severity::error ? "error" : "warning"},
                       {"path", problem.path},
                       {"message", problem.message},
                       {"file", problem.file},
                       {"line", problem.line},
                       {"column", problem.column}});
    output.value(json::object{
        {"file", snapshot.path}, {"exists", snapshot.exists}, {"valid", snapshot.valid()}, {"problems", problems}});
    return snapshot.valid() ? 0 : exit_status(Kind::invalid);
  }
  const int status = show_problems(snapshot, output);
  if (status == 0)
    output.line(snapshot.exists ? fmt::format("{} is valid.", snapshot.path)
                                : fmt::format("{} does not exist; the defaults are in force.", snapshot.path));
  return status;
}

Result<int> schema(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  invocation.output().value(setup.config.schema());
  return 0;
}

Result<int> file(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  if (invocation.output().json())
    invocation.output().value(json::object{{"file", setup.config.path()}});
  else
    invocation.output().line(setup.config.path());
  return 0;
}

} // namespace

void register_config(CommandTable& table) {
  const Option force{"force", 0, "", "Allow a change that more than halves the file."};
  table.add({"config get", "Print the configuration, or one value of it.", "[PATH]", {}, reporting(get), true});
  table.add({"config set", "Change one value.", "PATH VALUE", {force}, reporting(set)});
  table.add({"config unset", "Remove one value.", "PATH", {force}, reporting(unset)});
  table.add({"config validate", "Say what is wrong with the configuration.", "", {}, reporting(validate)});
  table.add({"config schema", "Print the configuration's JSON Schema.", "", {}, reporting(schema)});
  table.add({"config file", "Print where the configuration is.", "", {}, reporting(file)});
}

} // namespace openclaw::cli
