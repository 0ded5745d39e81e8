// Moving out: a folder that OpenClaw 2026.1.30 reads, made of this program's state. What that program would refuse is
// left out of its configuration and named.
#pragma once
#include "cli/moving/move_in.hpp"
#include "cli/setup.hpp"

namespace openclaw::cli {

// `folder` must be empty or not there. The list says what went along and what did not.
Result<std::vector<MoveItem>> move_out(const Setup& setup, const std::string& folder);

// Takes everything out of `config` that the keys of OpenClaw 2026.1 do not have; gives the paths that went.
std::vector<std::string> keep_known_keys(json::value& config);

} // namespace openclaw::cli
