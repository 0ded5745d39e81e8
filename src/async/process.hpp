// Child processes by posix_spawn (never fork from the gateway), each leader of its own process group.
#pragma once
#include "async/task.hpp"
#include "base/file_descriptor.hpp"
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace openclaw::async {

struct ExitStatus {
  int code = 0;   // exit code, or 128 + signal
  int signal = 0; // 0 when it exited by itself
};

struct TerminalSize {
  unsigned short columns = 120;
  unsigned short rows = 40;
};

struct SpawnOptions {
  std::vector<std::string> argv;        // argv[0] is the path of the program
  std::string program;                  // the path, where argv[0] says something else; usually empty
  std::vector<std::string> environment; // "NAME=value"; nothing is inherited
  std::string directory;                // empty: unchanged
  bool pipe_input = false;              // else /dev/null
  bool merge_error = false;             // stderr into stdout
  bool new_session = false;             // leader of a session as well: without the controlling terminal
  // A pseudo terminal of that size is input, output and error, instead of pipes; it controls no process by itself.
  std::optional<TerminalSize> terminal;
  // Descriptors to pass: {ours, the number in the child}, numbers from 3.
  std::vector<std::pair<int, int>> descriptors;
};

class Process {
public:
  virtual ~Process() = default; // kills the group if it still runs
  virtual int pid() const = 0;
  // The next piece of standard output (or error), at most 64 KiB; nothing at its end.
  virtual Task<std::optional<std::string>> read_output() = 0;
  virtual Task<std::optional<std::string>> read_error() = 0;
  virtual Task<> write_input(std::string bytes) = 0;
  virtual void close_input() = 0;
  // May be awaited by several; each gets the same answer.
  virtual Task<ExitStatus> wait() = 0;
  virtual bool running() const = 0;
  // To the whole process group. After SIGTERM or SIGKILL, members that outlive the leader are killed when wait() sees
  // its end.
  virtual void signal(int number) = 0;
};

Result<std::shared_ptr<Process>> spawn(Executor executor, SpawnOptions options);
// SIGTERM to the group, SIGKILL after `grace_ms`, then waits.
Task<ExitStatus> terminate(std::shared_ptr<Process> process, std::int64_t grace_ms);

} // namespace openclaw::async
