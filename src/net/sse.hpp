// Server-sent events (WHATWG HTML, section 9.2), parsed incrementally from any cut of the byte stream.
#pragma once
#include "base/result.hpp"
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::net {

struct ServerSentEvent {
  std::string event; // empty: "message"
  std::string data;
  std::string id;
};

class SseParser {
public:
  explicit SseParser(std::size_t event_limit = 4 * 1024 * 1024) : event_limit_(event_limit) {}
  // Kind::invalid when a single event exceeds the limit.
  Result<> feed(std::string_view bytes);
  std::optional<ServerSentEvent> next();

private:
  std::string buffer_;
  std::size_t at_ = 0;      // start of the current line
  std::size_t scanned_ = 0; // no line ends before here
  std::size_t event_limit_;
  ServerSentEvent current_;
  bool has_data_ = false;
  bool first_ = true;
  bool skip_line_feed_ = false; // the last line ended with CR
};

} // namespace openclaw::net
