// Approvals as durable rows, and the rules that "allow always" made. A grant is consumed in the same transaction as the
// receipt of the tool call that it allows, so it can never serve twice.
#pragma once
#include "policy/effect.hpp"
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct ApprovalRow {
  std::string id;
  std::string effect_digest;
  std::string agent_id;
  std::string session_key;
  std::string run_id;
  std::string call_id;
  std::string request; // JSON text, what a person is shown
  std::string state;   // pending, allowed, denied, expired, consumed
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
};

Result<> add_approval(Connection& connection, const ApprovalRow& row);
Result<std::optional<ApprovalRow>> find_approval(Connection& connection, std::string_view id);
Result<std::vector<ApprovalRow>> pending_approvals(Connection& connection, std::int64_t now_ms);
// False when it was not pending (already answered or expired).
Result<bool> resolve_approval(Connection& connection, std::string_view id, std::string_view state,
                              std::string_view resolved_by, std::int64_t now_ms);
// Turns an allowed approval into the grant that Permit::issue wants; nothing when it is not allowed (any more).
Result<std::optional<policy::Grant>> consume_approval(Connection& connection, std::string_view id, std::int64_t now_ms);
// After a restart nobody waits for these: they expire, denied, and are shown as such.
Result<> expire_pending_approvals(Connection& connection, std::int64_t now_ms);
Result<std::vector<ApprovalRow>> approvals_lost_by_restart(Connection& connection, std::int64_t since_ms);

struct CommandRuleRow {
  std::int64_t id = 0;
  std::string agent_id;
  std::string binary;
  std::string arguments;     // JSON array as text, exactly these
  std::string binary_sha256; // of the program as it was; empty: only the machine's owner can change it
};
// The same rule again takes over the program as it is now.
Result<> add_command_rule(Connection& connection, const CommandRuleRow& row, std::string_view created_by,
                          std::int64_t now_ms);
Result<std::vector<CommandRuleRow>> command_rules(Connection& connection, std::string_view agent_id);
Result<> remove_command_rule(Connection& connection, std::int64_t id);

} // namespace openclaw::store
