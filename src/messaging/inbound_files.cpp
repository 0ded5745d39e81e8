#include "messaging/inbound_files.hpp"

#include "base/text.hpp"
#include "messaging/attachments.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

// What platforms give to who may not have the file: the page of a login.
bool is_web_page(std::string_view bytes) {
  const auto start = lowercase_ascii(trim(bytes.substr(0, 256)));
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<?xml");
}

} // namespace

Task<InboundFiles> take_files(agent::Runtime& runtime, ports::Channel& channel,
                              std::vector<ports::Attachment> attachments, std::string agent_id, std::int64_t limit) {
  InboundFiles taken;
  auto* files = channel.files();
  std::size_t count = 0;
  std::size_t room = kLargestAttachments;
  for (const auto& attachment : attachments) {
    if (!taken.lines.empty()) taken.lines += '\n';
    const auto name = printable(attachment.file_name.empty() ? attachment.mime_type : attachment.file_name, 100);
    const auto not_fetched = [&](std::string_view why) {
      taken.lines += fmt::format("{} ({} was not fetched: {})", placeholder(attachment), name, why);
    };
    if (!files) {
      not_fetched("this channel cannot fetch files");
      continue;
    }
    if (++count > kMostAttachments) {
      not_fetched(fmt::format("at most {} files of a message are taken", kMostAttachments));
      continue;
    }
    if (attachment.bytes > limit) {
      not_fetched(fmt::format("it has {} MB, at most {} MB are taken", (attachment.bytes + 1048575) / 1048576,
                              limit / 1048576));
      continue;
    }
    auto wanted = attachment;
    auto bytes = co_await files->fetch(std::move(wanted), static_cast<std::size_t>(limit));
    if (!bytes) {
      if (bytes.error().kind == Kind::cancelled) co_return std::unexpected(bytes.error());
      not_fetched(bytes.error().message);
      continue;
    }
    if (attachment.type == ports::Attachment::Type::image && is_web_page(*bytes)) {
      not_fetched("what came is a web page, not a picture");
      continue;
    }
    CO_TRY(const auto* workspace, runtime.workspace_of(agent_id));
    auto kept = keep_file(*workspace, attachment, *bytes);
    taken.lines += kept.line;
    for (auto& picture : kept.picture) {
      if (bytes->size() > room) break; // the file is there, the message only cannot show it
      room -= bytes->size();
      taken.pictures.push_back(std::move(picture));
    }
  }
  co_return taken;
}

} // namespace openclaw::messaging
