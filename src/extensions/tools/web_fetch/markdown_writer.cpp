#include "extensions/tools/web_fetch/markdown_writer.hpp"

#include "base/text.hpp"

namespace openclaw::tools::web_fetch {
namespace {
bool blank(char letter) {
  return letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r' || letter == '\f';
}
} // namespace

void MarkdownWriter::begin() {
  tight_ = false;
  if (newlines_ == 0) return;
  if (!out_.empty()) {
    while (!out_.empty() && out_.back() == ' ')
      out_.pop_back();
    for (int i = 0; i < newlines_; ++i) {
      out_ += '\n';
      const bool last = i + 1 == newlines_;
      for (const auto& prefix : prefixes_)
        out_ += last ? prefix : std::string(trim(prefix));
    }
  } else {
    for (const auto& prefix : prefixes_)
      out_ += prefix;
  }
  newlines_ = 0;
  space_ = false;
}

void MarkdownWriter::text(std::string_view words) {
  if (keep_space_) {
    out_ += words;
    return;
  }
  for (const char letter : words) {
    if (blank(letter)) {
      space_ = true;
      continue;
    }
    begin();
    if (space_ && !out_.empty() && !blank(out_.back())) out_ += ' ';
    space_ = false;
    out_ += letter;
  }
}

void MarkdownWriter::open(bool space) {
  begin();
  if ((space_ || space) && !out_.empty() && !blank(out_.back())) out_ += ' ';
  space_ = false;
}

void MarkdownWriter::mark(std::string_view signs) {
  begin();
  space_ = false;
  out_ += signs;
}

void MarkdownWriter::line() {
  if (keep_space_) {
    out_ += '\n';
    return;
  }
  if (tight_) return;
  newlines_ = std::max(newlines_, 1);
}

void MarkdownWriter::block() {
  if (tight_) return;
  newlines_ = 2;
}

void MarkdownWriter::verbatim(std::string_view lines) {
  bool first = true;
  for (const auto part : split(lines, '\n')) {
    if (!first) newlines_ = 1;
    first = false;
    begin();
    out_ += part;
  }
}

std::string MarkdownWriter::take() {
  auto whole = std::exchange(out_, {});
  if (keep_space_) return whole;
  return std::string(trim(whole));
}

} // namespace openclaw::tools::web_fetch
