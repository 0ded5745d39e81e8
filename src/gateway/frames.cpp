#include "gateway/frames.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::size_t kIdBytes = 256;

struct Code {
  std::string_view code;
  bool retryable;
};

// The one table from our kinds to the protocol's codes.
Code code_of(Kind kind) {
  switch (kind) {
  case Kind::invalid:
  case Kind::missing:
  case Kind::conflict:
  case Kind::denied:
    return {"INVALID_REQUEST", false};
  case Kind::busy:
  case Kind::transient:
  case Kind::timeout:
    return {"UNAVAILABLE", true};
  case Kind::cancelled:
  case Kind::remote:
  case Kind::bug:
    return {"UNAVAILABLE", false};
  }
  return {"UNAVAILABLE", false};
}

} // namespace

Result<RequestFrame> read_request(json::value frame) {
  auto* object = frame.if_object();
  if (!object) return fail(Kind::invalid, "at root: must be an object");
  const auto text = [&](std::string_view key) -> const json::string* {
    const auto* value = object->if_contains(key);
    const auto* string = value ? value->if_string() : nullptr;
    return string && !string->empty() ? string : nullptr;
  };
  const auto* type = text("type");
  if (!type || *type != "req") return fail(Kind::invalid, "at /type: must be equal to constant");
  RequestFrame request;
  const auto* id = text("id");
  if (!id || id->size() > kIdBytes) return fail(Kind::invalid, "must have required property 'id'");
  const auto* method = text("method");
  if (!method) return fail(Kind::invalid, "must have required property 'method'");
  request.id = std::string(*id);
  request.method = std::string(*method);
  if (auto* params = object->if_contains("params"); params && !params->is_null()) {
    if (!params->is_object()) return fail(Kind::invalid, "at /params: must be an object");
    request.params = std::move(params->get_object());
  }
  if (const auto* written = text("traceparent"))
    request.trace = trace::parse_traceparent(*written).value_or(trace::Context{});
  return request;
}

std::string answerable_id(const json::value& frame) {
  auto id = string_or(frame, "id");
  return id.empty() || id.size() > kIdBytes ? std::string("invalid") : id;
}

FrameText answer_frame(std::string_view id, const json::value& payload) {
  auto text = std::make_shared<std::string>(R"({"type":"res","id":)");
  *text += to_text(json::value(id));
  *text += R"(,"ok":true,"payload":)";
  *text += to_text(payload);
  *text += '}';
  return text;
}

FrameText error_frame(std::string_view id, const json::object& error, const json::value& payload) {
  json::object frame{{"type", "res"}, {"id", id}, {"ok", false}};
  if (!payload.is_null()) frame["payload"] = payload;
  frame["error"] = error;
  return std::make_shared<std::string>(to_text(frame));
}

FrameText event_frame(std::string_view event, const json::object& payload) {
  return std::make_shared<std::string>(
      to_text(json::object{{"type", "event"}, {"event", event}, {"payload", payload}}));
}

json::object protocol_error(std::string_view code, std::string_view message, json::object details) {
  json::object error{{"code", code}, {"message", message}};
  if (!details.empty()) error["details"] = std::move(details);
  return error;
}

json::object error_to_json(const Error& error) {
  const auto [code, retryable] = code_of(error.kind);
  json::object details;
  if (!error.code.empty()) details["code"] = error.code;
  if (!error.hint.empty()) details["hint"] = error.hint;
  auto object = protocol_error(code, error.message, std::move(details));
  if (retryable) object["retryable"] = true;
  return object;
}

} // namespace openclaw::gateway
