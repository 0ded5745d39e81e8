// What a run has to say to a messenger, written to the outbox in the transaction that records it.
#pragma once
#include "agent/run_events.hpp"
#include "messaging/delivery.hpp"
#include "ports/conversation.hpp"
#include "store/sqlite.hpp"

namespace openclaw::messaging {

// An end of a run: its answer, or what of it has not gone out as blocks; or why there is none. Nothing when no
// messenger waits for it: what a client asked for is its own to fail.
Result<> record_answer(store::Connection& connection, const agent::RunInfo& run, const ports::Message& message);
// A part of the answer that goes out before its end. `before`: what of the same text went out already.
Result<> record_block(store::Connection& connection, const Delivery& delivery, const agent::RunInfo& run, int number,
                      std::string_view before, std::string_view block, std::int64_t now_ms);

} // namespace openclaw::messaging
