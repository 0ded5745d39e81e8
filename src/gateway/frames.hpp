// The frames of the protocol as text: requests read, answers and events written. One table turns a Kind into the
// protocol's code.
#pragma once
#include "base/json.hpp"
#include "base/trace.hpp"
#include <memory>
#include <string>
#include <string_view>

namespace openclaw::gateway {

struct RequestFrame {
  std::string id;
  std::string method;
  json::object params;
  trace::Context trace; // from `traceparent`; one that is not valid counts as none
};
// Kind::invalid with the words after "invalid request frame: ". `params` may be absent or null.
Result<RequestFrame> read_request(json::value frame);
// The id to answer a broken frame with: its own when it has a usable one, else "invalid".
std::string answerable_id(const json::value& frame);

using FrameText = std::shared_ptr<const std::string>;
FrameText answer_frame(std::string_view id, const json::value& payload);
// `payload` null: none.
FrameText error_frame(std::string_view id, const json::object& error, const json::value& payload);
// An event without a number, for one connection only.
FrameText event_frame(std::string_view event, const json::object& payload);

// {code, message, details:{code?, hint?}?, retryable?, retryAfterMs?}
json::object error_to_json(const Error& error);
json::object protocol_error(std::string_view code, std::string_view message, json::object details = {});

} // namespace openclaw::gateway
