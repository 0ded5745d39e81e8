#include "agent/history.hpp"

#include "async/process.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

namespace openclaw::agent {
namespace {

std::string find_git() {
  for (const auto* path : {"/usr/bin/git", "/usr/local/bin/git", "/bin/git"})
    if (::access(path, X_OK) == 0) return path;
  return {};
}

// One git command; its exit code. Output is read and dropped (bounded by the pipe).
Task<int> git(async::Executor executor, std::vector<std::string> argv, std::string directory) {
  async::SpawnOptions options;
  options.argv = std::move(argv);
  options.environment = {"PATH=/usr/bin:/bin",
                         "HOME=/nonexistent",
                         "GIT_CONFIG_NOSYSTEM=1",
                         "GIT_CONFIG_GLOBAL=/dev/null",
                         "GIT_TERMINAL_PROMPT=0",
                         "GIT_OPTIONAL_LOCKS=0",
                         "GIT_AUTHOR_NAME=openclaw",
                         "GIT_AUTHOR_EMAIL=openclaw@localhost",
                         "GIT_COMMITTER_NAME=openclaw",
                         "GIT_COMMITTER_EMAIL=openclaw@localhost",
                         "LC_ALL=C.UTF-8"};
  options.directory = std::move(directory);
  options.merge_error = true;
  CO_TRY(auto process, async::spawn(executor, std::move(options)));
  std::string said;
  while (true) {
    CO_TRY(auto piece, co_await process->read_output());
    if (!piece) break;
    if (said.size() < 2000) said += *piece;
  }
  CO_TRY(const auto status, co_await process->wait());
  if (status.code > 1) log::warn("history", "git failed.", {{"output", said}});
  co_return status.code;
}

} // namespace

void History::record(async::Scope& scope, const std::string& agent_id, const std::string& workspace,
                     const std::string& why) {
  auto& pending = pending_[agent_id];
  if (pending.running) {
    pending.again = true;
    return;
  }
  pending.running = true;
  scope.spawn("workspace history", commit_until_clean(scope.executor(), agent_id, workspace, why));
}

Task<> History::commit_until_clean(async::Executor executor, std::string agent_id, std::string workspace,
                                   std::string why) {
  Result<> outcome;
  do {
    pending_[agent_id].again = false;
    outcome = co_await commit(executor, agent_id, workspace, why);
  } while (outcome && pending_[agent_id].again);
  pending_[agent_id].running = false;
  co_return outcome;
}

Task<> History::commit(async::Executor executor, std::string agent_id, std::string workspace, std::string why) {
  const auto program = find_git();
  if (program.empty()) {
    if (!told_missing_)
      log::warn("history",
                "git is not installed, so workspaces have no versions. Install it with: apt-get install git");
    told_missing_ = true;
    co_return Result<>{};
  }
  const auto repository = fmt::format("{}/{}.git", folder_, agent_id);
  std::error_code code;
  if (!std::filesystem::exists(repository + "/HEAD", code)) {
    std::filesystem::create_directories(folder_, code);
    ::chmod(folder_.c_str(), 0700);
    std::vector<std::string> init{program, "init", "--quiet", "--bare", "--initial-branch=main", repository};
    CO_TRY(const int made, co_await git(executor, std::move(init), folder_));
    if (made != 0)
      co_return fail(Kind::transient, "The history of a workspace could not be created.",
                     "Check the free space of the state folder.");
  }
  const std::vector<std::string> common{program,
                                        "--git-dir=" + repository,
                                        "--work-tree=" + workspace,
                                        "-c",
                                        "core.hooksPath=/dev/null",
                                        "-c",
                                        "core.bare=false",
                                        "-c",
                                        "core.fsmonitor=false",
                                        "-c",
                                        "core.excludesFile=/dev/null",
                                        "-c",
                                        "core.attributesFile=/dev/null",
                                        "-c",
                                        "gc.auto=0",
                                        "-c",
                                        "commit.gpgSign=false",
                                        "-c",
                                        "core.worktree=" + workspace};
  const auto with = [&](std::vector<std::string> arguments) {
    auto argv = common;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  };
  auto add = with({"add", "--all", "--ignore-errors", "."});
  CO_TRY([[maybe_unused]] const int added, co_await git(executor, std::move(add), workspace));
  auto compare = with({"diff", "--cached", "--quiet"});
  CO_TRY(const int changed, co_await git(executor, std::move(compare), workspace));
  if (changed == 0) co_return Result<>{};
  auto commit_now =
      with({"commit", "--quiet", "--no-verify", "--message=" + std::string(utf8_prefix(printable(why, 200), 200))});
  CO_TRY([[maybe_unused]] const int committed, co_await git(executor, std::move(commit_now), workspace));
  co_return Result<>{};
}

} // namespace openclaw::agent
