#include "agent/approvals.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kShownAfterRestartMs = 24LL * 3600 * 1000;

json::object to_json(const ApprovalRequest& request) {
  json::array argv;
  for (const auto& argument : request.argv)
    argv.push_back(json::value(argument));
  return {{"tool", request.tool},           {"command", request.command}, {"argv", std::move(argv)},
          {"directory", request.directory}, {"target", request.target},   {"resolvedPath", request.resolved_path},
          {"reason", request.reason}};
}

ApprovalRequest from_row(const store::ApprovalRow& row) {
  ApprovalRequest request;
  request.id = row.id;
  request.agent_id = row.agent_id;
  request.session_key = row.session_key;
  request.run_id = row.run_id;
  request.call_id = row.call_id;
  request.created_ms = row.created_ms;
  request.expires_ms = row.expires_ms;
  const auto parsed = parse_json(row.request, "approval");
  if (!parsed) return request;
  request.tool = string_or(*parsed, "tool");
  request.command = string_or(*parsed, "command");
  request.directory = string_or(*parsed, "directory");
  request.target = string_or(*parsed, "target");
  request.resolved_path = string_or(*parsed, "resolvedPath");
  request.reason = string_or(*parsed, "reason");
  if (const auto* argv = find(*parsed, "argv"); argv && argv->is_array())
    for (const auto& argument : argv->get_array())
      if (argument.is_string()) request.argv.emplace_back(argument.get_string());
  return request;
}

ApprovalRequest describe(const policy::Effect& effect) {
  ApprovalRequest request;
  request.tool = effect.tool;
  request.command = printable(effect.summary, 16 * 1024);
  if (effect.command) {
    for (const auto& argument : effect.command->argv)
      request.argv.push_back(printable(argument, 16 * 1024));
    request.directory = effect.command->directory;
    request.target = effect.command->target;
    request.resolved_path = effect.command->resolved_binary;
  }
  return request;
}

// A program that belongs to root, in folders that belong to root, all writable by root alone: it changes when the
// machine's owner updates it, and neither an agent nor this user can. Everything else is allowed as it is now only.
bool only_the_machine_changes(const std::string& path) {
  std::error_code failed;
  for (auto part = std::filesystem::path(path); !failed; part = part.parent_path()) {
    struct stat about{};
    if (::lstat(part.c_str(), &about) != 0 || about.st_uid != 0 || (about.st_mode & 022) != 0) return false;
    if (part == part.root_path()) return true;
  }
  return false;
}

// What the call itself sets is part of what runs, so the person who is asked reads its names.
std::string variables_note(const policy::Effect& effect) {
  if (!effect.command || effect.command->environment.empty()) return {};
  std::string names;
  for (const auto& [name, value] : effect.command->environment)
    names += (names.empty() ? "" : ", ") + name;
  return fmt::format(" It sets the variables {}.", printable(names, 500));
}

} // namespace

std::string_view decision_name(ApprovalDecision decision) {
  switch (decision) {
  case ApprovalDecision::allow_once:
    return "allow-once";
  case ApprovalDecision::allow_always:
    return "allow-always";
  case ApprovalDecision::deny:
    return "deny";
  case ApprovalDecision::expired:
    return "expired";
  }
  return "deny";
}

Approvals::Approvals(async::Executor executor, async::Time& time, Random& random, store::Database& database,
                     RunEvents& events)
    : executor_(executor), time_(time), random_(random), database_(database), events_(events) {}

Task<Approvals::Answer> Approvals::ask(RunInfo run, std::string call_id, policy::Effect effect, std::string reason,
                                       std::int64_t timeout_ms) {
  auto request = describe(effect);
  request.id = random_hex(random_, 16);
  request.agent_id = run.agent_id;
  request.session_key = run.session_key;
  request.run_id = run.run_id;
  request.call_id = call_id;
  request.reason = std::move(reason) + variables_note(effect);
  request.created_ms = time_.now_ms();
  request.expires_ms = request.created_ms + timeout_ms;

  store::ApprovalRow row{request.id, effect.digest(),           run.agent_id, run.session_key,    run.run_id,
                         call_id,    to_text(to_json(request)), "pending",    request.created_ms, request.expires_ms};
  std::function<Result<bool>(store::Connection&)> insert = [row](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::add_approval(connection, row));
    return true;
  };
  // A power cut ends the run that asks as well, so the question may go with it; an answer is synced.
  CO_TRY([[maybe_unused]] const bool stored,
         co_await database_.write<bool>(std::move(insert), store::Durability::soon));

  const auto waiting = std::make_shared<Waiting>();
  waiting->answered = std::make_shared<async::Event>(executor_);
  waiting->agent_id = run.agent_id;
  if (effect.command) waiting->rule = policy::rule_for(*effect.command);
  if (waiting->rule && only_the_machine_changes(waiting->rule->binary)) waiting->rule->sha256.clear();
  waiting_[request.id] = waiting;
  events_.approval_requested(request);

  Result<> waited;
  while (!waiting->decision && waited) {
    const auto left = request.expires_ms - time_.now_ms();
    if (left <= 0) break;
    waited = co_await waiting->answered->wait_for(left);
    if (!waited && waited.error().kind == Kind::timeout) waited = Result<>{};
  }
  waiting_.erase(request.id);
  Answer answer;
  answer.id = request.id;
  if (waiting->decision) {
    answer.decision = *waiting->decision;
    co_return answer;
  }
  // Nobody answered, or the run was stopped: the row must not be answerable any more.
  const auto id = request.id;
  const auto now = time_.now_ms();
  std::function<Result<bool>(store::Connection&)> expire = [id, now](store::Connection& connection) {
    return store::resolve_approval(connection, id, "expired", "timeout", now);
  };
  CO_TRY([[maybe_unused]] const bool expired, co_await database_.write<bool>(std::move(expire)));
  events_.approval_resolved(request.id, ApprovalDecision::expired, "timeout");
  if (!waited) co_return std::unexpected(waited.error());
  answer.decision = ApprovalDecision::expired;
  co_return answer;
}

Task<bool> Approvals::resolve(std::string id, ApprovalDecision decision, std::string resolved_by) {
  CO_TRY_VOID(check_id(id, "approval id"));
  CO_TRY(const auto known, store::find_approval(database_.reader(), id));
  if (!known)
    co_return fail(Kind::missing, fmt::format("There is no approval {}.", id),
                   "See what is pending with: openclaw approvals list");
  const bool allowed = decision != ApprovalDecision::deny;
  std::shared_ptr<Waiting> waiting;
  if (const auto at = waiting_.find(id); at != waiting_.end()) waiting = at->second;
  std::optional<store::CommandRuleRow> rule;
  if (decision == ApprovalDecision::allow_always && waiting && waiting->rule) {
    json::array arguments;
    for (const auto& argument : waiting->rule->arguments)
      arguments.push_back(json::value(argument));
    rule =
        store::CommandRuleRow{0, waiting->agent_id, waiting->rule->binary, to_text(arguments), waiting->rule->sha256};
  }
  const auto now = time_.now_ms();
  std::function<Result<bool>(store::Connection&)> update = [=](store::Connection& connection) -> Result<bool> {
    TRY(const bool changed, store::resolve_approval(connection, id, allowed ? "allowed" : "denied", resolved_by, now));
    if (changed && rule) TRY_VOID(store::add_command_rule(connection, *rule, resolved_by, now));
    return changed;
  };
  CO_TRY(const bool changed, co_await database_.write<bool>(std::move(update)));
  if (!changed)
    co_return fail(Kind::conflict, "This approval was already answered or has expired.",
                   "If it is still wanted, let the agent ask again.");
  if (waiting) {
    waiting->decision = decision;
    waiting->answered->notify();
  }
  events_.approval_resolved(id, decision, resolved_by);
  co_return decision != ApprovalDecision::allow_always || rule.has_value();
}

Result<std::vector<ApprovalRequest>> Approvals::pending() {
  TRY(const auto rows, store::pending_approvals(database_.reader(), time_.now_ms()));
  std::vector<ApprovalRequest> requests;
  for (const auto& row : rows)
    requests.push_back(from_row(row));
  return requests;
}

Result<std::vector<ApprovalRequest>> Approvals::lost_by_restart() {
  TRY(const auto rows, store::approvals_lost_by_restart(database_.reader(), time_.now_ms() - kShownAfterRestartMs));
  std::vector<ApprovalRequest> requests;
  for (const auto& row : rows)
    requests.push_back(from_row(row));
  return requests;
}

} // namespace openclaw::agent
