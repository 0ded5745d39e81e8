#include "extensions/tools/exec/exec.hpp"

#include "async/offload.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "extensions/tools/exec/arguments.hpp"
#include "extensions/tools/exec/binary.hpp"
#include "policy/command.hpp"
#include "ports/registry.hpp"
#include "sandbox/confine.hpp"
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr std::int64_t kUpdateMilliseconds = 250;
constexpr std::size_t kUpdateTail = 4000;

std::string network_setting(const ports::ToolContext& context) {
  if (!context.settings) return "none";
  const auto text = context.settings("exec");
  const auto settings = parse_json(text, "section tools.exec");
  return settings && string_or(*settings, "network") == "host" ? "host" : "none";
}

Result<std::string> resolve_directory(const std::string& given, const sandbox::Workspace& workspace) {
  if (given.empty()) return workspace.root();
  TRY(const auto relative, workspace.relative(given));
  auto folder = relative == "." ? workspace.root() : workspace.root() + "/" + relative;
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(Kind::missing, fmt::format("The workdir \"{}\" is no folder of the workspace {}.", printable(given),
                                           workspace.root()));
  return folder;
}

std::string_view search_path(const std::map<std::string, std::string>& environment) {
  const auto own = environment.find("PATH");
  return own == environment.end() ? std::string_view(sandbox::kPath) : std::string_view(own->second);
}

// Everything of the effect but the hash.
Result<policy::CommandEffect> describe(const ExecArguments& arguments, const ports::ToolContext& context) {
  policy::CommandEffect command;
  TRY(command.directory, resolve_directory(arguments.directory, context.workspace));
  command.environment = arguments.environment;
  command.network = network_setting(context);
  if (auto words = policy::plain_arguments(arguments.command)) {
    command.argv = std::move(*words);
  } else {
    command.argv = {"/bin/sh", "-c", arguments.command};
    command.through_shell = true;
  }
  TRY(command.resolved_binary,
      resolve_binary(command.argv[0], search_path(command.environment), command.directory, context.workspace.root()));
  return command;
}

Task<std::string> hash_elsewhere(std::string path) {
  std::function<Result<std::string>()> work = [path = std::move(path)] { return binary_hash(path); };
  co_return co_await async::offload<std::string>(std::move(work));
}

Result<std::shared_ptr<async::Process>> start_confined(async::Executor executor, const policy::CommandEffect& effect,
                                                       const ExecArguments& arguments, const std::string& root) {
  if (effect.target != "local") return fail(Kind::denied, "This tool runs commands in the sandbox only.");
  sandbox::Confinement confinement;
  confinement.mounts.push_back({root, root, true});
  confinement.network = effect.network == "host" ? sandbox::Network::host : sandbox::Network::none;
  confinement.limits.cpu_seconds = arguments.timeout_seconds;
  sandbox::Command command;
  command.argv = effect.argv;
  command.program = effect.resolved_binary;
  command.environment = effect.environment;
  command.environment.try_emplace("HOME", root);
  command.directory = effect.directory;
  command.pipe_input = arguments.background;
  if (arguments.terminal) command.terminal = async::TerminalSize{};
  return sandbox::start(executor, std::move(confinement), std::move(command));
}

json::object details_of(const RunningProcess& running, std::string_view status, std::int64_t now_ms) {
  json::object details{
      {"status", status}, {"cwd", to_valid_utf8(running.directory)}, {"durationMs", now_ms - running.started_ms}};
  return details;
}

ports::ToolResult finished_result(const RunningProcess& running) {
  auto text = running.output.text(kTextLimit);
  auto details = details_of(running, "completed", running.ended_ms);
  details["exitCode"] = running.status->code;
  details["aggregated"] = text;
  if (running.timed_out) details["timedOut"] = true;
  if (trim(text).empty()) text = "(no output)";
  if (running.timed_out)
    text += "\n\nThe command was stopped because its time was over.";
  else if (running.status->code != 0)
    text += fmt::format("\n\nThe command exited with code {}.", running.status->code);
  auto result = ports::text_result(std::move(text));
  result.details_json = to_text(details);
  result.is_error = running.status->code != 0;
  return result;
}

ports::ToolResult running_result(const RunningProcess& running, std::int64_t now_ms) {
  const auto tail = running.output.tail(kUpdateTail);
  auto details = details_of(running, "running", now_ms);
  details["sessionId"] = running.id;
  details["pid"] = running.process->pid();
  details["tail"] = tail;
  auto result = ports::text_result(fmt::format(
      "The command goes on in the background as session {} (pid {}). Use process (poll, log, kill) with this "
      "sessionId; its end is announced.{}{}",
      running.id, running.process->pid(), tail.empty() ? "" : "\n\nOutput so far:\n", tail));
  result.details_json = to_text(details);
  return result;
}

// In the foreground until it ends or the time to yield has come; then nothing, and the process is in the background.
Task<bool> wait_in_foreground(std::shared_ptr<RunningProcess> running, std::int64_t yield_ms,
                              const ports::ToolContext& context) {
  using SteadyClock = std::chrono::steady_clock;
  const auto until = SteadyClock::now() + std::chrono::milliseconds(yield_ms);
  std::uint64_t shown = 0;
  while (!running->status) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) co_return false;
    const auto waited = co_await running->changed.wait_for(std::min<std::int64_t>(left, kUpdateMilliseconds));
    if (!waited && waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
    if (!running->status && context.update && running->output.total() != shown) {
      shown = running->output.total();
      context.update(running->output.tail(kUpdateTail),
                     to_text(details_of(*running, "running", context.time.monotonic_ms())));
    }
  }
  co_return true;
}

class ExecTool final : public ports::Tool {
public:
  explicit ExecTool(std::shared_ptr<ProcessTable> table) : table_(std::move(table)) {}

  ports::ToolSpec spec() const override {
    return {"exec",
            "Run a command in the sandbox: the workspace is writable, the system read-only, and there is no network "
            "unless the owner allows it. A command that "
            "takes longer goes on in the background; look after it with the process tool.",
            kExecSchema};
  }
  std::vector<std::string> aliases() const override { return {"bash"}; }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::execute; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto parsed, parse_json(arguments_json, "arguments of exec"));
    CO_TRY(const auto arguments, read_exec_arguments(parsed));
    CO_TRY(auto command, describe(arguments, context));
    if (!command.through_shell) {
      CO_TRY(command.binary_sha256, co_await hash_elsewhere(command.resolved_binary));
    }
    policy::Effect effect;
    effect.risk = policy::Risk::execute;
    effect.tool = "exec";
    effect.summary = printable(arguments.command, 2000);
    effect.command = std::move(command);
    co_return effect;
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto parsed, parse_json(arguments_json, "arguments of exec"));
    CO_TRY(const auto arguments, read_exec_arguments(parsed));
    if (!permit.effect().command) co_return fail(Kind::bug, "The permit for exec names no command.");
    const auto& effect = *permit.effect().command;
    if (!effect.through_shell) {
      CO_TRY(const auto hash, co_await hash_elsewhere(effect.resolved_binary));
      if (hash != effect.binary_sha256)
        co_return fail(Kind::conflict,
                       fmt::format("{} was changed after the command was judged.", printable(effect.resolved_binary)),
                       "Ask for the command again.");
    }
    const auto now = context.time.monotonic_ms();
    CO_TRY_VOID(table_->make_room(now));
    const auto executor = context.background.executor();
    CO_TRY(auto process, start_confined(executor, effect, arguments, context.workspace.root()));

    SystemRandom random;
    const auto running = std::make_shared<RunningProcess>(executor);
    running->id = random_hex(random, 4);
    running->agent_id = context.agent_id;
    running->command = arguments.command;
    running->directory = effect.directory;
    running->started_ms = now;
    running->process = std::move(process);
    running->has_input = arguments.background || arguments.terminal;
    if (arguments.terminal) running->terminal.emplace();
    running->notify = context.notify;
    const auto watcher = context.background.spawn("exec " + running->id, watch(running, &context.time));
    if (!watcher.running()) co_return fail(Kind::cancelled, "The gateway is stopping; the command was not run.");
    limit_time(running, arguments.timeout_seconds);
    table_->add(running);

    const auto ended = co_await wait_in_foreground(running, arguments.background ? 0 : arguments.yield_ms, context);
    if (!ended) {
      const auto stopped = co_await async::terminate(running->process, kGraceMilliseconds);
      (void)stopped;
      table_->remove(running->id);
      co_return std::unexpected(ended.error());
    }
    if (*ended) {
      table_->remove(running->id);
      co_return finished_result(*running);
    }
    running->background = true;
    co_return running_result(*running, context.time.monotonic_ms());
  }

private:
  std::shared_ptr<ProcessTable> table_;
};

} // namespace

std::unique_ptr<ports::Tool> make_exec_tool(std::shared_ptr<ProcessTable> table) {
  return std::make_unique<ExecTool>(std::move(table));
}

} // namespace openclaw::tools

namespace openclaw::ports {

void register_tools_exec(Registry& registry);
void register_tools_exec(Registry& registry) {
  const auto table = std::make_shared<tools::ProcessTable>();
  registry.add_tool(tools::make_exec_tool(table));
  registry.add_tool(tools::make_process_tool(table));
}

} // namespace openclaw::ports
