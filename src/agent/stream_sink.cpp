#include "agent/stream_sink.hpp"

#include <utility>

namespace openclaw::agent {

StreamSink::StreamSink(RunEvents& events, const RunInfo& run, Shown& shown, std::optional<BlockSize> blocks)
    : events_(events), run_(run), shown_(shown), blocks_(blocks) {
  shown_ = {};
}

void StreamSink::text(std::string_view delta) {
  if (delta.empty()) return;
  if (!blocks_) return show(delta);
  pending_ += delta;
  while (const auto size = block_end(pending_, *blocks_)) {
    const auto block = pending_.substr(0, size);
    pending_.erase(0, size);
    show(block);
  }
}

void StreamSink::end() {
  if (!pending_.empty()) show(std::exchange(pending_, {}));
}

void StreamSink::thinking(std::string_view delta) {
  if (delta.empty()) return;
  shown_.thinking += delta;
  events_.thinking(run_, shown_.thinking, delta);
}

void StreamSink::show(std::string_view delta) {
  shown_.text += delta;
  events_.text(run_, shown_.text, delta, fresh_);
  fresh_ = false;
}

} // namespace openclaw::agent
