#include "messaging/parts.hpp"

#include "base/text.hpp"
#include "messaging/chunks.hpp"
#include "messaging/markdown.hpp"
#include "messaging/media_lines.hpp"
#include <functional>

namespace openclaw::messaging {
namespace {

// Takes "[[reply_to_current]]" and "[[reply_to:ID]]" out of the text.
std::string take_reply_tag(std::string& text) {
  constexpr std::string_view current = "[[reply_to_current]]";
  constexpr std::string_view named = "[[reply_to:";
  std::string found;
  for (auto at = text.find("[[reply_to"); at != std::string::npos; at = text.find("[[reply_to", at)) {
    const auto rest = std::string_view(text).substr(at);
    std::size_t length = 0;
    if (rest.starts_with(current)) {
      length = current.size();
      found = "current";
    } else if (const auto end = rest.find("]]");
               rest.starts_with(named) && end != std::string_view::npos && end < 200) {
      length = end + 2;
      found = trim(rest.substr(named.size(), end - named.size()));
    }
    if (length == 0) {
      ++at;
      continue;
    }
    text.erase(at, length);
    while (at < text.size() && text[at] == ' ' && (at == 0 || text[at - 1] == '\n'))
      text.erase(at, 1);
  }
  return found;
}

// Takes "[[audio_as_voice]]" out of the text.
bool take_voice_tag(std::string& text) {
  constexpr std::string_view tag = "[[audio_as_voice]]";
  bool found = false;
  for (auto at = text.find(tag); at != std::string::npos; at = text.find(tag)) {
    text.erase(at, tag.size());
    found = true;
  }
  return found;
}

} // namespace

Parts parts_of(std::string_view markdown, const ports::Channel& channel, std::size_t limit) {
  Parts parts;
  std::string text(markdown);
  parts.reply_to = take_reply_tag(text);
  parts.audio_as_voice = take_voice_tag(text);
  auto [words, files] = take_media_lines(text);
  const auto capabilities = channel.capabilities();
  const auto most = limit > 0 ? std::min(limit, capabilities.text_limit) : capabilities.text_limit;
  const std::function<std::size_t(const ports::rich_text::Node&)> measure = [&](const ports::rich_text::Node& node) {
    return channel.render(node).length;
  };
  const auto document = parse_markdown(trim(words));
  // A short text beside one file is its caption; a long one comes after the files, as people expect.
  const bool caption =
      files.size() == 1 && !document.children.empty() && measure(document) <= capabilities.caption_limit;
  for (auto& file : files)
    parts.parts.push_back({caption ? document : ports::rich_text::Node{}, std::move(file)});
  if (!caption)
    for (auto& piece : split_document(document, most, measure))
      parts.parts.push_back({std::move(piece), {}});
  return parts;
}

} // namespace openclaw::messaging
