#include "agent/transcript_window.hpp"

#include "agent/prompt.hpp"
#include "agent/transcript.hpp"
#include <algorithm>

#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kMostEntries = 400; // that a model may be shown

std::size_t bytes_of_all(const std::vector<ports::Message>& messages) {
  std::size_t total = 0;
  for (const auto& message : messages)
    total += bytes_of(message);
  return total;
}

} // namespace

std::size_t bytes_of(const ports::Message& message) {
  std::size_t bytes = 16;
  for (const auto& block : message.content) {
    if (const auto* text = std::get_if<ports::TextBlock>(&block))
      bytes += text->text.size();
    else if (const auto* thinking = std::get_if<ports::ThinkingBlock>(&block))
      bytes += thinking->thinking.size() + thinking->signature.size();
    else if (const auto* call = std::get_if<ports::ToolCallBlock>(&block))
      bytes += call->name.size() + call->arguments_json.size();
    else if (const auto* image = std::get_if<ports::ImageBlock>(&block))
      bytes += std::min<std::size_t>(image->base64.size(), 8192);
  }
  return bytes;
}

std::size_t bytes_of(const ports::ModelRequest& request) {
  std::size_t bytes = request.system.size() + bytes_of_all(request.messages);
  for (const auto& tool : request.tools)
    bytes += tool.name.size() + tool.description.size() + tool.schema_json.size();
  return bytes;
}

void keep_newest(std::vector<ports::Message>& messages, std::size_t limit) {
  std::size_t total = 0;
  std::size_t first = messages.size();
  while (first > 0) {
    const auto bytes = bytes_of(messages[first - 1]);
    if (first < messages.size() && total + bytes > limit) break;
    total += bytes;
    --first;
  }
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(first));
}

void keep_turns(std::vector<ports::Message>& messages, int turns) {
  for (auto at = messages.size(); at-- > 0;) {
    if (messages[at].role != ports::Role::user || messages[at].stop_reason == ports::StopReason::injected) continue;
    if (--turns > 0) continue;
    messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
}

void keep_newest_half(std::vector<ports::Message>& messages) {
  keep_newest(messages, bytes_of_all(messages) / 2);
}

Result<std::vector<ports::Message>> read_window(store::Connection& connection, const std::string& session_id,
                                                bool envelopes) {
  TRY(auto entries, read_messages(connection, session_id, kMostEntries));
  std::vector<ports::Message> messages;
  messages.reserve(entries.size());
  for (auto& entry : entries) {
    auto& message = entry.message;
    if (message.role == ports::Role::user && envelopes)
      for (auto& block : message.content)
        if (auto* text = std::get_if<ports::TextBlock>(&block))
          text->text = with_envelope(text->text, message.timestamp_ms);
    messages.push_back(std::move(message));
  }
  return messages;
}

void fit_context(std::vector<ports::Message>& messages, const ports::ModelRequest& request,
                 std::int64_t context_tokens) {
  if (context_tokens <= 0) return;
  // Three bytes a token is what ordinary text takes at least; the provider's own count corrects us by an overflow
  // error.
  std::int64_t room = context_tokens - std::min(request.max_output_tokens, context_tokens / 4);
  room = room * 3 - static_cast<std::int64_t>(request.system.size());
  for (const auto& tool : request.tools)
    room -= static_cast<std::int64_t>(tool.schema_json.size() + tool.description.size());
  keep_newest(messages, static_cast<std::size_t>(std::max<std::int64_t>(room, 1024)));
}

void add_notices(std::vector<ports::Message>& messages, const std::vector<std::string>& notices) {
  if (notices.empty()) return;
  const auto mine = std::find_if(messages.rbegin(), messages.rend(),
                                 [](const ports::Message& message) { return message.role == ports::Role::user; });
  if (mine == messages.rend()) return;
  std::string text;
  for (const auto& notice : notices)
    text += fmt::format("System: {}\n", notice);
  mine->content.insert(mine->content.begin(), ports::TextBlock{std::move(text)});
}

} // namespace openclaw::agent
