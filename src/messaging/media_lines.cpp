#include "messaging/media_lines.hpp"

#include "base/text.hpp"

namespace openclaw::messaging {

MediaLines take_media_lines(std::string_view markdown) {
  constexpr std::size_t kMostFiles = 10;
  constexpr std::string_view kMark = "MEDIA:";
  MediaLines taken;
  bool fenced = false;
  for (const auto line : split(markdown, '\n')) {
    if (trim(line).starts_with("```")) fenced = !fenced;
    if (!fenced && line.starts_with(kMark) && taken.files.size() < kMostFiles) {
      auto path = trim(line.substr(kMark.size()));
      if (path.size() > 1 && (path.front() == '`' || path.front() == '"') && path.back() == path.front())
        path = path.substr(1, path.size() - 2);
      if (!path.empty()) {
        taken.files.emplace_back(path);
        continue;
      }
    }
    taken.words += line;
    taken.words += '\n';
  }
  return taken;
}

} // namespace openclaw::messaging
