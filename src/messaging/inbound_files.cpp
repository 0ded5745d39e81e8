#include "messaging/inbound_files.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kMostFiles = 10;

// A name that says what it is and cannot be anything but a file in that folder.
std::string stored_name(const ports::Attachment& attachment, const std::string& id) {
  std::string ending;
  if (const auto dot = attachment.file_name.rfind('.');
      dot != std::string::npos && attachment.file_name.size() - dot <= 8)
    for (const char c : lowercase_ascii(attachment.file_name.substr(dot + 1)))
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) ending += c;
  if (ending.empty() && attachment.mime_type.starts_with("image/")) ending = attachment.mime_type.substr(6, 4);
  if (ending.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos) ending.clear();
  return ending.empty() ? id : fmt::format("{}.{}", id, ending);
}

} // namespace

std::string placeholder(const ports::Attachment& attachment) {
  constexpr std::string_view names[] = {"image", "audio", "audio", "video", "document", "sticker"};
  return fmt::format("<media:{}>", names[static_cast<std::size_t>(attachment.type)]);
}

Task<std::string> take_files(agent::Runtime& runtime, ports::Channel& channel,
                             std::vector<ports::Attachment> attachments, std::string agent_id, std::int64_t limit) {
  std::string text;
  auto* files = channel.files();
  std::size_t count = 0;
  for (const auto& attachment : attachments) {
    if (!text.empty()) text += '\n';
    const auto name = printable(attachment.file_name.empty() ? attachment.mime_type : attachment.file_name, 100);
    const auto not_fetched = [&](std::string_view why) {
      text += fmt::format("{} ({} was not fetched: {})", placeholder(attachment), name, why);
    };
    if (!files) {
      not_fetched("this channel cannot fetch files");
      continue;
    }
    if (++count > kMostFiles) {
      not_fetched(fmt::format("at most {} files of a message are taken", kMostFiles));
      continue;
    }
    if (attachment.bytes > limit) {
      not_fetched(fmt::format("it has {} MB, at most {} MB are taken", (attachment.bytes + 1048575) / 1048576, limit / 1048576));
      continue;
    }
    auto wanted = attachment;
    auto bytes = co_await files->fetch(std::move(wanted), static_cast<std::size_t>(limit));
    if (!bytes) {
      if (bytes.error().kind == Kind::cancelled) co_return std::unexpected(bytes.error());
      not_fetched(bytes.error().message);
      continue;
    }
    CO_TRY(const auto* workspace, runtime.workspace_of(agent_id));
    const auto path =
        fmt::format("media/inbound/{}", stored_name(attachment, uuid_v7(runtime.services().time, runtime.services().random)));
    if (auto written = workspace->write_file(path, *bytes); !written) {
      not_fetched(written.error().message);
      continue;
    }
    text += fmt::format("{} {} ({}, {} bytes)", placeholder(attachment), path, name, bytes->size());
  }
  co_return text;
}

} // namespace openclaw::messaging
