#include "agent/exec_rights.hpp"
#include "cli/gateway_client.hpp"
#include "config/redact.hpp"
#include "config/sections.hpp"
#include "config/vault.hpp"
#include "sandbox/confine.hpp"
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace openclaw::cli {
namespace {

using State = Finding::State;

Finding look_at_state_folder(const Setup& setup) {
  const auto& path = setup.folder.path();
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return {State::ok, fmt::format("{} does not exist yet; the first start creates it.", path), ""};
  if (!S_ISDIR(info.st_mode)) return {State::fail, fmt::format("{} is not a folder.", path), "Move it away."};
  if (info.st_uid != ::geteuid())
    return {State::fail, fmt::format("{} belongs to the user with id {}.", path, info.st_uid),
            "Run as that user, or set OPENCLAW_STATE_DIR."};
  if ((info.st_mode & 077) != 0)
    return {State::warn, fmt::format("{} can be read by other users (mode {:o}).", path, info.st_mode & 0777),
            fmt::format("chmod 700 {}", path)};
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    struct stat file{};
    if (::lstat(entry.path().c_str(), &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & 077) != 0)
      return {State::warn, fmt::format("{} can be read by other users.", entry.path().string()),
              fmt::format("chmod 600 {}", entry.path().string())};
  }
  return {State::ok, fmt::format("{} is its owner's alone.", path), ""};
}

Finding look_at_config(const config::Snapshot& snapshot) {
  if (!snapshot.exists)
    return {State::ok, fmt::format("{} does not exist; the defaults are in force.", snapshot.path), ""};
  if (snapshot.problems.empty()) return {State::ok, fmt::format("{} is valid.", snapshot.path), ""};
  const auto more = snapshot.problems.size() > 1 ? fmt::format(" And {} more.", snapshot.problems.size() - 1) : "";
  for (const auto& problem : snapshot.problems)
    if (problem.severity == config::Problem::Severity::error)
      return {State::fail, problem.text() + more, "openclaw config validate"};
  return {State::warn, snapshot.problems.front().text() + more, "openclaw config validate"};
}

Finding look_at_secrets(const Setup& setup, const config::Snapshot& snapshot) {
  const auto vault = config::Vault(setup.folder.path(), setup.environment).describe();
  if (!vault) return {State::fail, vault.error().message, vault.error().hint};
  const auto plain = config::plain_secrets(snapshot.raw).size();
  if (plain > 0)
    return {State::warn,
            fmt::format("{} {} in {} as plain text. {}", plain, plain == 1 ? "secret stands" : "secrets stand",
                        snapshot.path, vault->text),
            "openclaw secrets migrate"};
  return {State::ok, vault->text, ""};
}

Finding look_at_disk(const Setup& setup) {
  auto path = std::filesystem::path(setup.folder.path());
  struct statvfs info{};
  while (::statvfs(path.c_str(), &info) != 0 && path.has_relative_path())
    path = path.parent_path();
  const auto free = static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  if (info.f_favail == 0 && info.f_files > 0)
    return {State::fail, "The disk of the state folder has no free inodes.", "Delete some files."};
  if (free < 100'000'000)
    return {State::fail, fmt::format("Only {} are free for the state folder.", size_text(free)),
            "Free some disk space."};
  if (free < 2'000'000'000)
    return {State::warn,
            fmt::format("{} are free for the state folder; a local model needs about 2 GB.", size_text(free)),
            "Free some disk space."};
  return {State::ok, fmt::format("{} are free for the state folder.", size_text(free)), ""};
}

Finding look_at_sandbox() {
  const auto support = sandbox::support();
  if (!support.usable)
    return {State::fail, "Commands cannot be confined here, so agents cannot run any.", support.explanation};
  if (!support.explanation.empty())
    return {State::warn, "Commands are confined, with less than everything.", support.explanation};
  return {State::ok,
          fmt::format("Commands run confined. A process of them has at most {} of memory; all together have no limit "
                      "(this build uses no cgroup), but are ended first when the machine runs out.",
                      size_text(sandbox::Limits{}.memory_bytes)),
          ""};
}

// Settings of OpenClaw that would take commands out of the sandbox: what applies, in words.
Finding look_at_command_rights(const config::Snapshot& snapshot) {
  std::string what;
  std::string fix;
  for (const auto& right : agent::exec_rights(snapshot.value, "")) {
    if (!right.without_effect) continue;
    what += fmt::format("{}{} is \"{}\": {}", what.empty() ? "" : " ", right.path, right.value, right.means);
    if (fix.empty()) fix = right.command;
  }
  if (!what.empty()) return {State::warn, what, fix};
  const auto* exec = config::value_at(snapshot.value, {"tools", "exec"});
  if (exec && string_or(*exec, "security") == "full" && string_or(*exec, "ask") == "off")
    return {State::warn,
            "tools.exec.security is \"full\" and tools.exec.ask is \"off\": every command that a model "
            "thinks of runs in the sandbox, and nobody is asked.",
            "openclaw config set tools.exec.security allowlist"};
  return {State::ok, "Nobody is promised commands outside of the sandbox.", ""};
}

// People who come from OpenClaw have settings that nothing here reads; none of them may be taken for granted.
Finding look_at_settings(const config::Snapshot& snapshot) {
  constexpr std::size_t kShown = 12;
  const auto sections = config::linked_sections();
  if (!sections) return {State::fail, sections.error().message, sections.error().hint};
  const auto idle = config::settings_without_effect(*sections, snapshot.written);
  if (idle.empty()) return {State::ok, "Every setting has an effect.", ""};
  auto what = fmt::format("{} {} no effect here. ", idle.size(), idle.size() == 1 ? "setting has" : "settings have");
  for (std::size_t i = 0; i < std::min(idle.size(), kShown); ++i)
    what += fmt::format("{}{}: {}", i == 0 ? "" : "; ", idle[i].path, idle[i].why);
  if (idle.size() > kShown) what += fmt::format("; and {} more (--json shows all)", idle.size() - kShown);
  return {State::warn, what + ".", fmt::format("openclaw config unset {}", idle.front().path)};
}

Finding look_at_gateway(const Invocation& invocation, const Setup& setup) {
  const auto running = config::find_running_gateway(setup.folder);
  if (!running) return {State::fail, running.error().message, running.error().hint};
  if (!*running)
    return {State::ok, fmt::format("No gateway is running for the state folder {}.", setup.folder.path()),
            "Start it with: openclaw gateway"};
  const auto health = call_gateway(invocation, "health", {});
  if (!health) return {State::fail, health.error().message, health.error().hint};
  if (const auto status = call_gateway(invocation, "status", {})) {
    if (const auto why = string_or(*status, "notInForce"); !why.empty())
      return {State::warn, "The configuration as it stands is not in force: " + why, "openclaw config validate"};
    const auto* waiting = find(*status, "restartRequired");
    if (waiting && waiting->is_array() && !waiting->get_array().empty())
      return {State::warn,
              fmt::format("The gateway runs with other settings than the file has: {} wait for the next start.",
                          to_text(*waiting)),
              "Stop it and start it again."};
  }
  return {State::ok, fmt::format("The gateway (process {}) answers on port {}.", (*running)->pid, (*running)->port),
          ""};
}

Finding look_at_model(const Invocation& invocation, const Setup& setup, const config::Snapshot& snapshot) {
  const auto running = config::find_running_gateway(setup.folder);
  if (running && *running) {
    const auto models = call_gateway(invocation, "models.status", {});
    if (!models) return {State::warn, models.error().message, models.error().hint};
    const auto* current = find(*models, "current");
    if (!current) return {State::warn, "The gateway does not say which model answers.", ""};
    const auto state = string_or(*current, "state");
    const auto text =
        fmt::format("{}: {}. {}", string_or(*current, "ref", "no model"), state, string_or(*current, "message"));
    return {state == "ready"         ? State::ok
            : state == "unavailable" ? State::fail
                                     : State::warn,
            text, string_or(*current, "hint")};
  }
  const auto* model = config::value_at(snapshot.value, {"agents", "defaults", "model"});
  if (!model)
    return {State::ok,
            "No model is configured: the gateway looks for API keys, local servers and its own model at its start.",
            ""};
  const auto reference = model->is_string() ? std::string(model->get_string()) : string_or(*model, "primary");
  const auto provider = reference.substr(0, reference.find('/'));
  if (const auto* configured = config::value_at(snapshot.value, {"models", "providers", provider}))
    if (string_or(*configured, "baseUrl").empty() && string_or(*configured, "apiKey").empty())
      return {State::warn, fmt::format("The provider of {} has neither a base URL nor a key.", reference),
              fmt::format("openclaw config set models.providers.{}.apiKey '${{NAME_OF_A_VARIABLE}}'", provider)};
  return {State::ok, fmt::format("{} is configured; the running gateway knows whether it answers.", reference), ""};
}

Result<int> doctor(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  std::vector<Check> checks = {
      {"state folder", [&] { return look_at_state_folder(setup); }},
      {"configuration", [&] { return look_at_config(snapshot); }},
      {"secrets", [&] { return look_at_secrets(setup, snapshot); }},
      {"disk space", [&] { return look_at_disk(setup); }},
      {"sandbox", [] { return look_at_sandbox(); }},
      {"settings", [&] { return look_at_settings(snapshot); }},
      {"command rights", [&] { return look_at_command_rights(snapshot); }},
      {"gateway", [&] { return look_at_gateway(invocation, setup); }},
      {"model", [&] { return look_at_model(invocation, setup, snapshot); }},
  };
  checks.insert(checks.end(), invocation.services().checks.begin(), invocation.services().checks.end());
  auto& output = invocation.output();
  json::array rows;
  bool failed = false;
  for (const auto& check : checks) {
    const auto finding = check.look();
    const auto* word = finding.state == State::ok ? "ok" : finding.state == State::warn ? "warn" : "fail";
    failed = failed || finding.state == State::fail;
    rows.push_back(json::object{{"name", check.name}, {"state", word}, {"what", finding.what}, {"fix", finding.fix}});
    if (output.json()) continue;
    const auto style = finding.state == State::ok     ? Style::green
                       : finding.state == State::warn ? Style::yellow
                                                      : Style::red;
    output.line(fmt::format("{} {}: {}", output.styled(style, fmt::format("{:4}", word)), check.name,
                            terminal_safe(finding.what)));
    if (!finding.fix.empty()) output.line("     " + terminal_safe(finding.fix));
  }
  if (output.json()) output.value(json::object{{"ok", !failed}, {"checks", rows}});
  return failed ? 1 : 0;
}

} // namespace

void register_doctor(CommandTable& table) {
  table.add(
      {"doctor", "Look for what is wrong with this installation.", "", gateway_call_options(), reporting(doctor)});
}

} // namespace openclaw::cli
