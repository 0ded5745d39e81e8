#include "cli/terminal.hpp"

#include "base/text.hpp"
#include <charconv>
#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

namespace openclaw::cli {
namespace {

constexpr std::size_t kLongestLine = 8192;
constexpr int kAttempts = 5;

Result<std::string> read_line() {
  std::string line;
  char c = 0;
  while (line.size() < kLongestLine) {
    const auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return fail(Kind::cancelled, "The input ended before everything was answered, so nothing more was done.",
                  "Run the command again.");
    if (c == '\n') break;
    line += c;
  }
  return std::string(trim(line));
}

// The terminal shows nothing that is typed while this lives.
class NoEcho {
public:
  // TCSANOW keeps what was typed ahead, TCSAFLUSH throws it away.
  explicit NoEcho(int when) : when_(when) {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, when_, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(STDIN_FILENO, when_, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

private:
  int when_;
  termios before_{};
  bool changed_ = false;
};

} // namespace

Secret read_secret(Output& output, std::string_view question, std::size_t limit) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal) output.note(question);
  std::optional<NoEcho> quiet;
  if (terminal) quiet.emplace(TCSAFLUSH);
  std::string text;
  char piece[4096];
  while (text.size() <= limit) {
    const auto count = ::read(STDIN_FILENO, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(piece, static_cast<std::size_t>(count));
    if (terminal && text.ends_with('\n')) break;
  }
  explicit_bzero(piece, sizeof piece);
  return Secret(std::move(text));
}

Result<> Terminal::check(std::string_view without) {
  if (::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO)) return {};
  return fail(Kind::invalid, "This command asks questions, and there is no terminal to ask them on.",
              std::string(without));
}

Result<std::string> Terminal::line(std::string_view question, std::string_view otherwise) {
  output_.write(otherwise.empty() ? fmt::format("{}: ", question) : fmt::format("{} [{}]: ", question, otherwise));
  TRY(auto answer, read_line());
  return answer.empty() ? std::string(otherwise) : answer;
}

Result<Secret> Terminal::hidden(std::string_view question) {
  output_.write(fmt::format("{} (it is not shown): ", question));
  auto answer = [] {
    const NoEcho quiet(TCSANOW); // a wizard may be answered ahead
    return read_line();
  }();
  output_.line();
  if (!answer) return std::unexpected(answer.error());
  return Secret(std::move(*answer));
}

Result<bool> Terminal::yes(std::string_view question, bool otherwise) {
  for (int i = 0; i < kAttempts; ++i) {
    TRY(const auto answer, line(question, otherwise ? "yes" : "no"));
    const auto word = lowercase_ascii(answer);
    if (word == "y" || word == "yes") return true;
    if (word == "n" || word == "no") return false;
    output_.line("Please answer yes or no.");
  }
  return fail(Kind::cancelled, "There was no answer.");
}

Result<std::size_t> Terminal::choose(std::string_view question, const std::vector<std::string>& choices,
                                     std::size_t otherwise) {
  output_.line(question);
  for (std::size_t i = 0; i < choices.size(); ++i)
    output_.line(fmt::format("  {}) {}", i + 1, choices[i]));
  for (int i = 0; i < kAttempts; ++i) {
    TRY(const auto answer, line("Number", std::to_string(otherwise + 1)));
    std::size_t number = 0;
    const auto read = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    if (read.ec == std::errc() && read.ptr == answer.data() + answer.size() && number >= 1 && number <= choices.size())
      return number - 1;
    output_.line(fmt::format("Please answer with a number from 1 to {}.", choices.size()));
  }
  return fail(Kind::cancelled, "There was no answer.");
}

} // namespace openclaw::cli
