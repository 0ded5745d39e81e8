// Questions to a person at the terminal: a line, a secret that is not shown, one of a list. An ended input is an
// answer too: nobody is there.
#pragma once
#include "base/secret.hpp"
#include "cli/output.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::cli {

// A secret from whoever runs the command: asked for and not shown at a terminal, else all of standard input. Never from
// the command line, where others could see it. As it came, its line end too; more than `limit` bytes are cut soon after
// it, so that the caller sees that they were too many.
Secret read_secret(Output& output, std::string_view question, std::size_t limit);

class Terminal {
public:
  explicit Terminal(Output& output) : output_(output) {}
  // Kind::invalid where standard input is no terminal; the hint says how to do without one.
  static Result<> check(std::string_view without);

  // An empty answer is `otherwise`. Kind::cancelled when the input ended.
  Result<std::string> line(std::string_view question, std::string_view otherwise = {});
  Result<Secret> hidden(std::string_view question);
  Result<bool> yes(std::string_view question, bool otherwise);
  // The index of the choice.
  Result<std::size_t> choose(std::string_view question, const std::vector<std::string>& choices,
                             std::size_t otherwise = 0);
  Output& output() { return output_; }

private:
  Output& output_;
};

} // namespace openclaw::cli
