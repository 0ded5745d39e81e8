#include "ports/tolerant_text.hpp"

#include "base/text.hpp"
#include <algorithm>

namespace openclaw::ports {
namespace {

constexpr std::string_view kThink = "<think>";
constexpr std::string_view kThinkEnd = "</think>";
// Begins of calls anywhere, and at the start of a line only.
constexpr std::string_view kAnywhere[] = {"<tool_call", "<function=", "[TOOL_CALLS]"};
constexpr std::string_view kAtLineStart[] = {"{", "```json", "```tool"};
constexpr std::size_t kHeldLimit = 256 * 1024;

// How many bytes at the end of `text` may be the begin of `word`.
std::size_t begun_at_end(std::string_view text, std::string_view word) {
  for (std::size_t length = std::min(text.size(), word.size() - 1); length > 0; --length)
    if (word.starts_with(text.substr(text.size() - length))) return length;
  return 0;
}

bool blank(std::string_view text) {
  return trim(text).empty();
}

} // namespace

void TolerantText::feed(std::string_view delta, ModelSink& sink) {
  pending_ += delta;
  pump(sink);
}

void TolerantText::pump(ModelSink& sink) {
  if (state_ == State::start && !leave_start()) return;
  if (state_ == State::thinking && !pump_thinking(sink)) return;
  if (state_ == State::text) pump_text(sink);
  if (state_ == State::held && pending_.size() > kHeldLimit) state_ = State::plain;
  if (state_ == State::plain) show(pending_.size(), sink);
}

bool TolerantText::leave_start() {
  const auto lead = pending_.find_first_not_of(" \t\r\n");
  if (lead == std::string::npos) return false;
  const auto rest = std::string_view(pending_).substr(lead);
  if (rest.starts_with(kThink)) {
    pending_.erase(0, lead + kThink.size());
    state_ = State::thinking;
    return true;
  }
  if (kThink.starts_with(rest)) return false;
  state_ = State::text;
  return true;
}

bool TolerantText::pump_thinking(ModelSink& sink) {
  const auto end = pending_.find(kThinkEnd);
  const auto certain = end == std::string::npos ? pending_.size() - begun_at_end(pending_, kThinkEnd) : end;
  if (certain > 0) {
    sink.thinking(std::string_view(pending_).substr(0, certain));
    thinking_.append(pending_, 0, certain);
  }
  pending_.erase(0, certain + (end == std::string::npos ? 0 : kThinkEnd.size()));
  if (end == std::string::npos) return false;
  state_ = State::text;
  return true;
}

void TolerantText::pump_text(ModelSink& sink) {
  auto first = std::string::npos;
  for (const auto word : kAnywhere)
    first = std::min(first, pending_.find(word));
  for (const auto word : kAtLineStart)
    for (auto at = pending_.find(word); at < first; at = pending_.find(word, at + 1))
      if (line_is_blank_before(at)) first = at;
  if (first != std::string::npos) {
    show(first, sink);
    state_ = State::held;
    return;
  }
  std::size_t held = 0;
  for (const auto word : kAnywhere)
    held = std::max(held, begun_at_end(pending_, word));
  for (const auto word : kAtLineStart)
    if (const auto begun = begun_at_end(pending_, word); begun > held && line_is_blank_before(pending_.size() - begun))
      held = begun;
  show(pending_.size() - held, sink);
}

bool TolerantText::line_is_blank_before(std::size_t position) const {
  const auto before = std::string_view(pending_).substr(0, position);
  const auto line = before.rfind('\n');
  if (line != std::string_view::npos) return blank(before.substr(line));
  return line_blank_ && blank(before);
}

void TolerantText::show(std::size_t bytes, ModelSink& sink) {
  if (bytes == 0) return;
  line_blank_ = line_is_blank_before(bytes);
  sink.text(std::string_view(pending_).substr(0, bytes));
  shown_.append(pending_, 0, bytes);
  pending_.erase(0, bytes);
}

TolerantText::Outcome TolerantText::finish(bool look_for_calls, ModelSink& sink) {
  Outcome outcome;
  if (state_ == State::thinking) {
    if (!pending_.empty()) sink.thinking(pending_);
    thinking_ += pending_;
    pending_.clear();
  }
  if (state_ == State::held && look_for_calls) {
    auto found = find_text_calls(pending_, tools_);
    if (!found.calls.empty()) {
      outcome.calls = std::move(found.calls);
      pending_ = blank(found.rest) ? std::string() : std::move(found.rest);
    }
  }
  show(pending_.size(), sink);
  outcome.text = std::move(shown_);
  outcome.thinking = std::move(thinking_);
  return outcome;
}

} // namespace openclaw::ports
