#include "extensions/servers/llama/worker/http.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace openclaw::llama_worker {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool same_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

ApiError bad(const char* message) {
  return {400, message};
}

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

std::expected<void, ApiError> read_request_line(std::string_view line, HttpHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::unexpected(bad("bad request line"));
  const auto version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return std::unexpected(ApiError{505, "only HTTP/1.1 is spoken here"});
  }
  const auto target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first)) || !target.starts_with('/') || target.contains(' ')) {
    return std::unexpected(bad("bad request line"));
  }
  head.method = line.substr(0, first);
  head.path = target.substr(0, target.find('?'));
  return {};
}

std::expected<void, ApiError> read_field(std::string_view line, HttpHead& head, bool& has_length) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return std::unexpected(bad("bad header field"));
  }
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (same_ignoring_case(name, "content-length")) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (has_length || error != std::errc{} || end != value.data() + value.size()) {
      return std::unexpected(bad("bad content-length"));
    }
    if (length > kMaxBodyBytes) return std::unexpected(ApiError{413, "the body is too large"});
    has_length = true;
    head.content_length = length;
  } else if (same_ignoring_case(name, "transfer-encoding")) {
    return std::unexpected(ApiError{411, "a content-length is needed"});
  } else if (same_ignoring_case(name, "authorization")) {
    if (!head.authorization.empty()) return std::unexpected(bad("two authorization fields"));
    head.authorization = value;
  } else if (same_ignoring_case(name, "expect")) {
    head.expects_continue = same_ignoring_case(value, "100-continue");
  }
  return {};
}

std::string_view reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 431:
    return "Request Header Fields Too Large";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Internal Server Error";
  }
}

} // namespace

std::expected<std::optional<HttpHead>, ApiError> parse_http_head(std::string_view received) {
  const auto end = received.find("\r\n\r\n");
  if ((end == std::string_view::npos ? received.size() : end + 4) > kMaxHeaderBytes) {
    return std::unexpected(ApiError{431, "the header is too large"});
  }
  if (end == std::string_view::npos) return std::nullopt;

  HttpHead head;
  head.head_bytes = end + 4;
  std::string_view rest = received.substr(0, end);
  if (auto read = read_request_line(next_line(rest), head); !read) return std::unexpected(read.error());
  bool has_length = false;
  while (!rest.empty()) {
    if (auto read = read_field(next_line(rest), head, has_length); !read) {
      return std::unexpected(read.error());
    }
  }
  return head;
}

std::string json_response(int status, std::string_view json) {
  std::string response = "HTTP/1.1 " + std::to_string(status) + " ";
  response += reason(status);
  response += "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
  response += std::to_string(json.size());
  if (status == 401) response += "\r\nWWW-Authenticate: Bearer";
  if (status == 503) response += "\r\nRetry-After: 5";
  response += "\r\n\r\n";
  response += json;
  return response;
}

std::string error_response(const ApiError& error) {
  boost::json::value code = nullptr;
  if (!error.code.empty()) code = error.code;
  const boost::json::object body{
      {"error", {{"message", error.message}, {"type", error.type}, {"param", nullptr}, {"code", code}}}};
  return json_response(error.status, boost::json::serialize(body));
}

std::string event_stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
         "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
}

std::string event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

} // namespace openclaw::llama_worker
