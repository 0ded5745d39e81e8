// An answer as the messages of a platform: its text in pieces, its files, in order. The same answer always gives the
// same parts, so that sending can go on after a restart where it stopped.
#pragma once
#include "ports/channel.hpp"
#include <string>
#include <vector>

namespace openclaw::messaging {

struct Part {
  ports::rich_text::Node text; // the message, or the file's caption
  std::string file;            // path in the agent's workspace, empty: a text
};

struct Parts {
  std::vector<Part> parts;
  std::string reply_to;        // [[reply_to:ID]]; "current" for [[reply_to_current]]
  bool audio_as_voice = false; // [[audio_as_voice]]: sound goes out as a voice note
};

// Lines "MEDIA:path" become files; tags are taken out. `limit` overrides the channel's text limit when it is
// smaller and not 0.
Parts parts_of(std::string_view markdown, const ports::Channel& channel, std::size_t limit);

} // namespace openclaw::messaging
