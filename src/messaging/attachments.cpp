#include "messaging/attachments.hpp"

#include "base/hash.hpp"
#include "base/image.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

// A name that says what it is and cannot be anything but a file in that folder.
std::string stored_name(const ports::Attachment& attachment, std::string_view picture, const std::string& id) {
  std::string ending(picture.substr(picture.empty() ? 0 : picture.find('/') + 1));
  if (const auto dot = attachment.file_name.rfind('.');
      ending.empty() && dot != std::string::npos && attachment.file_name.size() - dot <= 8)
    for (const char c : lowercase_ascii(attachment.file_name.substr(dot + 1)))
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) ending += c;
  return ending.empty() ? id : fmt::format("{}.{}", id, ending);
}

} // namespace

std::string placeholder(const ports::Attachment& attachment) {
  constexpr std::string_view names[] = {"image", "audio", "audio", "video", "document", "sticker"};
  return fmt::format("<media:{}>", names[static_cast<std::size_t>(attachment.type)]);
}

KeptFile keep_file(const sandbox::Workspace& workspace, const ports::Attachment& attachment, const std::string& bytes) {
  KeptFile kept;
  const auto picture = image_type(bytes);
  const auto name = printable(attachment.file_name.empty() ? attachment.mime_type : attachment.file_name, 100);
  const auto path = fmt::format("media/inbound/{}", stored_name(attachment, picture, sha256_hex(bytes).substr(0, 32)));
  if (auto written = workspace.write_file(path, bytes); written)
    kept.line = fmt::format("{} {} ({}, {} bytes)", placeholder(attachment), path, name, bytes.size());
  else
    kept.line = fmt::format("{} ({} was not kept: {})", placeholder(attachment), name, written.error().message);
  if (!picture.empty() && bytes.size() <= kLargestImage) {
    const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    kept.picture.push_back({std::string(picture), to_base64(view)});
  }
  return kept;
}

} // namespace openclaw::messaging
