// Another program of this machine that a channel talks to (signal-cli, imsg, ssh): found as a shell would find it, and
// started without one, with a small environment that holds none of our keys.
#pragma once
#include "base/result.hpp"
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

// The path of a program: `name` is a path (with ~ for the home folder) or looked for in PATH. Kind::denied when it is
// not there, because a person must install it or correct `setting`.
Result<std::string> find_program(std::string_view name, std::string_view setting);

// "NAME=value" of those of our variables that are named and set.
std::vector<std::string> environment_of(std::span<const std::string_view> names);
// The same for a companion: where it finds programs, its home, its language and its own data, nothing else.
std::vector<std::string> companion_environment();

} // namespace openclaw::ports
