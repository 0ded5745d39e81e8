#include "agent/chat_command.hpp"
#include <fmt/core.h>
#include <sstream>

namespace openclaw::agent {
namespace {

Task<std::string> count_words(ChatCommandCall call) {
  std::istringstream text(call.argument);
  int words = 0;
  for (std::string word; text >> word;)
    ++words;
  co_return fmt::format("{} words", words);
}

} // namespace

void register_words(ChatCommandTable& table) {
  table.add({"words", {}, "/words TEXT", "count the words of a text", count_words});
}

} // namespace openclaw::agent
