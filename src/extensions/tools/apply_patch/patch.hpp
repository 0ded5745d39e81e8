// The patch text that Codex's models write: files to add, delete, update and move, with hunks found by their content
// and not by line numbers. Pure: text in, text out; errors name the line of the patch.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::tools::apply_patch {

struct PatchLine {
  char mark = ' '; // ' ' context, '-' removed, '+' added
  std::string text;
};

struct Hunk {
  std::size_t line = 0;              // of the patch text, from 1
  std::vector<std::string> contexts; // what follows "@@": lines that come before, in this order
  std::vector<PatchLine> lines;
  bool at_end = false; // *** End of File
};

struct FilePatch {
  enum class Action { add, remove, update };
  Action action = Action::update;
  std::size_t line = 0;
  std::string path;
  std::string move_to;     // update only; empty: it stays
  std::string content;     // add only
  std::vector<Hunk> hunks; // update only
};

inline constexpr std::size_t kPatchBytes = 1024 * 1024;
inline constexpr std::size_t kMostFiles = 200;
inline constexpr std::size_t kMostHunks = 2000;

Result<std::vector<FilePatch>> parse_patch(std::string_view text);

// The new content. A hunk's lines are looked for after the former hunk: as they are, then without white space at their
// ends, then without any around them. Lines of context keep what the file has.
Result<std::string> apply_hunks(std::string_view content, const FilePatch& patch);

} // namespace openclaw::tools::apply_patch
