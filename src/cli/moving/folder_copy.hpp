// Copying state folders: private modes, links as links, and never over something that is there.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::cli {

// Names at the top of a state folder that are this program's own.
bool is_own_file(std::string_view name);
// What moving in place does not change, and may be large.
bool stays_untouched(std::string_view name);

std::size_t count_files(const std::string& path);
// Files below `to` that are there and differ from those below `from`.
std::vector<std::string> clashes(const std::string& from, const std::string& to);
// What is there already stays. A file appears whole or not at all.
Result<> copy_tree(const std::string& from, const std::string& to);
// The folders of agents without databases and lists of sessions, which are taken over in another way.
Result<> copy_agents(const std::string& from, const std::string& to);

} // namespace openclaw::cli
