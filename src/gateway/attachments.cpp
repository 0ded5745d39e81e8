#include "gateway/attachments.hpp"

#include "base/text.hpp"
#include "messaging/attachments.hpp"
#include "ports/attachment_type.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

struct Sent {
  ports::Attachment about;
  std::string bytes;
};

Result<Sent> read_attachment(const json::value& value, std::size_t number) {
  Sent sent;
  sent.about.file_name = string_or(value, "fileName");
  sent.about.mime_type = string_or(value, "mimeType");
  const auto name =
      sent.about.file_name.empty() ? fmt::format("Attachment {}", number) : printable(sent.about.file_name, 100);
  const auto given = string_or(value, "content");
  std::string_view content = given;
  if (content.starts_with("data:")) {
    const auto comma = content.find(',');
    const auto head = content.substr(0, comma);
    if (comma == std::string_view::npos || !head.ends_with(";base64"))
      return fail(Kind::invalid, fmt::format("{} is not a data: URL in base64.", name));
    if (sent.about.mime_type.empty()) sent.about.mime_type = head.substr(5, head.find(';') - 5);
    content.remove_prefix(comma + 1);
  }
  const auto bytes = from_base64(content);
  if (!bytes || bytes->empty())
    return fail(Kind::invalid, fmt::format("{} is empty, or its content is not base64.", name), "Attach it again.");
  sent.bytes.assign(bytes->begin(), bytes->end());
  sent.about.type = ports::attachment_type(sent.about.mime_type);
  return sent;
}

} // namespace

Result<> add_attachments(Services& services, const json::object& params, messaging::Inbound& message) {
  const auto* list = find(params, "attachments");
  if (!list || !list->is_array() || list->get_array().empty()) return {};
  if (list->get_array().size() > messaging::kMostAttachments)
    return fail(Kind::invalid, fmt::format("A message carries at most {} attachments.", messaging::kMostAttachments),
                "Send the others with another message.");
  std::vector<Sent> files;
  std::size_t total = 0;
  for (const auto& value : list->get_array()) {
    TRY(auto file, read_attachment(value, files.size() + 1));
    total += file.bytes.size();
    files.push_back(std::move(file));
  }
  if (total > messaging::kLargestAttachments)
    return fail(Kind::invalid,
                fmt::format("The attachments have {} bytes together; at most {} are taken.", total,
                            messaging::kLargestAttachments),
                "Put large files into the agent's workspace and name them in the message.");
  TRY(const auto key, services.messaging.canonical(message.session_key));
  TRY(const auto* workspace, services.runtime.workspace_of(key.agent_id));
  for (const auto& file : files) {
    auto kept = messaging::keep_file(*workspace, file.about, file.bytes);
    message.text += (message.text.empty() ? "" : "\n") + kept.line;
    for (auto& picture : kept.picture)
      message.images.push_back(std::move(picture));
  }
  return {};
}

} // namespace openclaw::gateway
