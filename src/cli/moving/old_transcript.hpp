// A transcript of OpenClaw in any of its versions, read as far as it is whole: the current branch as entries of this
// program, and the text of the file that other programs go on reading.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::cli {

struct OldTranscript {
  struct Line {
    std::string id;
    std::string body; // of version 3: as it stands in the file
  };
  std::string id; // of the header; empty when there is none
  std::int64_t created_ms = 0;
  std::vector<Line> branch;   // from the root to the last entry
  std::string text;           // all whole entries with a header of version 3
  std::size_t messages = 0;   // in the branch
  std::size_t elsewhere = 0;  // entries of other branches: in the text only
  std::size_t damaged = 0;    // whole lines that are no entries
  std::size_t torn_bytes = 0; // behind the last whole line
  bool converted = false;     // from version 1 or 2
  bool compacted = false;
};

// `session_id` stands in for a missing header.
OldTranscript read_old_transcript(std::string_view text, const std::string& session_id);
std::int64_t parse_iso_ms(std::string_view text); // 0 when it is no time

} // namespace openclaw::cli
