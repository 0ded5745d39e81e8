// Accepted messages and receipts of tool calls: what a crash must not lose and must not run twice.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct InboxRow {
  std::int64_t sequence = 0;
  std::string channel;
  std::string dedupe_key;
  std::string run_id;
  std::string session_key;
  std::string body;  // JSON text: the inbound message
  std::string state; // accepted, running, answered, failed, aborted
  std::int64_t received_ms = 0;
  std::string error;
  std::string retry_of; // run that this one runs again
};

// How long an ended message stays: so long a delivery of it is recognised as a repetition, and a failed one can be
// tried again.
inline constexpr std::int64_t kInboxKeptMs = 30LL * 24 * 3600 * 1000;
// False when (channel, dedupe_key) is already there: then nothing changes. Each message takes two of the oldest rows
// with it that ended before kInboxKeptMs, so that the table never needs a sweep.
Result<bool> accept_message(Connection& connection, const InboxRow& row);
Result<std::optional<InboxRow>> find_run(Connection& connection, std::string_view run_id);
Result<std::optional<InboxRow>> find_message(Connection& connection, std::string_view channel,
                                             std::string_view dedupe_key);
Result<> set_run_state(Connection& connection, std::string_view run_id, std::string_view state, std::int64_t now_ms,
                       std::string_view error);
// Other words for a message that has not begun.
Result<> set_run_body(Connection& connection, std::string_view run_id, std::string_view body);
// accepted and running, oldest first: what a crash left.
Result<std::vector<InboxRow>> open_runs(Connection& connection);

// The body of the newest message that a session had from a messenger lately; empty: none.
Result<std::string> last_messenger_body(Connection& connection, std::string_view session_key);

struct ToolReceipt {
  std::string run_id;
  std::string call_id;
  std::string session_key;
  std::string agent_id;
  std::string tool;
  std::string risk;
  std::string summary;
  std::string effect_digest;
  std::optional<std::string> grant_id;
};
Result<> start_tool_call(Connection& connection, const ToolReceipt& receipt, std::int64_t now_ms);
Result<> finish_tool_call(Connection& connection, std::string_view run_id, std::string_view call_id, bool is_error,
                          std::int64_t now_ms);
// Started and not finished: their outcome is unknown.
Result<std::vector<ToolReceipt>> unfinished_tool_calls(Connection& connection, std::string_view run_id);

} // namespace openclaw::store
