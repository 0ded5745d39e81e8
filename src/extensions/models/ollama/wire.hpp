// The wire format of Ollama's own chat: the request as JSON, the lines of the stream as a reply. Pure: no network, no
// clock.
#pragma once
#include "base/json.hpp"
#include "ports/model.hpp"
#include "ports/model_call.hpp"
#include "ports/tolerant_text.hpp"
#include <set>

namespace openclaw::ports::ollama {

// What the flags of an endpoint change:
//   keep_alive=TIME  how long the model stays loaded afterwards; else the server's own setting holds
//   lenient_tools    calls and thoughts written into the text are understood (small models without a tool template)
// The window is asked for (num_ctx): Ollama's own is small, and it forgets silently what does not fit.
Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags);

// Reads one JSON object a line, until one says "done".
class ReplyReader final : public EventReader {
public:
  // All but `tools` are copied; `tools` and `sink` must outlive the reader.
  ReplyReader(ModelEndpoint endpoint, std::string model, const std::vector<ToolSpec>& tools, ModelSink& sink);
  Result<> event(const net::ServerSentEvent& line) override;
  bool complete() const override { return done_; }
  Result<ModelReply> finish();

private:
  Result<> message(const json::object& message);
  Result<> call(const json::value& given);

  ModelEndpoint endpoint_;
  std::string model_;
  ModelSink& sink_;
  bool lenient_;
  bool offers_tools_;
  TolerantText tolerant_;
  std::string reply_id_;
  std::string text_;
  std::string thinking_;
  std::vector<ToolCallBlock> calls_;
  std::string done_reason_;
  Usage usage_;
  std::size_t size_ = 0;
  bool done_ = false;
};

// A refusal of Ollama with what helps: a model that was not pulled, that has no tools, that does not fit into memory.
Error explained(Error error, std::string_view model);

} // namespace openclaw::ports::ollama
