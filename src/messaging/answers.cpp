#include "messaging/answers.hpp"

#include "base/text.hpp"
#include "messaging/blocks.hpp"
#include "store/inbox.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

// The part of the run's last text that went out, or is about to.
Result<std::string> sent_blocks(store::Connection& connection, const std::string& run_id) {
  std::string sent;
  TRY(const auto rows, store::blocks_of(connection, run_id));
  for (const auto& row : rows) {
    TRY(const auto body, outbox_body_from(row.body));
    sent += body.raw;
  }
  return sent;
}

} // namespace

Result<> record_answer(store::Connection& connection, const agent::RunInfo& run, const ports::Message& message) {
  TRY(const auto row, store::find_run(connection, run.run_id));
  if (!row) return {};
  TRY(const auto body, parse_json(row->body, "inbox row"));
  const auto* where = find(body, "delivery");
  const auto delivery = where ? delivery_from(*where) : std::nullopt;
  if (!delivery) return {};
  const bool failed =
      message.stop_reason == ports::StopReason::error || message.stop_reason == ports::StopReason::injected;
  if (failed && row->channel == "webchat") return {};
  std::string kind = "answer";
  std::string text;
  if (message.stop_reason == ports::StopReason::error) {
    kind = "notice";
    text = as_notice(fmt::format("{}{}{}", message.error_message, message.error_hint.empty() ? "" : " ",
                                 message.error_hint.starts_with("Press Retry")
                                     ? "Send it again if you want me to try once more."
                                     : message.error_hint));
  } else if (message.stop_reason == ports::StopReason::injected) {
    kind = "notice";
    text = as_notice(ports::text_of(message));
  } else if (message.stop_reason == ports::StopReason::aborted) {
    return {}; // whoever stopped it was told by the stop's own answer
  } else {
    text = ports::text_of(message);
  }
  OutboxBody outgoing_body{*delivery, std::move(text), run.agent_id, kind == "notice"};
  outgoing_body.trace = run.trace;
  if (!message.model.empty()) outgoing_body.model = fmt::format("{}/{}", message.provider, message.model);
  if (kind == "answer") {
    TRY(const auto sent, sent_blocks(connection, run.run_id));
    outgoing_body.follows = !sent.empty();
    // Another text than the blocks were of (a model that failed in the middle): it goes out whole.
    if (auto left = rest_after(outgoing_body.text, sent); left && !sent.empty()) {
      if (trim(*left).empty()) return {};
      outgoing_body.text = whole_block(sent, *left);
    }
  }
  const auto outgoing = outgoing_row(run.run_id, kind, run.run_id, outgoing_body, message.timestamp_ms);
  TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, outgoing));
  return {};
}

Result<> record_block(store::Connection& connection, const Delivery& delivery, const agent::RunInfo& run, int number,
                      std::string_view before, std::string_view block, std::int64_t now_ms) {
  OutboxBody body{delivery, whole_block(before, block), run.agent_id, false};
  body.trace = run.trace;
  body.raw = block;
  body.follows = number > 0;
  const auto row = outgoing_row(fmt::format("{}-b{}", run.run_id, number), "block", run.run_id, body, now_ms);
  TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, row));
  return {};
}

} // namespace openclaw::messaging
