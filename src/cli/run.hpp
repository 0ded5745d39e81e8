// From the words of the command line to the exit status. Nothing is loaded before a command asks for it.
#pragma once
#include "cli/command.hpp"
#include <span>
#include <string>

namespace openclaw::cli {

// `words` without the program's name.
int run(std::span<const std::string> words, const Services& services, Output& output);
// The same with a table of one's own, for tests.
int run(std::span<const std::string> words, const CommandTable& table, const Services& services, Output& output);

// Reads options and arguments behind the command's name. Kind::invalid with the nearest option for an unknown one.
Result<> read_arguments(std::span<const std::string> words, Invocation& invocation);

} // namespace openclaw::cli
