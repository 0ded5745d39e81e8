// Help, made from the command table and the .md file beside each command.
#pragma once
#include "cli/command.hpp"
#include <string>
#include <string_view>

namespace openclaw::cli {

// Of one command or of a group; of all when `name` is empty.
int show_help(const CommandTable& table, std::string_view name, Output& output);
// Markdown for a terminal: headings bold, code indented, marks gone.
std::string plain_markdown(std::string_view markdown, const Output& output);

} // namespace openclaw::cli
