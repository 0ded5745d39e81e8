// Shell completion made from the command table: commands, their second words and their options.
#pragma once
#include "cli/command.hpp"

namespace openclaw::cli {

std::string bash_completion(const CommandTable& table);
std::string zsh_completion(const CommandTable& table);
std::string fish_completion(const CommandTable& table);

} // namespace openclaw::cli
