// The wire format of OpenAI's chat completions, as its many compatible servers speak it: the request as JSON, the
// stream as a reply. Pure: no network, no clock.
#pragma once
#include "base/json.hpp"
#include "ports/model.hpp"
#include "ports/model_call.hpp"
#include "ports/tolerant_text.hpp"
#include <set>

namespace openclaw::ports::openai {

// What the flags of an endpoint change:
//   max_completion_tokens  the limit goes under this name (OpenAI); else under max_tokens, which every other server
//                          knows
//   reasoning_effort       levels of thinking are sent
//   store_false            "store": false is sent (OpenAI keeps conversations otherwise)
//   no_stream_options      the server refuses stream_options, and sends its usage unasked or not at all
//   no_tools               the server refuses tools (Perplexity)
//   reasoning_content      the model wants its earlier reasoning back (DeepSeek)
//   lenient_tools          calls and thoughts written into the text are understood (small local models)
Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags);

// Reads chat.completion.chunk events. Any event that it cannot read fails the reply: a lost piece could turn one tool
// call into another that is valid too.
class ReplyReader final : public EventReader {
public:
  // All but `tools` are copied; `tools` and `sink` must outlive the reader.
  ReplyReader(ModelEndpoint endpoint, std::string model, const std::vector<ToolSpec>& tools, ModelSink& sink);
  Result<> event(const net::ServerSentEvent& event) override;
  bool complete() const override { return done_; }
  // The reply when it is whole; Kind::transient when the stream ended before.
  Result<ModelReply> finish();

private:
  struct Call {
    std::int64_t index = -1;
    std::string given_id;
    std::string id;
    std::string name;
    std::string arguments;
    bool announced = false;
  };
  Result<> choice(const json::object& choice);
  Result<> calls(const json::array& deltas);
  Call* call_for(std::int64_t index, std::string_view id, bool named);
  void content(const json::value& value);
  void add_text(std::string_view delta);
  void add_thinking(std::string_view delta);
  void usage(const json::object& usage);
  void add_calls(ModelReply& reply, std::vector<TextCall> text_calls);

  ModelEndpoint endpoint_;
  std::string model_;
  ModelSink& sink_;
  bool lenient_;
  bool offers_tools_;
  TolerantText tolerant_;
  std::string reply_id_;
  std::string text_;
  std::string thinking_;
  std::vector<Call> calls_;
  std::string finish_reason_;
  Usage usage_;
  std::size_t size_ = 0;
  bool done_ = false;
};

} // namespace openclaw::ports::openai
