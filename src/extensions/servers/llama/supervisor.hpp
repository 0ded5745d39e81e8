// Keeps the worker process: starts it confined when somebody needs it, notices its end, stops it when nobody has needed
// it for five minutes, and gives up for a while when it keeps failing. It never runs it unconfined.
#pragma once
#include "async/event.hpp"
#include "async/process.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "sandbox/confine.hpp"
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace openclaw::llama {

// The worker gets its listening socket as this descriptor and the key as the first line of its standard input; it ends
// when that closes.
inline constexpr int kListenDescriptor = 3;

struct WorkerPlan {
  std::vector<std::string> argv; // as the sandbox sees it
  std::vector<sandbox::Mount> mounts;
  sandbox::Limits limits;
};

struct WorkerAddress {
  int port = 0;
  Secret key;
};

class Supervisor : public std::enable_shared_from_this<Supervisor> {
public:
  static constexpr int kMostStarts = 3;
  static constexpr std::int64_t kStartsWithinMs = 5 * 60'000;
  static constexpr std::int64_t kIdleMs = 5 * 60'000;
  static constexpr std::int64_t kReadyWithinMs = 60'000;

  Supervisor(async::Executor executor, async::Scope& background, async::Time& time, net::HttpClient& http,
             WorkerPlan plan)
      : executor_(executor), background_(background), time_(time), http_(http), plan_(std::move(plan)),
        changed_(executor) {}

  // Ready to answer; each success wants one release().
  Task<WorkerAddress> acquire() { return acquire(shared_from_this()); }
  void release();
  bool running() const { return worker_ != nullptr; }

private:
  struct Worker {
    std::shared_ptr<async::Process> process;
    WorkerAddress address;
    std::string said; // the end of its output
    bool ended = false;
  };
  using Self = std::shared_ptr<Supervisor>;

  static Task<WorkerAddress> acquire(Self self);
  static Task<WorkerAddress> ensure(Self self);
  static Task<std::shared_ptr<Worker>> start(Self self);
  static Task<> wait_until_ready(Self self, std::shared_ptr<Worker> worker);
  static Task<> watch(Self self, std::shared_ptr<Worker> worker);
  static Task<> stop_when_idle(Self self);
  Result<std::shared_ptr<Worker>> launch();
  Result<> check_starts();
  Error early_end(const Worker& worker) const;

  async::Executor executor_;
  async::Scope& background_;
  async::Time& time_;
  net::HttpClient& http_;
  WorkerPlan plan_;
  async::Event changed_;
  std::shared_ptr<Worker> worker_; // only while it is ready
  bool starting_ = false;
  int users_ = 0;
  std::deque<std::int64_t> starts_;
  std::string last_problem_;
  async::Scope::Child idle_;
};

} // namespace openclaw::llama
