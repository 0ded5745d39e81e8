#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/moving/move_in.hpp"
#include "cli/moving/show_items.hpp"
#include "cli/setup.hpp"
#include "config/files.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;

// STATE/migration.json: which folder moves in, and whether it is done. It is what a run after a kill goes on from.
struct Progress {
  std::string from;
  std::string backup; // of a move in place
  bool done = false;
  std::int64_t at_ms = 0;
};

std::string progress_path(const config::StateFolder& folder) {
  return folder.file("migration.json");
}

Result<std::optional<Progress>> read_progress(const config::StateFolder& folder) {
  TRY(const auto text, config::read_small_file(progress_path(folder), 64 * 1024));
  if (!text) return std::optional<Progress>{};
  TRY(const auto value, parse_json(*text, progress_path(folder)));
  return std::optional(Progress{string_or(value, "from"), string_or(value, "backup"), bool_or(value, "done", false),
                                integer_or(value, "atMs", 0)});
}

Result<> write_progress(const config::StateFolder& folder, const Progress& progress) {
  return config::replace_file(
      progress_path(folder),
      to_text(json::object{
          {"from", progress.from}, {"backup", progress.backup}, {"done", progress.done}, {"atMs", progress.at_ms}}) +
          "\n");
}

Result<> check_losses(const MovePlan& plan, std::string_view accepted) {
  const auto names = split(accepted, ',');
  std::vector<std::string> missing;
  for (const auto& loss : plan.losses())
    if (std::find(names.begin(), names.end(), loss) == names.end()) missing.push_back(loss);
  if (missing.empty()) return {};
  auto all = plan.losses();
  return fail(Kind::denied,
              fmt::format("{} {} would be lost, and that was not accepted: {}.", missing.size(),
                          missing.size() == 1 ? "thing" : "things", join(missing, ", ")),
              fmt::format("Look at openclaw migrate --dry-run; then add: --accept '{}'", join(all, ",")));
}

int show(Invocation& invocation, const MovePlan& plan, const std::string& source, bool dry, const std::string& backup) {
  const auto from = invocation.value("from") ? " --from " + *invocation.value("from") : std::string();
  auto& output = invocation.output();
  if (output.json()) {
    output.value(json::object{{"dryRun", dry},
                              {"from", source},
                              {"version", plan.version},
                              {"backup", backup.empty() ? json::value(nullptr) : json::value(backup)},
                              {"items", items_as_json(plan.items)}});
    return 0;
  }
  output.line(fmt::format("OpenClaw {} in {}", plan.version, source));
  show_items(plan.items, output);
  output.line();
  const auto losses = plan.losses();
  if (dry && losses.empty())
    output.line(fmt::format("Nothing was changed. To do it: openclaw migrate{}", from));
  else if (dry)
    output.line(
        fmt::format("Nothing was changed. To do it: openclaw migrate{} --accept '{}'", from, join(losses, ",")));
  else
    output.line(backup.empty() ? std::string("Done; the old folder is as it was.")
                               : fmt::format("Done; what was there before is in {}.", backup));
  return 0;
}

// One file a second at most; a kill between two leaves the first one valid.
std::string new_backup(const config::StateFolder& folder) {
  auto stamp = iso_time(SystemClock().now_ms()).substr(0, 19);
  std::replace(stamp.begin(), stamp.end(), ':', '-');
  return folder.file("backups/openclaw-" + stamp);
}

std::string absolute(const std::string& path, const config::Environment& environment) {
  const auto whole = path.starts_with("~/") ? environment.find("HOME").value_or("") + path.substr(1) : path;
  std::error_code code;
  auto out = fs::weakly_canonical(whole, code).string();
  while (out.size() > 1 && out.back() == '/')
    out.pop_back();
  return out;
}

Result<int> run_migrate(Invocation& invocation) {
  ::umask(077); // whatever is made here is its owner's alone
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  const auto target = setup.folder.path();
  const auto source = invocation.has("from") ? absolute(*invocation.value("from"), setup.environment) : target;
  const bool in_place = source == absolute(target, setup.environment);
  const bool dry = invocation.has("dry-run");
  TRY(auto progress, read_progress(setup.folder));
  if (progress && progress->done && progress->from == source) {
    if (invocation.output().json())
      invocation.output().value(json::object{{"done", true}, {"from", source}, {"backup", progress->backup}});
    else
      invocation.output().line(
          fmt::format("{} has moved in already, on {}{}.", source, iso_date(progress->at_ms),
                      progress->backup.empty() ? "" : "; what was there before is in " + progress->backup));
    return 0;
  }
  if (old_kind(source) == OldKind::none && !fs::exists(source + "/openclaw.json"))
    return fail(Kind::missing, fmt::format("There is no state of OpenClaw in {}.", source),
                "Name its folder: openclaw migrate --from DIR");
  MovePlace place{source, target, setup.environment.find("HOME").value_or("/"), in_place};
  // Before a half-done move in place goes on, the folder itself is no longer what it was.
  const bool resumed = progress && !progress->done && progress->from == source;
  if (resumed && in_place) place.source = progress->backup;
  TRY(auto plan, plan_moving_in(place, setup.config.schema(), setup.environment));
  if (dry) return show(invocation, plan, source, true, resumed ? progress->backup : "");

  TRY_VOID(check_losses(plan, invocation.value("accept").value_or("")));
  TRY_VOID(setup.folder.prepare());
  TRY(const auto lock, config::StateLock::acquire(setup.folder));
  if (!resumed) {
    progress = Progress{source, in_place ? new_backup(setup.folder) : "", false, SystemClock().now_ms()};
    if (in_place) {
      TRY_VOID(setup.folder.sub("backups"));
      TRY_VOID(back_up(target, progress->backup));
      place.source = progress->backup;
      TRY(plan, plan_moving_in(place, setup.config.schema(), setup.environment));
    }
    TRY_VOID(write_progress(setup.folder, *progress));
  }
  for (const auto& step : plan.steps)
    TRY_VOID(step());
  progress->done = true;
  progress->at_ms = SystemClock().now_ms();
  TRY_VOID(write_progress(setup.folder, *progress));
  return show(invocation, plan, source, false, progress->backup);
}

} // namespace

void register_migrate(CommandTable& table) {
  table.add({"migrate",
             "Take over what an OpenClaw program kept.",
             "",
             {{"from", 0, "DIR", "Its state folder (default: the state folder of this program, in place)."},
              {"dry-run", 'n', "", "List each thing and what becomes of it, and change nothing."},
              {"accept", 0, "LOSS,...", "Go on although these things are lost; the list names them in brackets."}},
             reporting(run_migrate)});
}

} // namespace openclaw::cli
