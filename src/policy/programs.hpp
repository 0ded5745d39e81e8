// What is known about single programs: which run others, and which only read when called with exactly the listed flags.
#pragma once
#include <string_view>
#include <vector>

namespace openclaw::policy {

struct SafeProgram {
  std::string_view name;
  // Exactly these spellings; what takes a value takes it as the next argument. No abbreviation, no cluster that is not
  // here.
  std::vector<std::string_view> flags;
  std::vector<std::string_view> flags_with_value;
  bool operands = true;
};

const std::vector<SafeProgram>& safe_programs();
bool is_runner(std::string_view name);

} // namespace openclaw::policy
