#include "ports/model_call.hpp"

#include "async/offload.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::ports {
namespace {

constexpr std::size_t kErrorBodyLimit = 64 * 1024;
constexpr std::size_t kEncodeElsewhere = 64 * 1024;
constexpr std::size_t kLineLimit = 4 * 1024 * 1024;

// A server that accepted the request and then fell silent.
Error silent(const ModelEndpoint& endpoint, const ModelRequest& request, bool began) {
  const auto waited = (began ? request.idle_timeout_ms : request.first_token_timeout_ms) / 1000;
  const auto who = fmt::format("{}/{}", endpoint.provider, printable(request.model, 100));
  return {
      Kind::timeout,
      began ? fmt::format("{} stopped in the middle of its reply: nothing came for {} s.", who, waited)
            : fmt::format("{} sent no word of a reply within {} s.", who, waited),
      fmt::format("It is tried again by itself. Wait longer with: openclaw config set agents.defaults.llm.{} SECONDS",
                  began ? "idleTimeoutSeconds" : "firstTokenTimeoutSeconds"),
      {}};
}

Error unreachable(Error error, const ModelEndpoint& endpoint) {
  if (error.kind != Kind::transient && error.kind != Kind::timeout) return error;
  error.message = fmt::format("{} could not be asked: {}", endpoint.provider, error.message);
  if (error.hint.empty())
    error.hint = fmt::format("Is the server at {} running and reachable?", quoted(endpoint, endpoint.base_url, 200));
  return error;
}

Task<std::string> read_some_body(std::shared_ptr<net::StreamedResponse> response) {
  std::string body;
  while (body.size() < kErrorBodyLimit) {
    auto piece = co_await response->next();
    // Half an error text still says more than none.
    if (!piece || !*piece) break;
    body += **piece;
  }
  body.resize(std::min(body.size(), kErrorBodyLimit));
  co_return body;
}

bool is_json(const net::Headers& headers) {
  const auto type = headers.find("content-type");
  return type && lowercase_ascii(*type).starts_with("application/json");
}

std::size_t size_of(const ModelRequest& request) {
  std::size_t size = request.system.size();
  for (const auto& tool : request.tools)
    size += tool.schema_json.size() + tool.description.size();
  for (const auto& message : request.messages)
    for (const auto& block : message.content) {
      if (const auto* text = std::get_if<TextBlock>(&block))
        size += text->text.size();
      else if (const auto* image = std::get_if<ImageBlock>(&block))
        size += image->base64.size();
      else if (const auto* call = std::get_if<ToolCallBlock>(&block))
        size += call->arguments_json.size();
    }
  return size;
}

} // namespace

net::Outbound model_request(const ModelEndpoint& endpoint, std::string_view method, std::string_view path) {
  const auto base = without_trailing_slashes(endpoint.base_url);
  net::Outbound request{std::string(method), fmt::format("{}{}", base, path)};
  for (const auto& [name, value] : endpoint.headers)
    request.headers.set(name, value);
  return request;
}

namespace {

Task<std::string> encoded_body(SharedModelRequest request, EncodeRequest encode) {
  if (size_of(*request) < kEncodeElsewhere) co_return encode(*request);
  std::function<Result<std::string>()> work = [request, encode] { return encode(*request); };
  auto body = co_await async::offload<std::string>(std::move(work));
  co_return body;
}

} // namespace

Result<> feed_events(net::SseParser& parser, std::string_view bytes, EventReader& reader) {
  if (reader.complete()) return {};
  TRY_VOID(parser.feed(bytes));
  while (!reader.complete()) {
    const auto event = parser.next();
    if (!event) break;
    TRY_VOID(reader.event(*event));
  }
  return {};
}

Result<> end_events(net::SseParser& parser, EventReader& reader) {
  return feed_events(parser, "\n\n", reader);
}

Result<> LineParser::feed(std::string_view bytes, EventReader& reader) {
  while (!reader.complete()) {
    const auto end = bytes.find('\n');
    if (line_.size() + std::min(end, bytes.size()) > kLineLimit)
      return fail(Kind::invalid, "A line of the stream is longer than 4 MB.");
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    net::ServerSentEvent event;
    event.data = std::exchange(line_, {});
    TRY_VOID(reader.event(event));
  }
  return {};
}

Task<> stream_reply(net::HttpClient& client, net::Outbound outgoing, ModelEndpoint endpoint, SharedModelRequest request,
                    EncodeRequest encode, EventReader& reader, Framing framing) {
  const bool lines = framing == Framing::json_lines;
  outgoing.headers.set("Content-Type", "application/json");
  outgoing.headers.set("Accept", lines ? "application/x-ndjson" : "text/event-stream");
  outgoing.first_byte_timeout_ms = request->first_token_timeout_ms;
  outgoing.idle_timeout_ms = request->idle_timeout_ms;
  CO_TRY(outgoing.body, co_await encoded_body(request, std::move(encode)));
  auto opened = co_await client.open(std::move(outgoing));
  if (!opened) co_return std::unexpected(unreachable(std::move(opened).error(), endpoint));
  const auto response = std::move(*opened);
  if (response->status() != 200 || is_json(response->headers())) {
    CO_TRY(auto body, co_await read_some_body(response));
    // Some servers answer 200 and put the error into the body.
    const int status =
        response->status() == 200 && body.find("\"error\"") != std::string::npos ? 0 : response->status();
    co_return std::unexpected(model_error(endpoint, request->model, status, response->headers(), body));
  }
  net::SseParser events;
  LineParser json_lines;
  bool began = false;
  while (!reader.complete()) {
    auto piece = co_await response->next();
    if (!piece) {
      if (piece.error().kind == Kind::transient) co_return Result<>{}; // the reader knows whether anything is missing
      if (piece.error().kind == Kind::timeout) co_return std::unexpected(silent(endpoint, *request, began));
      co_return std::unexpected(std::move(piece).error());
    }
    if (!*piece) co_return lines ? json_lines.end(reader) : end_events(events, reader);
    began = true;
    CO_TRY_VOID(lines ? json_lines.feed(**piece, reader) : feed_events(events, **piece, reader));
  }
  response->finish();
  co_return Result<>{};
}

Task<std::string> fetch_text(net::HttpClient& client, net::Outbound request, ModelEndpoint endpoint) {
  auto answered = co_await client.fetch(std::move(request));
  if (!answered) co_return std::unexpected(unreachable(std::move(answered).error(), endpoint));
  if (answered->status != 200)
    co_return std::unexpected(model_error(endpoint, "", answered->status, answered->headers, answered->body));
  co_return std::move(answered->body);
}

std::string call_arguments(std::string_view text) {
  if (trim(text).empty()) return "{}";
  const auto parsed = parse_json(text, "arguments");
  if (parsed && parsed->is_object()) return std::string(text);
  if (parsed && parsed->is_null()) return "{}";
  if (parsed && parsed->is_string()) {
    const std::string inner(parsed->get_string());
    const auto object = parse_json(inner, "arguments");
    if (object && object->is_object()) return inner;
  }
  json::object marked;
  marked[kInvalidArguments] = utf8_prefix(to_valid_utf8(text.substr(0, 2000)), 2000);
  return to_text(marked);
}

std::string call_id_for(std::string_view reply_id, std::size_t position) {
  auto id = "call_" + sha256_hex(fmt::format("{}\n{}", reply_id, position));
  id.resize(5 + 24);
  return id;
}

net::Outbound bearer_request(const ModelEndpoint& endpoint, std::string_view method, std::string_view path) {
  auto request = model_request(endpoint, method, path);
  if (!endpoint.api_key.empty() && request.headers.count("Authorization") == 0)
    request.headers.set("Authorization", "Bearer " + endpoint.api_key.reveal());
  return request;
}

Task<std::vector<std::string>> fetch_ids(net::HttpClient& client, net::Outbound request, ModelEndpoint endpoint,
                                         std::string list_key, std::string id_key) {
  CO_TRY(const auto body, co_await fetch_text(client, std::move(request), std::move(endpoint)));
  CO_TRY(const auto parsed, parse_json(body, "list of models"));
  std::vector<std::string> ids;
  if (const auto* list = find(parsed, list_key); list && list->is_array())
    for (const auto& model : list->get_array())
      if (auto id = string_or(model, id_key); !id.empty()) ids.push_back(std::move(id));
  co_return ids;
}

} // namespace openclaw::ports
