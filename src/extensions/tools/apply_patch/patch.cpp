#include "extensions/tools/apply_patch/patch.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::tools::apply_patch {
namespace {

constexpr std::string_view kBegin = "*** Begin Patch";
constexpr std::string_view kEnd = "*** End Patch";
constexpr std::string_view kAdd = "*** Add File: ";
constexpr std::string_view kDelete = "*** Delete File: ";
constexpr std::string_view kUpdate = "*** Update File: ";
constexpr std::string_view kMove = "*** Move to: ";
constexpr std::string_view kEndOfFile = "*** End of File";
// Comparisons of lines for one file: a patch of many hunks against a long file must not hold the pool for minutes.
constexpr std::size_t kMostComparisons = 20'000'000;

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

std::unexpected<Error> wrong(std::size_t line, std::string_view what, std::string_view hint = {}) {
  return fail(Kind::invalid, fmt::format("Line {} of the patch: {}", line, what), std::string(hint));
}

class Parser {
public:
  explicit Parser(std::string_view text) : lines_(split(text, '\n')) {}

  Result<std::vector<FilePatch>> parse() {
    while (at_ < lines_.size() && trim(lines_[at_]).empty())
      ++at_;
    while (!lines_.empty() && lines_.size() > at_ && trim(lines_.back()).empty())
      lines_.pop_back();
    if (at_ >= lines_.size() || trim(lines_[at_]) != kBegin)
      return wrong(at_ + 1, fmt::format("it must begin with \"{}\".", kBegin));
    if (trim(lines_.back()) != kEnd || lines_.size() - 1 == at_)
      return wrong(lines_.size(), fmt::format("it must end with \"{}\".", kEnd));
    lines_.pop_back();
    ++at_;
    std::vector<FilePatch> files;
    while (at_ < lines_.size()) {
      if (trim(lines_[at_]).empty()) {
        ++at_;
        continue;
      }
      if (files.size() >= kMostFiles) return wrong(at_ + 1, fmt::format("more than {} files.", kMostFiles));
      TRY(auto file, file_patch());
      files.push_back(std::move(file));
    }
    if (files.empty()) return wrong(at_, "it changes no file.");
    return files;
  }

private:
  static Result<std::string> path_of(std::string_view line, std::string_view head, std::size_t number) {
    const auto path = trim(line.substr(head.size()));
    if (path.empty()) return wrong(number, "the path is missing.");
    if (path.find('\0') != std::string_view::npos) return wrong(number, "the path contains a zero byte.");
    return std::string(path);
  }

  Result<FilePatch> file_patch() {
    const auto line = lines_[at_];
    FilePatch file;
    file.line = at_ + 1;
    if (line.starts_with(kAdd)) {
      file.action = FilePatch::Action::add;
      TRY(file.path, path_of(line, kAdd, file.line));
      ++at_;
      for (; at_ < lines_.size() && lines_[at_].starts_with('+'); ++at_) {
        file.content += lines_[at_].substr(1);
        file.content += '\n';
      }
      return file;
    }
    if (line.starts_with(kDelete)) {
      file.action = FilePatch::Action::remove;
      TRY(file.path, path_of(line, kDelete, file.line));
      ++at_;
      return file;
    }
    if (!line.starts_with(kUpdate))
      return wrong(
          file.line, fmt::format("\"{}\" begins no file.", printable(line, 80)),
          "A file begins with *** Add File: PATH, *** Delete File: PATH or *** Update File: PATH; the lines of "
          "an added file begin with \"+\".");
    TRY(file.path, path_of(line, kUpdate, file.line));
    ++at_;
    if (at_ < lines_.size() && lines_[at_].starts_with(kMove)) {
      TRY(file.move_to, path_of(lines_[at_], kMove, at_ + 1));
      ++at_;
    }
    while (at_ < lines_.size() && !begins_file(lines_[at_])) {
      if (trim(lines_[at_]).empty() && ends_file(at_)) {
        ++at_;
        continue;
      }
      if (++hunks_ > kMostHunks) return wrong(at_ + 1, fmt::format("more than {} hunks.", kMostHunks));
      TRY(auto hunk, next_hunk(file.hunks.empty()));
      file.hunks.push_back(std::move(hunk));
    }
    if (file.hunks.empty() && file.move_to.empty())
      return wrong(file.line, fmt::format("the update of {} has no hunk.", printable(file.path, 200)));
    return file;
  }

  static bool begins_file(std::string_view line) {
    return line.starts_with(kAdd) || line.starts_with(kDelete) || line.starts_with(kUpdate);
  }
  // Only empty lines from here to the next file.
  bool ends_file(std::size_t from) const {
    while (from < lines_.size() && trim(lines_[from]).empty())
      ++from;
    return from == lines_.size() || begins_file(lines_[from]);
  }

  Result<Hunk> next_hunk(bool first) {
    Hunk hunk;
    hunk.line = at_ + 1;
    bool marked = false;
    for (; at_ < lines_.size() && lines_[at_].starts_with("@@"); ++at_) {
      marked = true;
      const auto rest = trim_end(lines_[at_].substr(2));
      if (rest.empty()) continue;
      if (!rest.starts_with(' ')) return wrong(at_ + 1, "after \"@@\" comes a space and a line of the file.");
      hunk.contexts.emplace_back(rest.substr(1));
    }
    if (!marked && !first) return wrong(hunk.line, "a hunk begins with \"@@\".");
    for (; at_ < lines_.size(); ++at_) {
      const auto line = lines_[at_];
      if (line.starts_with("@@") || begins_file(line)) break;
      if (trim_end(line) == kEndOfFile) {
        hunk.at_end = true;
        ++at_;
        break;
      }
      if (trim_end(line).empty()) {
        if (ends_file(at_)) break;
        hunk.lines.push_back({' ', {}});
      } else if (line[0] == ' ' || line[0] == '+' || line[0] == '-') {
        hunk.lines.push_back({line[0], std::string(line.substr(1))});
      } else {
        return wrong(at_ + 1, fmt::format("\"{}\" is no line of a hunk.", printable(line, 80)),
                     "Lines begin with a space (context), - (removed) or + (added).");
      }
    }
    if (hunk.lines.empty()) return wrong(hunk.line, "the hunk has no lines.");
    return hunk;
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::size_t hunks_ = 0;
};

enum class Likeness { exact, end, both };

bool same(std::string_view a, std::string_view b, Likeness likeness) {
  switch (likeness) {
  case Likeness::exact:
    return a == b;
  case Likeness::end:
    return trim_end(a) == trim_end(b);
  case Likeness::both:
    return trim(a) == trim(b);
  }
  return false;
}

class File {
public:
  explicit File(std::string_view content) {
    auto lines = split(content, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    // The patch has plain line ends; a file with others keeps its own.
    windows_ = !lines.empty() &&
               std::all_of(lines.begin(), lines.end(), [](std::string_view line) { return line.ends_with('\r'); });
    for (auto line : lines)
      lines_.push_back(windows_ ? line.substr(0, line.size() - 1) : line);
  }

  Result<std::string> apply(const FilePatch& patch) {
    for (const auto& hunk : patch.hunks)
      TRY_VOID(apply(hunk, patch.path));
    while (copied_ < lines_.size())
      put(lines_[copied_++]);
    return std::move(out_);
  }

private:
  void put(std::string_view line) {
    out_ += line;
    out_ += windows_ ? "\r\n" : "\n";
  }

  Result<std::size_t> seek(const std::vector<std::string_view>& wanted, std::size_t from, bool at_end) {
    if (wanted.size() > lines_.size()) return lines_.size() + 1;
    const auto last = lines_.size() - wanted.size();
    if (at_end) from = std::max(from, last);
    for (const auto likeness : {Likeness::exact, Likeness::end, Likeness::both}) {
      for (auto start = from; start <= last; ++start) {
        std::size_t matched = 0;
        do {
          if (++comparisons_ > kMostComparisons)
            return fail(Kind::invalid, "The patch has too many hunks for so long a file.", "Use fewer hunks at once.");
        } while (matched < wanted.size() && same(lines_[start + matched], wanted[matched], likeness) &&
                 ++matched < wanted.size());
        if (matched == wanted.size()) return start;
      }
    }
    return lines_.size() + 1;
  }

  Result<> apply(const Hunk& hunk, std::string_view path) {
    auto from = copied_;
    for (const auto& context : hunk.contexts) {
      TRY(const auto found, seek({context}, from, false));
      if (found > lines_.size())
        return wrong(hunk.line,
                     fmt::format("{} has no line \"{}\" here.", printable(path, 200), printable(context, 200)),
                     "Read the file again; the hunks must be in its order.");
      from = found + 1;
    }
    std::vector<std::string_view> old_lines;
    for (const auto& line : hunk.lines)
      if (line.mark != '+') old_lines.push_back(line.text);
    auto start = lines_.size();
    auto lines = hunk.lines.size();
    if (old_lines.empty()) {
      // Nothing says where: after the context, or at the end of the file.
      if (!hunk.contexts.empty() && !hunk.at_end) start = from;
    } else {
      TRY(start, seek(old_lines, from, hunk.at_end));
      // The empty last line of a patch often stands for the end of the file.
      if (start > lines_.size() && old_lines.back().empty() && hunk.lines.back().mark == ' ' && old_lines.size() > 1) {
        old_lines.pop_back();
        --lines;
        TRY(start, seek(old_lines, from, hunk.at_end));
      }
      if (start > lines_.size())
        return wrong(hunk.line,
                     fmt::format("these lines are not in {}{}:\n{}", printable(path, 200),
                                 hunk.at_end   ? " at its end"
                                 : copied_ > 0 ? " after the former hunk"
                                               : "",
                                 shown(old_lines)),
                     "Read the file again and copy the lines exactly; the hunks must be in its order.");
    }
    while (copied_ < start)
      put(lines_[copied_++]);
    for (std::size_t i = 0; i < lines; ++i) {
      const auto& line = hunk.lines[i];
      if (line.mark == '+') {
        put(line.text);
      } else {
        if (line.mark == ' ') put(lines_[copied_]);
        ++copied_;
      }
    }
    return {};
  }

  static std::string shown(const std::vector<std::string_view>& lines) {
    std::string text;
    for (std::size_t i = 0; i < lines.size() && i < 8; ++i)
      text += fmt::format("  {}\n", printable(lines[i], 160));
    if (lines.size() > 8) text += fmt::format("  … and {} more", lines.size() - 8);
    return std::string(trim_end(text));
  }

  std::vector<std::string_view> lines_;
  bool windows_ = false;
  std::string out_;
  std::size_t copied_ = 0; // lines of the file that are behind us
  std::size_t comparisons_ = 0;
};

// Some models send the here-document that a shell would have taken apart.
std::string_view without_here_document(std::string_view text) {
  const auto whole = trim(text);
  for (const std::string_view begin : {"<<EOF\n", "<<'EOF'\n", "<<\"EOF\"\n"})
    if (whole.starts_with(begin) && whole.ends_with("\nEOF") && whole.size() > begin.size() + 4)
      return whole.substr(begin.size(), whole.size() - begin.size() - 4);
  return text;
}

} // namespace

Result<std::vector<FilePatch>> parse_patch(std::string_view text) {
  if (text.size() > kPatchBytes)
    return fail(Kind::invalid, fmt::format("The patch is longer than {} bytes.", kPatchBytes), "Send it in parts.");
  return Parser(without_here_document(text)).parse();
}

Result<std::string> apply_hunks(std::string_view content, const FilePatch& patch) {
  return File(content).apply(patch);
}

} // namespace openclaw::tools::apply_patch
