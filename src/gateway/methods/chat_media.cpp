// A file that the agent showed with a line "MEDIA:path". Only such files: who may read a conversation may not for that
// read the agent's workspace.
#include "base/image.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include "messaging/media_lines.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kLargestFile = 8 * 1024 * 1024;
constexpr std::int64_t kLookedThrough = 1000; // messages, as many as chat.history gives

bool shows(const ports::Message& message, const std::string& path) {
  if (message.role != ports::Role::assistant) return false;
  const auto files = messaging::take_media_lines(ports::text_of(message)).files;
  return std::ranges::find(files, path) != files.end();
}

Task<json::value> media(Call call) {
  auto& services = call.services;
  const auto path = string_or(call.params, "path");
  auto written = string_or(call.params, "sessionKey");
  CO_TRY(const auto key, services.messaging.canonical(written));
  auto& reader = services.database.reader();
  CO_TRY(const auto session, store::find_session(reader, key.canonical));
  bool shown = false;
  if (session) {
    CO_TRY(const auto entries, agent::read_messages(reader, session->session_id, kLookedThrough));
    shown = std::ranges::any_of(entries, [&](const auto& entry) { return shows(entry.message, path); });
  }
  if (!shown)
    co_return fail(Kind::missing, fmt::format("No answer of this conversation shows {}.", printable(path, 200)),
                   "Ask the agent to send it.");
  CO_TRY(const auto* workspace, services.runtime.workspace_of(key.agent_id));
  CO_TRY(const auto bytes, workspace->read_file(path, kLargestFile));
  const auto picture = image_type(bytes);
  const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  co_return json::value(
      json::object{{"fileName", path.substr(path.rfind('/') + 1)},
                   {"mimeType", picture.empty() ? std::string("application/octet-stream") : std::string(picture)},
                   {"bytes", bytes.size()},
                   {"content", to_base64(view)}});
}

} // namespace

void register_chat_media(MethodTable& table) {
  table.add({"chat.media", Scope::read, R"({"type":"object","required":["sessionKey","path"],"properties":{
    "sessionKey":{"type":"string","minLength":1},"path":{"type":"string","minLength":1,"maxLength":4096}}})",
             media});
}

} // namespace openclaw::gateway
