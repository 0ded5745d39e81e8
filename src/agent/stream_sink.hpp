// Passes a reply on to clients as it streams, whole or in blocks, and keeps what was shown: who stops or fails in the
// middle records that.
#pragma once
#include "agent/block_break.hpp"
#include "agent/run_events.hpp"
#include "ports/model.hpp"
#include <optional>
#include <string>

namespace openclaw::agent {

// What clients have seen of the reply that is streaming.
struct Shown {
  std::string text;
  std::string thinking;
};

class StreamSink final : public ports::ModelSink {
public:
  // `shown` is emptied: an attempt begins anew, and its first words replace what an earlier one showed.
  StreamSink(RunEvents& events, const RunInfo& run, Shown& shown, std::optional<BlockSize> blocks);
  void text(std::string_view delta) override;
  void thinking(std::string_view delta) override;
  void tool_call(std::string_view, std::string_view) override {}
  // Shows the rest, which is shorter than a block.
  void end();

private:
  void show(std::string_view delta);
  RunEvents& events_;
  const RunInfo& run_;
  Shown& shown_;
  std::optional<BlockSize> blocks_;
  std::string pending_;
  bool fresh_ = true;
};

} // namespace openclaw::agent
