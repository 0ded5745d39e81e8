// Our own signal-cli daemon: one start for each life of the connection, ended with it. What it prints is read and
// forgotten but for the faults that a person can mend: messages and keys may stand in it.
#pragma once
#include "async/process.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "extensions/channels/signal/daemon_api.hpp"
#include <memory>
#include <string>
#include <vector>

namespace openclaw::extensions::signal {

struct DaemonPlan {
  std::vector<std::string> argv; // argv[0] is a path
  std::int64_t start_within_ms = 30'000;
};

class Daemon {
public:
  // What reads a daemon's output stands on its own and ends with it, in `background`.
  Daemon(async::Scope& background, async::Time& time) : background_(background), time_(time) {}

  // Returns once it answers.
  Task<> start(DaemonPlan plan, DaemonApi& api);
  // Ends it and waits for its end; does nothing when it was not started.
  Task<> stop();

private:
  struct Output;
  static Task<> drain(std::shared_ptr<async::Process> process, std::shared_ptr<Output> output);

  async::Scope& background_;
  async::Time& time_;
  std::shared_ptr<async::Process> process_;
  std::shared_ptr<Output> output_;
};

// What a line of its output asks a person to do; nothing for every other line. Pure.
std::optional<Error> remedy_for(std::string_view line);

} // namespace openclaw::extensions::signal
