#include "extensions/tools/exec/running.hpp"

#include "base/text.hpp"
#include <csignal>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr std::int64_t kKeptMilliseconds = 30LL * 60 * 1000;
constexpr std::size_t kMostProcesses = 64;

} // namespace

void ProcessTable::drop_old(std::int64_t now_ms) {
  std::erase_if(all_, [&](const auto& entry) {
    return entry.second->status && now_ms - entry.second->ended_ms > kKeptMilliseconds;
  });
}

Result<> ProcessTable::make_room(std::int64_t now_ms) {
  drop_old(now_ms);
  while (all_.size() >= kMostProcesses) {
    auto oldest = all_.end();
    for (auto at = all_.begin(); at != all_.end(); ++at)
      if (at->second->status && (oldest == all_.end() || at->second->ended_ms < oldest->second->ended_ms)) oldest = at;
    if (oldest == all_.end())
      return fail(Kind::busy, fmt::format("{} processes are running already.", kMostProcesses),
                  "End one with the process tool (action kill).");
    all_.erase(oldest);
  }
  return {};
}

std::shared_ptr<RunningProcess> ProcessTable::find(const std::string& id, const std::string& agent_id,
                                                   std::int64_t now_ms) {
  drop_old(now_ms);
  const auto found = all_.find(id);
  return found == all_.end() || found->second->agent_id != agent_id ? nullptr : found->second;
}

std::vector<std::shared_ptr<RunningProcess>> ProcessTable::of_agent(const std::string& agent_id, std::int64_t now_ms) {
  drop_old(now_ms);
  std::vector<std::shared_ptr<RunningProcess>> found;
  for (const auto& [id, process] : all_)
    if (process->agent_id == agent_id && (process->background || process->status)) found.push_back(process);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->started_ms < b->started_ms; });
  return found;
}

Task<> watch(std::shared_ptr<RunningProcess> running, async::Time* time) {
  const auto process = running->process;
  bool stopped = false;
  while (true) {
    auto piece = co_await process->read_output();
    stopped = !piece;
    if (!piece || !*piece) break;
    running->output.append(running->terminal ? running->terminal->take(**piece) : **piece);
  }
  Result<async::ExitStatus> status = fail(Kind::cancelled, "The gateway is stopping.");
  if (!stopped) status = co_await process->wait();
  // Nobody looks after it any more: it does not outlive the gateway.
  if (!status) status = co_await async::terminate(process, kGraceMilliseconds);
  running->timer.cancel();
  running->ended_ms = time->monotonic_ms();
  running->status = status ? *status : async::ExitStatus{.code = 255};
  running->changed.notify();
  if (running->background && running->notify)
    // Not what it printed: the notice is said in the program's own name.
    running->notify(fmt::format("The background process {} ({}) ended with code {}{}. The process tool has its output.",
                                running->id, printable(running->command, 200), running->status->code,
                                running->timed_out ? " because its time was over" : ""));
  co_return Result<>{};
}

void limit_time(const std::shared_ptr<RunningProcess>& running, std::int64_t seconds) {
  running->timer.expires_after(std::chrono::seconds(seconds));
  running->timer.async_wait([weak = std::weak_ptr(running)](boost::system::error_code code) {
    const auto held = weak.lock();
    if (code || !held || held->status) return;
    held->timed_out = true;
    held->process->signal(SIGTERM);
    held->timer.expires_after(std::chrono::milliseconds(kGraceMilliseconds));
    held->timer.async_wait([weak](boost::system::error_code again) {
      if (const auto still = weak.lock(); !again && still && !still->status) still->process->signal(SIGKILL);
    });
  });
}

} // namespace openclaw::tools
