#include "extensions/channels/signal/daemon.hpp"

#include "base/text.hpp"
#include "ports/companion.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::signal {
namespace {

constexpr std::int64_t kAskEachMs = 200;
constexpr std::int64_t kGraceMs = 5000;
constexpr std::size_t kLongestLine = 4096;

} // namespace

struct Daemon::Output {
  std::string line; // begun, not ended
  std::optional<Error> remedy;
  bool ended = false;
};

std::optional<Error> remedy_for(std::string_view line) {
  const auto has = [&](std::string_view part) { return line.find(part) != std::string_view::npos; };
  if (has("is not registered"))
    return Error{Kind::denied,
                 "signal-cli has no account of this number.",
                 "Link it with: signal-cli link -n OpenClaw (scan the code with Signal), or register it.",
                 {}};
  if (has("UnsupportedClassVersionError") || has("compiled by a more recent version of the Java"))
    return Error{Kind::denied,
                 "The Java on this machine is too old for signal-cli.",
                 "signal-cli 0.13 needs Java 21 or newer; set JAVA_HOME to one.",
                 {}};
  if (has("JAVA_HOME is not set") || has("java: not found") || has("java': No such file"))
    return Error{Kind::denied, "signal-cli found no Java.", "Install Java 21 or newer.", {}};
  if (has("Address already in use"))
    return Error{Kind::busy,
                 "Another program listens where our signal-cli wants to.",
                 "Set channels.signal.httpPort to a free port.",
                 {}};
  if (has("Config file is in use by another instance") || has("is in use by another instance"))
    return Error{
        Kind::busy, "Another signal-cli uses this account.", "Stop it, or set channels.signal.httpUrl to it.", {}};
  return std::nullopt;
}

Task<> Daemon::start(DaemonPlan plan, DaemonApi& api) {
  async::SpawnOptions options;
  options.argv = std::move(plan.argv);
  options.environment = ports::companion_environment();
  options.merge_error = true;
  CO_TRY(process_, async::spawn(background_.executor(), std::move(options)));
  output_ = std::make_shared<Output>();
  background_.spawn("output of signal-cli", drain(process_, output_));
  const auto until = time_.monotonic_ms() + plan.start_within_ms;
  while (true) {
    const auto there = co_await api.check();
    if (!there && there.error().kind == Kind::cancelled) co_return there;
    if (there && !output_->ended) co_return Result<>{};
    if (output_->ended) {
      if (output_->remedy) co_return std::unexpected(*output_->remedy);
      co_return fail(Kind::transient, "signal-cli ended before it answered.",
                     "See what it says with: signal-cli daemon --http");
    }
    if (time_.monotonic_ms() >= until)
      co_return fail(Kind::transient,
                     fmt::format("signal-cli did not answer within {} seconds.", plan.start_within_ms / 1000),
                     "Raise channels.signal.startupTimeoutMs on a slow machine.");
    CO_TRY_VOID(co_await time_.sleep_ms(kAskEachMs));
  }
}

Task<> Daemon::drain(std::shared_ptr<async::Process> process, std::shared_ptr<Output> output) {
  while (true) {
    auto piece = co_await process->read_output();
    if (!piece || !*piece) break;
    output->line += **piece;
    std::size_t begin = 0;
    for (auto end = output->line.find('\n'); end != std::string::npos; end = output->line.find('\n', begin)) {
      if (!output->remedy) output->remedy = remedy_for(std::string_view(output->line).substr(begin, end - begin));
      begin = end + 1;
    }
    output->line.erase(0, begin);
    if (output->line.size() > kLongestLine) output->line.clear();
  }
  if (!output->remedy) output->remedy = remedy_for(output->line);
  output->line.clear();
  output->ended = true;
  co_return Result<>{};
}

Task<> Daemon::stop() {
  auto process = std::exchange(process_, nullptr);
  if (!process) co_return Result<>{};
  auto ended = co_await async::terminate(std::move(process), kGraceMs);
  (void)ended;
  co_return Result<>{};
}

} // namespace openclaw::extensions::signal
