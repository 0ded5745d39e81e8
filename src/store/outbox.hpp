// Messages on their way to messengers: what was said must be sent once, or visibly not.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct OutboxRow {
  std::int64_t sequence = 0;
  std::string id; // also the beginning of the idempotency keys
  std::string channel;
  std::string account;
  std::string chat; // order is kept within (channel, account, chat)
  std::string run_id;
  std::string kind;  // answer, block (of the text that is being made), said (of an earlier text), notice, message
  std::string body;  // JSON text
  std::string state; // queued, sending, sent, failed, dead
  int parts_sent = 0;
  int attempts = 0;
  std::int64_t next_ms = 0; // not before
  std::int64_t created_ms = 0;
  std::string message_ids = "[]"; // JSON list of the platform's ids
  std::string error;
};

// False when the id is there already.
Result<bool> add_outgoing(Connection& connection, const OutboxRow& row);
// State, parts, attempts, next_ms, message ids and error of a row.
Result<> save_outgoing(Connection& connection, const OutboxRow& row, std::int64_t now_ms);
// queued and sending, oldest first; those after a sequence number, for whoever has seen the earlier ones.
Result<std::vector<OutboxRow>> open_outgoing(Connection& connection, std::size_t limit);
Result<std::vector<OutboxRow>> open_outgoing_after(Connection& connection, std::int64_t sequence, std::size_t limit);
Result<std::optional<OutboxRow>> find_outgoing(Connection& connection, std::string_view id);
// The blocks of a run's text that is being made, in order; and that another text begins.
Result<std::vector<OutboxRow>> blocks_of(Connection& connection, std::string_view run_id);
Result<> close_blocks(Connection& connection, std::string_view run_id);
// Whether a message of a chat, or of a thread in it, is one that we sent there lately.
Result<bool> sent_by_us(Connection& connection, std::string_view channel, std::string_view account,
                        std::string_view chat, std::string_view message_id);
// failed and dead, newest first.
Result<std::vector<OutboxRow>> troubled_outgoing(Connection& connection, std::size_t limit);
// Drops what was sent before `before_ms`; returns how many.
Result<std::int64_t> forget_sent(Connection& connection, std::int64_t before_ms);

} // namespace openclaw::store
