// The wire format of Anthropic's messages: the request as JSON, the stream as a reply. Pure: no network, no clock.
#pragma once
#include "base/json.hpp"
#include "ports/model.hpp"
#include "ports/model_call.hpp"
#include <map>
#include <set>

namespace openclaw::ports::anthropic {

// Stands before the data of a redacted_thinking block, kept as a signature: what is behind it is only Anthropic's to
// read.
inline constexpr std::string_view kRedacted = "redacted:";

// What the flags of an endpoint change:
//   adaptive_thinking  the model decides how long it thinks, within an effort (newer models refuse budgets)
//   bearer             the key goes as "Authorization: Bearer" (gateways in front of the API)
// The system prompt and the last block carry a cache mark, so that a turn pays for what is new. Thinking gets a part of
// max_output_tokens, never more: what a call can cost stays what was reserved for it.
Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags);

// Reads message_start ... message_stop. As with every dialect, an event that it cannot read fails the reply.
class ReplyReader final : public EventReader {
public:
  ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink);
  Result<> event(const net::ServerSentEvent& event) override;
  bool complete() const override { return done_; }
  Result<ModelReply> finish();

private:
  struct Part {
    std::string type;
    std::string text; // or thinking
    std::string signature;
    std::string id;
    std::string name;
    std::string arguments;       // as deltas
    std::string first_arguments; // as some servers send them: whole, at the start
  };
  Result<> start_part(const json::object& event);
  Result<> extend_part(const json::object& event);
  void usage(const json::value* counted);

  ModelEndpoint endpoint_;
  std::string model_;
  ModelSink& sink_;
  std::string reply_id_;
  std::map<std::int64_t, Part> parts_;
  std::string stop_reason_;
  Usage usage_;
  std::size_t size_ = 0;
  bool done_ = false;
};

} // namespace openclaw::ports::anthropic
