#include "agent/transcript.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include <boost/json/monotonic_resource.hpp>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::agent {
namespace {

json::object usage_to_json(const ports::Usage& usage) {
  // Dollars as a number, because OpenClaw's readers expect one; money is computed only from cost_micro_usd.
  const double total = usage.cost_micro_usd > 0 ? static_cast<double>(usage.cost_micro_usd) / 1e6 : 0.0;
  return {{"input", usage.input},
          {"output", usage.output},
          {"cacheRead", usage.cache_read},
          {"cacheWrite", usage.cache_write},
          {"totalTokens", usage.total()},
          {"cost", {{"input", 0}, {"output", 0}, {"cacheRead", 0}, {"cacheWrite", 0}, {"total", total}}},
          {"costMicroUsd", usage.cost_micro_usd}};
}

json::object block_to_json(const ports::Block& block) {
  if (const auto* text = std::get_if<ports::TextBlock>(&block)) return {{"type", "text"}, {"text", text->text}};
  if (const auto* thinking = std::get_if<ports::ThinkingBlock>(&block))
    return {{"type", "thinking"}, {"thinking", thinking->thinking}, {"thinkingSignature", thinking->signature}};
  if (const auto* call = std::get_if<ports::ToolCallBlock>(&block)) {
    auto arguments = parse_json(call->arguments_json, "tool call");
    return {{"type", "toolCall"},
            {"id", call->id},
            {"name", call->name},
            {"arguments", arguments && arguments->is_object() ? *arguments : json::value(json::object())}};
  }
  const auto& image = std::get<ports::ImageBlock>(block);
  return {{"type", "image"}, {"data", image.base64}, {"mimeType", image.mime_type}};
}

std::optional<ports::Block> block_from_json(const json::value& value) {
  const auto type = string_or(value, "type");
  if (type == "text") return ports::TextBlock{string_or(value, "text")};
  if (type == "thinking")
    return ports::ThinkingBlock{string_or(value, "thinking"), string_or(value, "thinkingSignature")};
  if (type == "toolCall") {
    const auto* arguments = find(value, "arguments");
    return ports::ToolCallBlock{string_or(value, "id"), string_or(value, "name"),
                                arguments ? to_text(*arguments) : std::string("{}")};
  }
  if (type == "image") return ports::ImageBlock{string_or(value, "mimeType"), string_or(value, "data")};
  return std::nullopt;
}

std::string_view role_name(ports::Role role) {
  switch (role) {
  case ports::Role::user:
    return "user";
  case ports::Role::assistant:
    return "assistant";
  case ports::Role::tool_result:
    return "toolResult";
  }
  return "user";
}

} // namespace

json::array images_to_json(const std::vector<ports::ImageBlock>& images) {
  json::array out;
  for (const auto& image : images)
    out.push_back(block_to_json(image));
  return out;
}

std::vector<ports::ImageBlock> images_from_json(const json::value* value) {
  std::vector<ports::ImageBlock> images;
  if (!value || !value->is_array()) return images;
  for (const auto& each : value->get_array()) {
    auto block = block_from_json(each);
    if (block && std::holds_alternative<ports::ImageBlock>(*block))
      images.push_back(std::move(std::get<ports::ImageBlock>(*block)));
  }
  return images;
}

json::object message_to_json(const ports::Message& message) {
  json::array content;
  for (const auto& block : message.content)
    content.push_back(block_to_json(block));
  json::object out{{"role", role_name(message.role)}};
  if (message.role == ports::Role::tool_result) {
    out["toolCallId"] = message.tool_call_id;
    out["toolName"] = message.tool_name;
  }
  out["content"] = std::move(content);
  if (message.role == ports::Role::assistant) {
    if (!message.api.empty()) out["api"] = message.api;
    out["provider"] = message.provider;
    out["model"] = message.model;
    out["usage"] = usage_to_json(message.usage);
    out["stopReason"] = ports::stop_reason_name(message.stop_reason);
    if (!message.error_message.empty()) out["errorMessage"] = message.error_message;
    if (!message.error_hint.empty()) out["errorHint"] = message.error_hint;
  }
  // A command and its answer are the gateway's, on both sides.
  if (message.role == ports::Role::user && message.stop_reason == ports::StopReason::injected)
    out["stopReason"] = ports::stop_reason_name(message.stop_reason);
  if (!message.details_json.empty())
    if (auto details = parse_json(message.details_json, "details")) out["details"] = std::move(*details);
  if (message.role == ports::Role::tool_result) out["isError"] = message.is_error;
  out["timestamp"] = message.timestamp_ms;
  return out;
}

ports::Message message_from_json(const json::value& value) {
  ports::Message message;
  const auto role = string_or(value, "role");
  message.role = role == "assistant"    ? ports::Role::assistant
                 : role == "toolResult" ? ports::Role::tool_result
                                        : ports::Role::user;
  if (const auto* content = find(value, "content")) {
    if (const auto* list = content->if_array()) {
      for (const auto& item : *list)
        if (auto block = block_from_json(item)) message.content.push_back(std::move(*block));
    } else if (content->is_string()) {
      message.content.emplace_back(ports::TextBlock{std::string(content->get_string())});
    }
  }
  message.timestamp_ms = integer_or(value, "timestamp", 0);
  message.api = string_or(value, "api");
  message.provider = string_or(value, "provider");
  message.model = string_or(value, "model");
  message.stop_reason = ports::stop_reason_from(string_or(value, "stopReason"));
  message.error_message = string_or(value, "errorMessage");
  message.error_hint = string_or(value, "errorHint");
  message.tool_call_id = string_or(value, "toolCallId");
  message.tool_name = string_or(value, "toolName");
  message.is_error = bool_or(value, "isError", false);
  if (const auto* details = find(value, "details")) message.details_json = to_text(*details);
  if (const auto* usage = find(value, "usage")) {
    message.usage.input = integer_or(*usage, "input", 0);
    message.usage.output = integer_or(*usage, "output", 0);
    message.usage.cache_read = integer_or(*usage, "cacheRead", 0);
    message.usage.cache_write = integer_or(*usage, "cacheWrite", 0);
    message.usage.cost_micro_usd = integer_or(*usage, "costMicroUsd", 0);
  }
  return message;
}

Result<Entry> append_message(store::Connection& connection, const std::string& session_id, const std::string& run_id,
                             const ports::Message& message, Random& random) {
  TRY(const auto parent, store::last_entry_id(connection, session_id));
  Entry entry;
  entry.entry_id = random_hex(random, 4); // 8 hexadecimal digits, as OpenClaw's entries have
  entry.run_id = run_id;
  entry.message = message;
  json::object line{{"type", "message"}, {"id", entry.entry_id}};
  line["parentId"] = parent.empty() ? json::value(nullptr) : json::value(parent);
  line["timestamp"] = iso_time(message.timestamp_ms);
  line["message"] = message_to_json(message);
  TRY_VOID(store::append_entry(connection, session_id, entry.entry_id, run_id, to_text(line)));
  return entry;
}

Result<std::vector<Entry>> read_messages(store::Connection& connection, const std::string& session_id,
                                         std::int64_t limit) {
  return read_messages_after(connection, session_id, 0, limit);
}

Result<std::vector<Entry>> read_messages_after(store::Connection& connection, const std::string& session_id,
                                               std::int64_t sequence, std::int64_t limit) {
  TRY(auto rows, store::read_entries(connection, session_id, limit, sequence));
  std::vector<Entry> entries;
  entries.reserve(rows.size());
  unsigned char buffer[8192];
  for (auto& row : rows) {
    json::monotonic_resource storage(buffer, sizeof buffer);
    const auto parsed = parse_json(row.body, "transcript entry", &storage);
    if (!parsed || string_or(*parsed, "type") != "message") continue;
    const auto* message = find(*parsed, "message");
    if (!message) continue;
    Entry entry;
    entry.entry_id = std::move(row.entry_id);
    entry.run_id = std::move(row.run_id);
    entry.message = message_from_json(*message);
    entry.message.run_id = entry.run_id;
    entry.sequence = row.sequence;
    entries.push_back(std::move(entry));
  }
  return entries;
}

namespace {

// Where the file stops agreeing with the database: the id in its last whole line, and the offset behind that line.
struct FileTail {
  std::string last_id;
  std::int64_t end = 0;
  bool torn = false;
};

FileTail read_tail(int file, std::int64_t size) {
  constexpr std::int64_t kMostOfALine = 256 * 1024;
  FileTail tail;
  std::string bytes;
  for (std::int64_t window = 8 * 1024;; window = kMostOfALine) {
    const std::int64_t start = std::max<std::int64_t>(0, size - window);
    bytes.resize(static_cast<std::size_t>(size - start));
    const ssize_t got = ::pread(file, bytes.data(), bytes.size(), start);
    if (got <= 0) return tail;
    bytes.resize(static_cast<std::size_t>(got));
    const auto last_newline = bytes.rfind('\n');
    const auto line_start = last_newline == std::string::npos || last_newline == 0
                                ? std::string::npos
                                : bytes.rfind('\n', last_newline - 1);
    if (line_start == std::string::npos && start > 0 && window < kMostOfALine) continue;
    tail.torn = last_newline + 1 != bytes.size();
    if (last_newline == std::string::npos) return tail;
    tail.end = start + static_cast<std::int64_t>(last_newline) + 1;
    const auto begin = line_start == std::string::npos ? 0 : line_start + 1;
    const auto line = parse_json(std::string_view(bytes).substr(begin, last_newline - begin), "transcript line");
    if (line) tail.last_id = string_or(*line, "id");
    return tail;
  }
}

Result<> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put <= 0)
      return fail(Kind::transient, fmt::format("Writing a transcript file failed: {}.", strerror(errno)),
                  "Free some space on the disk.");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

} // namespace

Result<> TranscriptFiles::update(const std::string& agent_id, const std::string& session_id, std::int64_t created_ms,
                                 const std::string& workspace) {
  TRY_VOID(check_id(agent_id, "agent id"));
  TRY_VOID(check_id(session_id, "session id"));
  const std::lock_guard lock(mutex_);
  if (!database_) {
    TRY(database_, store::Connection::open(database_path_, true));
  }
  const auto folder = fmt::format("{}/{}/sessions", folder_, agent_id);
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const auto path = fmt::format("{}/{}.jsonl", folder, session_id);
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file)
    return fail(Kind::transient, fmt::format("The transcript file {} cannot be opened: {}.", path, strerror(errno)));
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return fail(Kind::transient, "The transcript file cannot be examined.");
  const auto tail = read_tail(file.get(), info.st_size);

  // The last line is usually among the newest entries; otherwise the whole file is written anew.
  constexpr std::int64_t kNewest = 16;
  TRY(auto entries, store::read_entries(*database_, session_id, kNewest));
  const auto position = [&]() -> std::optional<std::size_t> {
    if (info.st_size > 0 && tail.last_id == session_id) return 0; // only the header is there
    for (std::size_t i = entries.size(); i-- > 0;)
      if (entries[i].entry_id == tail.last_id) return i + 1;
    return std::nullopt;
  };
  const auto found = position();
  if (!found || (*found == 0 && entries.size() == kNewest)) {
    TRY(entries, store::read_entries(*database_, session_id, 1'000'000));
  }
  std::string bytes;
  if (!found || tail.torn) {
    if (::ftruncate(file.get(), found ? tail.end : 0) != 0)
      return fail(Kind::transient, "The torn end of a transcript file cannot be cut off.");
  }
  if (!found) {
    json::object header{{"type", "session"},
                        {"version", 3},
                        {"id", session_id},
                        {"timestamp", iso_time(created_ms)},
                        {"cwd", workspace}};
    bytes = to_text(header) + "\n";
  }
  for (std::size_t i = found.value_or(0); i < entries.size(); ++i)
    bytes += entries[i].body + "\n";
  return write_all(file.get(), bytes);
}

Result<> TranscriptFiles::retire(const std::string& agent_id, const std::string& session_id, std::int64_t now_ms) {
  TRY_VOID(check_id(agent_id, "agent id"));
  TRY_VOID(check_id(session_id, "session id"));
  const auto path = fmt::format("{}/{}/sessions/{}.jsonl", folder_, agent_id, session_id);
  const auto retired = fmt::format("{}.deleted.{}", path, now_ms);
  ::rename(path.c_str(), retired.c_str());
  return {};
}

} // namespace openclaw::agent
