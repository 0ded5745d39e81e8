#include "extensions/servers/llama/worker/chat.hpp"

#include <boost/json.hpp>

#include <utility>

namespace openclaw::llama_worker {
namespace {

namespace json = boost::json;

json::object usage_object(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

json::object frame(const std::string& id, const char* kind, std::int64_t created, const std::string& model) {
  return {{"id", id}, {"object", kind}, {"created", created}, {"model", model}};
}

std::string chunk(json::object object, json::object delta, json::value finish_reason) {
  json::object choice{{"index", 0}};
  choice["delta"] = std::move(delta);
  choice["finish_reason"] = std::move(finish_reason);
  json::array choices;
  choices.push_back(std::move(choice));
  object["choices"] = std::move(choices);
  return json::serialize(object);
}

constexpr const char* kChunkKind = "chat.completion.chunk";

} // namespace

ChatAnswer::ChatAnswer(std::string id, std::int64_t created, std::string model)
    : id_(std::move(id)), created_(created), model_(std::move(model)) {}

std::string ChatAnswer::whole(std::string_view text, std::string_view finish_reason, const Usage& usage) const {
  json::object message{{"role", "assistant"}};
  message["content"] = text;
  json::object choice{{"index", 0}};
  choice["message"] = std::move(message);
  choice["finish_reason"] = finish_reason;
  json::array choices;
  choices.push_back(std::move(choice));
  auto object = frame(id_, "chat.completion", created_, model_);
  object["choices"] = std::move(choices);
  object["usage"] = usage_object(usage);
  return json::serialize(object);
}

std::string ChatAnswer::first_chunk() const {
  return chunk(frame(id_, kChunkKind, created_, model_), {{"role", "assistant"}, {"content", ""}}, nullptr);
}

std::string ChatAnswer::text_chunk(std::string_view text) const {
  json::object delta;
  delta["content"] = text;
  return chunk(frame(id_, kChunkKind, created_, model_), std::move(delta), nullptr);
}

std::string ChatAnswer::last_chunk(std::string_view finish_reason) const {
  return chunk(frame(id_, kChunkKind, created_, model_), {}, json::string(finish_reason));
}

std::string ChatAnswer::usage_chunk(const Usage& usage) const {
  auto object = frame(id_, kChunkKind, created_, model_);
  object["choices"] = json::array();
  object["usage"] = usage_object(usage);
  return json::serialize(object);
}

std::string model_list(std::string_view model) {
  json::object entry{{"object", "model"}, {"created", 0}, {"owned_by", "openclaw"}};
  entry["id"] = model;
  json::array data;
  data.push_back(std::move(entry));
  json::object list{{"object", "list"}};
  list["data"] = std::move(data);
  return json::serialize(list);
}

} // namespace openclaw::llama_worker
