// The text of small local models, which write tool calls into it: JSON, Hermes' <tool_call>, Qwen's <function=...>,
// Mistral's [TOOL_CALLS]; and their thoughts between <think> tags. What may become a call is held back from the reader
// until it is certain.
#pragma once
#include "ports/model.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

struct TextCall {
  std::string name;
  std::string arguments_json;
};

// Calls in a finished text, only of tools that were offered; `rest` is the text without them. JSON counts only where it
// starts a line and nothing but calls follows it, so that an example inside an explanation stays an example.
struct TextCalls {
  std::vector<TextCall> calls;
  std::string rest;
};
TextCalls find_text_calls(std::string_view text, const std::vector<ToolSpec>& tools);

class TolerantText {
public:
  explicit TolerantText(const std::vector<ToolSpec>& tools) : tools_(tools) {}

  // Tells the sink what is certain by now.
  void feed(std::string_view delta, ModelSink& sink);
  struct Outcome {
    std::string thinking;
    std::string text;
    std::vector<TextCall> calls;
  };
  // `look_for_calls` is false when the reply had real calls, or was cut: what was held back is then plain text.
  Outcome finish(bool look_for_calls, ModelSink& sink);

private:
  enum class State { start, thinking, text, held, plain };
  void pump(ModelSink& sink);
  bool leave_start();
  bool pump_thinking(ModelSink& sink);
  void pump_text(ModelSink& sink);
  void show(std::size_t bytes, ModelSink& sink);
  bool line_is_blank_before(std::size_t position) const;

  const std::vector<ToolSpec>& tools_;
  State state_ = State::start;
  std::string pending_;
  std::string shown_;
  std::string thinking_;
  bool line_blank_ = true; // of the line that shown_ ends in
};

} // namespace openclaw::ports
