// What every model dialect does around its own wire format: sending a request, telling refusals apart, reading the
// event stream. It knows no vendor's request and no vendor's events.
#pragma once
#include "net/sse.hpp"
#include "ports/model.hpp"
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace openclaw::ports {

// Takes the events of one reply. complete() is true once the rest of the stream does not matter.
class EventReader {
public:
  virtual ~EventReader() = default;
  virtual Result<> event(const net::ServerSentEvent& event) = 0;
  virtual bool complete() const = 0;
};

// Hands the events in `bytes` to the reader, until it is complete.
Result<> feed_events(net::SseParser& parser, std::string_view bytes, EventReader& reader);
// The stream ended: servers that leave out the last empty line still get their last event read.
Result<> end_events(net::SseParser& parser, EventReader& reader);

// One JSON object a line (NDJSON); each line is the data of an event.
class LineParser {
public:
  Result<> feed(std::string_view bytes, EventReader& reader);
  Result<> end(EventReader& reader) { return feed("\n", reader); }

private:
  std::string line_;
};

enum class Framing { server_sent_events, json_lines };
using EncodeRequest = std::function<Result<std::string>(const ModelRequest&)>;
// Sends the request (encoded here, or on the pool when the conversation is large) and feeds the reader; the caller then
// asks the reader whether the reply is whole. A refusal becomes model_error(), silence a Kind::timeout that says how
// long. A connection that breaks after the reader was complete is no error.
Task<> stream_reply(net::HttpClient& client, net::Outbound outgoing, ModelEndpoint endpoint, SharedModelRequest request,
                    EncodeRequest encode, EventReader& reader, Framing framing = Framing::server_sent_events);
// The body of a 200 answer (lists of models and the like).
Task<std::string> fetch_text(net::HttpClient& client, net::Outbound request, ModelEndpoint endpoint);

// A request to `path` below the endpoint's base URL, with the endpoint's own headers (the key is the dialect's
// business).
net::Outbound model_request(const ModelEndpoint& endpoint, std::string_view method, std::string_view path);
// The same with the key as most take it, unless the endpoint brings an Authorization of its own.
net::Outbound bearer_request(const ModelEndpoint& endpoint, std::string_view method, std::string_view path);
// The `id_key` of each object in the list `list_key` of the answer; empty ones are left out.
Task<std::vector<std::string>> fetch_ids(net::HttpClient& client, net::Outbound request, ModelEndpoint endpoint,
                                         std::string list_key, std::string id_key);

// A provider's refusal as ours: the kind decides what happens next, the provider's own words are quoted (at most 500
// bytes, without secrets). `status` is 0 for an error inside a stream: then its type decides. Error::code is one of
//   "retry-after-ms=N"   busy and transient, when the provider said so
//   "context-overflow"   the conversation is too long for the model: compacting helps
//   "billing"            the account has no money left: another credential may help, waiting does not
//   "content-filter"     the provider's filter stopped the reply
Error model_error(const ModelEndpoint& endpoint, std::string_view model, int status, const net::Headers& headers,
                  std::string_view body);
// The stream ended before the reply did.
Error cut_stream_error(const ModelEndpoint& endpoint, std::string_view model);
// An event that is no JSON, or not what the dialect says. Part of the reply is lost then, so nothing of it may be used.
Error broken_stream_error(const ModelEndpoint& endpoint, std::string_view why, std::string_view data);

// `text` without the endpoint's key, its header values and what looks like a key; printable; at most `limit` bytes.
std::string quoted(const ModelEndpoint& endpoint, std::string_view text, std::size_t limit = 500);
// From Retry-After (seconds, or a date measured against the answer's own Date) or retry-after-ms; at most a day.
std::optional<std::int64_t> retry_after_ms(const net::Headers& headers);

// A call's arguments as a JSON object: an empty text is {}, an object inside a JSON string is taken out, and anything
// else is {kInvalidArguments: text}.
std::string call_arguments(std::string_view text);
// An id for a call that came without one: the same for the same reply and position.
std::string call_id_for(std::string_view reply_id, std::size_t position);

} // namespace openclaw::ports
