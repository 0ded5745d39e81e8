// A subset of JSON Schema (2020-12): type, properties, required, additionalProperties, items, enum, const, anyOf,
// minimum, maximum, minLength, maxLength, pattern (RE2), minItems, maxItems. For tool arguments, RPC parameters and the
// configuration.
#pragma once
#include "base/json.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw {

struct SchemaProblem {
  std::string path;         // "agents.defaults.model", empty for the value itself
  std::string message;      // a sentence: "must be a string, and is a number"; for an unknown key with "did you mean"
  bool unknown_key = false; // only worth a warning where unknown keys are kept
};

// The spelling of a path in problems and on the command line: agents.list[0].name, models.providers["my.host"].baseUrl.
std::string join_path(std::string_view parent, std::string_view key);
std::string join_path(std::string_view parent, std::size_t index);

// At most 20 problems, in the order of the document. Depth is bounded at 64.
std::vector<SchemaProblem> check_schema(const json::value& value, const json::value& schema);

} // namespace openclaw
