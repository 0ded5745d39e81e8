// A model dialect turns a conversation into one streamed reply over HTTP. It keeps no state between calls and repairs
// nothing: the conversation that it gets already obeys its rules (agent/context.hpp sees to that).
#pragma once
#include "async/task.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/conversation.hpp"
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

struct ToolSpec {
  std::string name;
  std::string description;
  std::string schema_json; // JSON Schema of an object
};

// Where a model is reached. Every base URL is configuration.
struct ModelEndpoint {
  std::string provider; // "openai"
  std::string api;      // dialect name, e.g. "openai-completions"
  std::string base_url; // "https://api.openai.com/v1", no trailing slash
  Secret api_key;       // may be empty for local servers
  std::map<std::string, std::string> headers;
  // What sets this server apart from its dialect, from its row in endpoints.json: max_completion_tokens, lenient_tools,
  // ...
  std::set<std::string> flags;
};

enum class Thinking { off, minimal, low, medium, high, xhigh };
std::string_view thinking_name(Thinking level);
// off, minimal, low, medium, high, xhigh and the everyday words for them; nothing for an unknown word.
std::optional<Thinking> thinking_from(std::string_view word);

struct ModelRequest {
  std::string model;  // the provider's own name for it
  std::string system; // byte-stable between turns
  std::vector<Message> messages;
  std::vector<ToolSpec> tools;
  Thinking thinking = Thinking::off;
  bool reasoning = false; // the model can think
  std::int64_t max_output_tokens = 8192;
  std::int64_t context_tokens = 0; // the window that the conversation was cut to; 0: unknown
  // How long the server may be silent before its first word, and between two.
  std::int64_t first_token_timeout_ms = 300'000;
  std::int64_t idle_timeout_ms = 120'000;
};

// One request, as it is encoded, sent and perhaps sent again.
using SharedModelRequest = std::shared_ptr<const ModelRequest>;

// Receives the reply while it streams. Called on the loop; must not block.
class ModelSink {
public:
  virtual ~ModelSink() = default;
  virtual void text(std::string_view delta) = 0;
  virtual void thinking(std::string_view delta) = 0;
  virtual void tool_call(std::string_view id, std::string_view name) = 0; // its arguments are still coming
};

struct ModelReply {
  std::vector<Block> content;
  StopReason stop_reason = StopReason::none; // stop, length, tool_use
  Usage usage;                               // tokens as the provider counts them; cost is filled in by the caller
};

// What a transcript must look like for this dialect.
struct DialectRules {
  bool first_is_user = false;   // the first message must be the user's
  bool alternate_roles = false; // user and assistant take turns: neighbours of one role are merged
  bool keep_thinking = false;   // signed thinking of the same model is sent back
  std::size_t tool_call_id_limit =
      64; // longer or odd ids are rewritten consistently; below 16: exactly so many letters and digits
};

// Errors carry the kind that decides what happens next: invalid (our request: never a credential problem), denied (401,
// 403), busy (429, 529; Retry-After in Error::code as "retry-after-ms=N"), transient (5xx, broken stream), timeout,
// missing (model unknown).
class Dialect {
public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;
  virtual DialectRules rules() const = 0;
  virtual Task<ModelReply> stream(net::HttpClient& client, ModelEndpoint endpoint, SharedModelRequest request,
                                  ModelSink& sink) = 0;
  // The ids that the server offers.
  virtual Task<std::vector<std::string>> list_models(net::HttpClient& client, ModelEndpoint endpoint) = 0;
};

} // namespace openclaw::ports
