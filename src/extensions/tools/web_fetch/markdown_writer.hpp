// Collects words and blocks: white space collapses, blocks are set apart by blank lines, prefixes of lists and quotes
// repeat.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::tools::web_fetch {

class MarkdownWriter {
public:
  // With `keep_space`, text is taken as it is.
  explicit MarkdownWriter(bool keep_space = false) : keep_space_(keep_space) {}
  void text(std::string_view words);
  // Signs of markdown: nothing in them collapses.
  void mark(std::string_view signs);
  // Before marks inside a line: a space that is due is written.
  void open(bool space);
  void line();
  void block();
  // Takes a blank line that is due back to the end of a line: a nested list follows its item at once.
  void close_up() { newlines_ = std::min(newlines_, 1); }
  // The next block starts on this very line: the words of a list item behind its bullet.
  void tight() { tight_ = true; }
  void verbatim(std::string_view lines);
  void push_prefix(std::string prefix) { prefixes_.push_back(std::move(prefix)); }
  void pop_prefix() { prefixes_.pop_back(); }
  std::size_t size() const { return out_.size(); }
  std::string take(); // trimmed

private:
  void begin();
  std::string out_;
  std::vector<std::string> prefixes_;
  int newlines_ = 0;
  bool space_ = false;
  bool tight_ = false;
  bool keep_space_ = false;
};

} // namespace openclaw::tools::web_fetch
