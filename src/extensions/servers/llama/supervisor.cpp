#include "extensions/servers/llama/supervisor.hpp"

#include "async/offload.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace openclaw::llama {
namespace {

constexpr std::size_t kSaid = 4096;
constexpr std::size_t kKeyBytes = 32;
constexpr int kBacklog = 64;
constexpr std::int64_t kGraceMs = 3000;
constexpr std::int64_t kFirstPauseMs = 25;
constexpr std::int64_t kLongestPauseMs = 250;
constexpr const char* kElse = "Or connect another model: `openclaw models` shows how.";

struct Listener {
  FileDescriptor socket;
  int port = 0;
};

Result<Listener> listen_on_loopback() {
  Listener listener{FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener.socket || ::bind(listener.socket.get(), generic, length) != 0 ||
      ::listen(listener.socket.get(), kBacklog) != 0 || ::getsockname(listener.socket.get(), generic, &length) != 0)
    return fail(Kind::transient,
                fmt::format("No socket for the embedded model can be opened: {}.", std::strerror(errno)));
  listener.port = ntohs(address.sin_port);
  return listener;
}

} // namespace

Error Supervisor::early_end(const Worker& worker) const {
  const auto said = trim(worker.said);
  return {Kind::transient,
          said.empty()
              ? std::string("The embedded model's process ended before it was ready and said nothing.")
              : fmt::format("The embedded model's process ended before it was ready: {}", printable(said, 1000)),
          said.find("libstdc++") != std::string_view::npos || said.find("libgcc_s") != std::string_view::npos
              ? "Install the C++ runtime (Debian: apt install libstdc++6)."
              : fmt::format("Try again. {}", kElse),
          {}};
}

Result<> Supervisor::check_starts() {
  const auto now = time_.monotonic_ms();
  while (!starts_.empty() && now - starts_.front() >= kStartsWithinMs)
    starts_.pop_front();
  if (starts_.size() < static_cast<std::size_t>(kMostStarts)) return {};
  const auto seconds = (starts_.front() + kStartsWithinMs - now + 999) / 1000;
  return fail(Kind::busy,
              fmt::format("The embedded model's process was started {} times within {} minutes and did not stay. {}",
                          kMostStarts, kStartsWithinMs / 60'000, last_problem_),
              fmt::format("It is tried again in {} s. {}", seconds, kElse));
}

Result<std::shared_ptr<Supervisor::Worker>> Supervisor::launch() {
  TRY(auto listener, listen_on_loopback());
  SystemRandom random;
  auto worker = std::make_shared<Worker>();
  worker->address = {listener.port, Secret(random_hex(random, kKeyBytes))};
  log::redact(worker->address.key);
  sandbox::Confinement confinement{
      .mounts = plan_.mounts, .network = sandbox::Network::none, .limits = plan_.limits, .system = true};
  sandbox::Command command;
  command.argv = plan_.argv;
  command.directory = "/";
  command.pipe_input = true;
  command.descriptors = {{listener.socket.get(), kListenDescriptor}};
  TRY(worker->process, sandbox::start(executor_, std::move(confinement), std::move(command)));
  // Our copy of the socket closes here: when the worker dies, clients are refused instead of left waiting.
  return worker;
}

// Ends with the worker, or ends it when the gateway stops.
Task<> Supervisor::watch(Self self, std::shared_ptr<Worker> worker) {
  const auto process = worker->process;
  bool asked = false;
  while (true) {
    auto piece = co_await process->read_output();
    if (!piece && piece.error().kind == Kind::cancelled) asked = true;
    if (!piece || !*piece) break;
    worker->said += **piece;
    if (worker->said.size() > kSaid) worker->said.erase(0, worker->said.size() - kSaid);
  }
  // Once its output is closed it has ended or is about to.
  const auto status = co_await async::terminate(process, kGraceMs);
  worker->ended = true;
  if (self->worker_ == worker) {
    self->worker_.reset();
    if (!asked) {
      const auto said = printable(trim(worker->said), 1000);
      self->last_problem_ = said.empty() ? "It said nothing at its end." : fmt::format("It said: {}", said);
      log::warn("llama", "The embedded model's process ended; the next message starts it again.",
                {{"status", std::to_string(status ? status->code : -1)}, {"said", said}});
    }
  }
  self->changed_.notify();
  co_return Result<>{};
}

Task<> Supervisor::wait_until_ready(Self self, std::shared_ptr<Worker> worker) {
  const auto end = self->time_.monotonic_ms() + kReadyWithinMs;
  for (auto pause = kFirstPauseMs;; pause = std::min(pause * 2, kLongestPauseMs)) {
    net::Outbound request("GET", fmt::format("http://127.0.0.1:{}/health", worker->address.port));
    request.headers.set("Authorization", "Bearer " + worker->address.key.reveal());
    request.connect_timeout_ms = 2000;
    request.first_byte_timeout_ms = 5000;
    request.body_limit = 4096;
    const auto answer = co_await self->http_.fetch(std::move(request));
    if (answer && answer->status == 200) co_return Result<>{};
    if (!answer && answer.error().kind == Kind::cancelled) co_return std::unexpected(answer.error());
    if (worker->ended) co_return std::unexpected(self->early_end(*worker));
    if (self->time_.monotonic_ms() >= end)
      co_return fail(Kind::timeout, fmt::format("The embedded model was not ready within {} s.", kReadyWithinMs / 1000),
                     fmt::format("The machine may be overloaded: try again later. {}", kElse));
    CO_TRY_VOID(co_await self->time_.sleep_ms(pause));
  }
}

Task<std::shared_ptr<Supervisor::Worker>> Supervisor::start(Self self) {
  // The first look takes some milliseconds, which the loop has not got.
  std::function<Result<sandbox::Support>()> look = []() -> Result<sandbox::Support> { return sandbox::support(); };
  CO_TRY(const auto support, co_await async::offload<sandbox::Support>(std::move(look)));
  if (!support.usable)
    co_return fail(Kind::denied, fmt::format("The embedded model only runs confined. {}", support.explanation), kElse);
  CO_TRY_VOID(self->check_starts());
  CO_TRY(auto worker, self->launch());
  self->starts_.push_back(self->time_.monotonic_ms());
  const auto watcher = self->background_.spawn("llama worker", watch(self, worker));
  Result<> ready = fail(Kind::cancelled, "The gateway is stopping.");
  if (watcher.running()) ready = co_await worker->process->write_input(worker->address.key.reveal() + "\n");
  // A worker that is gone already says more by its output than the broken pipe does.
  if (ready || ready.error().kind == Kind::conflict) ready = co_await wait_until_ready(self, worker);
  if (!ready) {
    if (ready.error().kind == Kind::cancelled)
      self->starts_.pop_back(); // no fault of the worker's
    else
      self->last_problem_ = ready.error().message;
    // Ends the output, and with it watch().
    worker->process->signal(SIGKILL);
    co_return std::unexpected(ready.error());
  }
  co_return worker;
}

Task<WorkerAddress> Supervisor::ensure(Self self) {
  while (self->starting_)
    CO_TRY_VOID(co_await self->changed_.wait());
  if (self->worker_) co_return self->worker_->address;
  self->starting_ = true;
  auto started = co_await start(self);
  self->starting_ = false;
  if (started && !(*started)->ended) self->worker_ = *started;
  self->changed_.notify();
  if (!started) co_return std::unexpected(started.error());
  co_return (*started)->address;
}

Task<WorkerAddress> Supervisor::acquire(Self self) {
  ++self->users_;
  self->idle_.cancel();
  auto address = co_await ensure(self);
  if (!address) self->release();
  co_return address;
}

void Supervisor::release() {
  if (users_ == 0 || --users_ > 0 || !worker_) return;
  idle_ = background_.spawn("llama idle", stop_when_idle(shared_from_this()));
}

Task<> Supervisor::stop_when_idle(Self self) {
  CO_TRY_VOID(co_await self->time_.sleep_ms(kIdleMs));
  if (self->users_ > 0 || !self->worker_) co_return Result<>{};
  const auto worker = std::exchange(self->worker_, nullptr);
  // That was no failure: it leaves nothing to count.
  self->starts_.clear();
  worker->process->signal(SIGTERM);
  co_return Result<>{};
}

} // namespace openclaw::llama
