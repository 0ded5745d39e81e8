// Lines "MEDIA:path" of an answer: the agent's way to send a file of its workspace.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::messaging {

struct MediaLines {
  std::string words;              // without these lines
  std::vector<std::string> files; // paths as written, at most ten; further lines stay words
};
// Lines inside of code fences are words.
MediaLines take_media_lines(std::string_view markdown);

} // namespace openclaw::messaging
