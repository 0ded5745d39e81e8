// The wire format of Google's generateContent: the request as JSON, the stream as a reply. Pure: no network, no clock.
#pragma once
#include "base/json.hpp"
#include "ports/model.hpp"
#include "ports/model_call.hpp"
#include <set>

namespace openclaw::ports::google {

// What the flags of an endpoint change:
//   thinking_level      thinking is asked for by a word (Gemini 3); else by a number of tokens
//   thinking_can_stop   a budget of 0 turns thinking off (Flash)
//   no_thinking_config  the model refuses any word about thinking
// Gemini signs single parts of a reply. Such a signature is kept in a thinking block as "call N SIGNATURE" (the N-th
// call of the message, from 0) or "text SIGNATURE", and goes back where it stood.
Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags);

// A JSON Schema as the subset that Gemini accepts: unknown keywords go, local references are resolved, null becomes
// "nullable". Nothing when no parameter is left.
std::optional<json::object> gemini_schema(const json::value& schema);

// Reads the pieces of GenerateContentResponse. There is no last event: a reply is whole when it said why it ended.
class ReplyReader final : public EventReader {
public:
  ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink);
  Result<> event(const net::ServerSentEvent& event) override;
  bool complete() const override { return false; } // the usage may follow the reason
  Result<ModelReply> finish();

private:
  Result<> part(const json::object& part);
  void add_signature(std::string_view where, const std::string& signature);
  void usage(const json::value& counted);

  ModelEndpoint endpoint_;
  std::string model_;
  ModelSink& sink_;
  std::string reply_id_;
  std::vector<Block> content_;
  std::size_t calls_ = 0;
  std::string finish_reason_;
  std::string block_reason_;
  Usage usage_;
  std::size_t size_ = 0;
};

} // namespace openclaw::ports::google
