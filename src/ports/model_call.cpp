#include "ports/model_call.hpp"

#include "async/offload.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::ports {
namespace {

constexpr std::size_t kErrorBodyLimit = 64 * 1024;
constexpr std::size_t kEncodeElsewhere = 64 * 1024;

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
  auto base = std::string_view(endpoint.base_url);
  while (base.ends_with('/'))
    base.remove_suffix(1);
  net::Outbound request{std::string(method), fmt::format("{}{}", base, path)};
  for (const auto& [name, value] : endpoint.headers)
    request.headers.set(name, value);
  return request;
}

Task<std::string> encoded_body(std::shared_ptr<const ModelRequest> request, EncodeRequest encode) {
  if (size_of(*request) < kEncodeElsewhere) co_return encode(*request);
  std::function<Result<std::string>()> work = [request, encode] { return encode(*request); };
  auto body = co_await async::offload<std::string>(std::move(work));
  co_return body;
}

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

Task<> stream_events(net::HttpClient& client, net::Outbound request, ModelEndpoint endpoint, std::string model,
                     EventReader& reader) {
  auto opened = co_await client.open(std::move(request));
  if (!opened) co_return std::unexpected(unreachable(std::move(opened).error(), endpoint));
  const auto response = std::move(*opened);
  if (response->status() != 200 || is_json(response->headers())) {
    CO_TRY(auto body, co_await read_some_body(response));
    // Some servers answer 200 and put the error into the body.
    const int status =
        response->status() == 200 && body.find("\"error\"") != std::string::npos ? 0 : response->status();
    co_return std::unexpected(model_error(endpoint, model, status, response->headers(), body));
  }
  net::SseParser parser;
  while (!reader.complete()) {
    auto piece = co_await response->next();
    if (!piece) {
      if (piece.error().kind == Kind::transient) break; // the reader knows whether anything is missing
      co_return std::unexpected(unreachable(std::move(piece).error(), endpoint));
    }
    if (!*piece) {
      CO_TRY_VOID(end_events(parser, reader));
      break;
    }
    CO_TRY_VOID(feed_events(parser, **piece, reader));
  }
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

} // namespace openclaw::ports
