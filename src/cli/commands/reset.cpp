// Taking away: reset for parts of the state folder, uninstall for all of it. Both only with a word that nobody types by
// mistake, and not under a running gateway.
#include "base/text.hpp"
#include "cli/daemon/service.hpp"
#include "cli/moving/old_state.hpp"
#include "cli/terminal.hpp"
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;

// What each scope takes away besides that of the former one; paths in the state folder.
std::vector<std::string> paths_of(const Setup& setup, std::string_view scope) {
  const auto& state = setup.folder.path();
  if (scope == "full") return {state};
  std::vector<std::string> paths{setup.config.path()};
  if (scope == "config") return paths;
  for (const auto* name :
       {".env", "gateway.token", "credentials", "state.db", "state.db-wal", "state.db-shm", "devices"})
    paths.push_back(state + "/" + name);
  std::error_code ignored;
  for (const auto& agent : fs::directory_iterator(state + "/agents", ignored))
    for (const auto* name : {"sessions", "agent/auth-profiles.json", "auth-profiles.json"})
      paths.push_back(agent.path().string() + "/" + name);
  return paths;
}

Result<> check_folder(const Setup& setup) {
  const auto& path = setup.folder.path();
  std::error_code code;
  if (path == "/" || path == setup.environment.find("HOME").value_or("") || fs::path(path).parent_path() == "/")
    return fail(Kind::denied, fmt::format("{} is no folder to take away.", path),
                "Name the state folder with OPENCLAW_STATE_DIR.");
  // Only what is plainly a state folder.
  if (!fs::exists(path + "/state.db", code) && !fs::exists(setup.config.path(), code) &&
      old_kind(path) == OldKind::none)
    return fail(Kind::missing, fmt::format("There is nothing of this program in {}.", path));
  return {};
}

Result<int> take_away(Invocation& invocation, std::string_view scope, std::string_view word) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(check_folder(setup));
  TRY(const auto running, config::find_running_gateway(setup.folder));
  if (running)
    return fail(Kind::conflict, fmt::format("A gateway (process {}) uses {}.", running->pid, setup.folder.path()),
                "Stop it first: openclaw stop");
  std::vector<std::string> paths;
  std::error_code code;
  for (auto& path : paths_of(setup, scope))
    if (fs::exists(fs::symlink_status(path, code))) paths.push_back(std::move(path));
  auto& output = invocation.output();
  const bool dry = invocation.has("dry-run");
  if (!output.json())
    for (const auto& path : paths)
      output.line(fmt::format("{} {}", dry ? "would take away" : "takes away", path));
  if (!dry) {
    auto given = invocation.value("confirm").value_or("");
    if (given.empty()) {
      TRY_VOID(Terminal::check(fmt::format("Add --confirm {}, or look with --dry-run.", word)));
      Terminal terminal(output);
      TRY(given, terminal.line(fmt::format("This cannot be undone. Type \"{}\" to do it", word)));
    }
    if (given != word)
      return fail(Kind::denied, "That was not the word, so nothing was taken away.",
                  fmt::format("The word is: {}", word));
    for (const auto& path : paths) {
      fs::remove_all(path, code);
      if (code) return fail(Kind::denied, fmt::format("{} cannot be taken away: {}.", path, code.message()));
    }
  }
  if (output.json()) {
    json::array list;
    for (const auto& path : paths)
      list.emplace_back(path);
    output.value(json::object{{"dryRun", dry}, {"paths", std::move(list)}});
  }
  return 0;
}

Result<int> run_reset(Invocation& invocation) {
  const auto scope = invocation.value("scope").value_or("config");
  if (scope != "config" && scope != "config+creds+sessions" && scope != "full")
    return fail(Kind::invalid, fmt::format("There is no scope \"{}\".", printable(scope, 40)),
                "Use config, config+creds+sessions or full.");
  return take_away(invocation, scope, "reset");
}

Result<int> run_uninstall(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  Service service(setup, invocation.value("profile").value_or(""));
  const bool installed = service.installed();
  TRY(const auto status, take_away(invocation, "full", "uninstall"));
  if (invocation.has("dry-run")) return status;
  if (installed) TRY_VOID(service.uninstall());
  if (!invocation.output().json())
    invocation.output().line("The program itself is one file, which you delete: rm \"$(command -v openclaw)\"");
  return status;
}

} // namespace

void register_reset(CommandTable& table) {
  const Option dry{"dry-run", 'n', "", "Only say what would go."};
  table.add({"reset",
             "Take the configuration away, or more of the state.",
             "",
             {{"scope", 0, "WHAT", "config (default), config+creds+sessions, or full: the whole state folder."},
              {"confirm", 0, "WORD", "The word \"reset\", where nobody can be asked."},
              dry},
             reporting(run_reset)});
  table.add({"uninstall",
             "Take the service and the whole state folder away.",
             "",
             {{"confirm", 0, "WORD", "The word \"uninstall\", where nobody can be asked."}, dry},
             reporting(run_uninstall)});
}

} // namespace openclaw::cli
