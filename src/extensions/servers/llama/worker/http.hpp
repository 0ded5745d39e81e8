// The part of HTTP/1.1 that the worker speaks: one request for each
// connection, with a body of declared length. No sockets here.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::llama_worker {

inline constexpr std::size_t kMaxHeaderBytes = 32UL * 1024;
inline constexpr std::size_t kMaxBodyBytes = 4UL * 1024 * 1024;

// An error as it is told to the client, in the shape that OpenAI's API uses.
struct ApiError {
  int status;
  std::string message;
  std::string type = "invalid_request_error";
  std::string code = {};
};

struct HttpHead {
  std::string method;
  std::string path; // without the query
  std::size_t content_length = 0;
  bool expects_continue = false;
  std::string authorization;  // the field's value; empty when absent
  std::size_t head_bytes = 0; // up to and with the empty line
};

// Parses the head at the start of `received`. No value means that more bytes
// are needed.
std::expected<std::optional<HttpHead>, ApiError> parse_http_head(std::string_view received);

std::string json_response(int status, std::string_view json);
std::string error_response(const ApiError& error);

// The head of a response whose body are server-sent events until the close.
std::string event_stream_head();
std::string event(std::string_view data);

} // namespace openclaw::llama_worker
