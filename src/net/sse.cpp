#include "net/sse.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace openclaw::net {

Result<> SseParser::feed(std::string_view bytes) {
  // What was consumed goes once it is the larger part, so that feeding many pieces stays linear.
  if (at_ > 0 && at_ >= buffer_.size() / 2) {
    buffer_.erase(0, at_);
    scanned_ -= std::min(scanned_, at_);
    at_ = 0;
  }
  if (current_.data.size() + (buffer_.size() - at_) > event_limit_)
    return fail(Kind::invalid, fmt::format("A single event of the stream is larger than {} bytes.", event_limit_));
  buffer_.append(bytes);
  return {};
}

std::optional<ServerSentEvent> SseParser::next() {
  if (first_) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (buffer_.size() < mark.size() && mark.starts_with(buffer_)) return std::nullopt;
    if (buffer_.starts_with(mark)) at_ = mark.size();
    first_ = false;
  }
  while (at_ < buffer_.size()) {
    if (std::exchange(skip_line_feed_, false) && buffer_[at_] == '\n') {
      ++at_;
      continue;
    }
    const auto end = buffer_.find_first_of("\r\n", std::max(at_, scanned_));
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    const auto line = std::string_view(buffer_).substr(at_, end - at_);
    skip_line_feed_ = buffer_[end] == '\r';
    at_ = end + 1;
    if (line.empty()) {
      auto event = std::exchange(current_, ServerSentEvent{{}, {}, current_.id});
      if (!std::exchange(has_data_, false)) continue;
      return event;
    }
    const auto colon = line.find(':');
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      if (has_data_) current_.data += '\n';
      current_.data += value;
      has_data_ = true;
    } else if (field == "event") {
      current_.event = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
      current_.id = value;
    }
  }
  return std::nullopt;
}

} // namespace openclaw::net
