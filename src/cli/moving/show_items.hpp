// The list of what moves, for people and for programs.
#pragma once
#include "cli/moving/move_in.hpp"
#include "cli/output.hpp"

namespace openclaw::cli {

json::array items_as_json(const std::vector<MoveItem>& items);
void show_items(const std::vector<MoveItem>& items, Output& output);

} // namespace openclaw::cli
