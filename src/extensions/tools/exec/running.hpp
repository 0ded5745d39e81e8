// The processes that the exec tool started: bounded in number and in what is kept of them, and visible to their own
// agent only. Finished ones are dropped 30 minutes later, at the next look: nothing runs while nothing happens.
#pragma once
#include "async/event.hpp"
#include "async/process.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "extensions/tools/exec/output.hpp"
#include "extensions/tools/exec/terminal.hpp"
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace openclaw::tools {

struct RunningProcess {
  explicit RunningProcess(async::Executor executor) : changed(executor), timer(executor) {}
  std::string id;
  std::string agent_id;
  std::string command; // for people
  std::string directory;
  std::int64_t started_ms = 0; // monotonic
  std::int64_t ended_ms = 0;
  std::shared_ptr<async::Process> process;
  Output output;
  std::optional<TerminalText> terminal; // what runs on a terminal: its output without the control sequences
  std::uint64_t polled = 0;
  bool has_input = false;
  bool background = false;
  bool timed_out = false;
  std::optional<async::ExitStatus> status;
  async::Event changed; // when it ended
  async::Timer timer;   // for its time limit
  std::function<void(std::string)> notify;
};

class ProcessTable {
public:
  // Kind::busy when 64 are running.
  Result<> make_room(std::int64_t now_ms);
  void add(std::shared_ptr<RunningProcess> process) { all_[process->id] = std::move(process); }
  std::shared_ptr<RunningProcess> find(const std::string& id, const std::string& agent_id, std::int64_t now_ms);
  std::vector<std::shared_ptr<RunningProcess>> of_agent(const std::string& agent_id, std::int64_t now_ms);
  void remove(const std::string& id) { all_.erase(id); }

private:
  void drop_old(std::int64_t now_ms);
  std::map<std::string, std::shared_ptr<RunningProcess>> all_;
};

// Reads the output to its end and records the exit; when it is cancelled, the process is ended first.
Task<> watch(std::shared_ptr<RunningProcess> running, async::Time* time);
// SIGTERM after `seconds`, SIGKILL two seconds later.
void limit_time(const std::shared_ptr<RunningProcess>& running, std::int64_t seconds);

inline constexpr std::int64_t kGraceMilliseconds = 2000;

} // namespace openclaw::tools
