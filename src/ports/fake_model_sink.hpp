// A sink for tests: keeps what a reply said while it streamed.
#pragma once
#include "ports/model.hpp"
#include <string>
#include <variant>

namespace openclaw::ports {

class FakeModelSink final : public ModelSink {
public:
  void text(std::string_view delta) override { said += delta; }
  void thinking(std::string_view delta) override { thought += delta; }
  void tool_call(std::string_view id, std::string_view name) override {
    called += std::string(id) + "=" + std::string(name) + ";";
  }
  std::string said, thought, called;
};

// A reply in one line: <thinking|signature> [text] (id name arguments) reason in+out+read+write
inline std::string sketch(const ModelReply& reply) {
  std::string out;
  for (const auto& block : reply.content) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      out += "[" + text->text + "] ";
    else if (const auto* thought = std::get_if<ThinkingBlock>(&block))
      out += "<" + thought->thinking + "|" + thought->signature + "> ";
    else if (const auto* call = std::get_if<ToolCallBlock>(&block))
      out += "(" + call->id + " " + call->name + " " + call->arguments_json + ") ";
  }
  const auto& usage = reply.usage;
  return out + std::string(stop_reason_name(reply.stop_reason)) + " " + std::to_string(usage.input) + "+" +
         std::to_string(usage.output) + "+" + std::to_string(usage.cache_read) + "+" +
         std::to_string(usage.cache_write);
}

} // namespace openclaw::ports
