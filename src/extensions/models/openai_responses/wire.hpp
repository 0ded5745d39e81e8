// The wire format of OpenAI's responses: the request as JSON, the stream as a reply. Pure: no network, no clock.
#pragma once
#include "base/json.hpp"
#include "ports/model.hpp"
#include "ports/model_call.hpp"
#include <map>
#include <set>

namespace openclaw::ports::responses {

// What the flags of an endpoint change:
//   reasoning_effort   levels of thinking are sent
//   reasoning_summary  a summary of the reasoning is asked for (OpenAI gives it to verified organisations only)
//   no_reasoning_items the server does not know encrypted reasoning
// Nothing is stored at the provider ("store": false): earlier reasoning goes back encrypted, as it came. A thinking
// block's signature is that whole item.
Result<std::string> encode_request(const ModelRequest& request, const std::set<std::string>& flags);

// Reads response.created ... response.completed. What an item says at its end counts, over what its pieces said.
class ReplyReader final : public EventReader {
public:
  ReplyReader(ModelEndpoint endpoint, std::string model, ModelSink& sink);
  Result<> event(const net::ServerSentEvent& event) override;
  bool complete() const override { return done_; }
  Result<ModelReply> finish();

private:
  struct Item {
    std::string type; // message, reasoning, function_call; others are passed over
    std::string text; // said, or thought
    std::string call_id;
    std::string name;
    std::string arguments;
    std::string whole; // a reasoning item as it goes back
    bool announced = false;
  };
  Result<Item*> item_at(std::int64_t index, std::string_view type);
  Result<> take_item(std::int64_t index, const json::value& given, bool ended);
  Result<> piece(std::string_view type, const json::object& event);
  Result<> end(std::string_view type, const json::object& event);
  void usage(const json::value& counted);
  void say(Item& item, std::string_view delta);

  ModelEndpoint endpoint_;
  std::string model_;
  ModelSink& sink_;
  std::string reply_id_;
  std::map<std::int64_t, Item> items_;
  std::string incomplete_; // why it was cut
  Usage usage_;
  std::size_t size_ = 0;
  bool done_ = false;
};

} // namespace openclaw::ports::responses
