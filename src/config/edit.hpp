// Changes the text of a JSON5 document in place: comments, order and layout of everything else stay as their owner
// wrote them.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::config {

// Keys, and indexes of arrays as decimal text.
using Path = std::vector<std::string>;

// agents.list[0].name, models.providers["my.host"]; Kind::invalid says where the spelling is wrong.
Result<Path> parse_path(std::string_view text);
std::string path_text(const Path& path);
const json::value* value_at(const json::value& value, const Path& path);

// Missing objects on the way are made; an index one past the end of an array appends. Where an object replaces an
// object, only the members that differ are touched.
Result<std::string> set_in_text(std::string_view text, const Path& path, const json::value& value);
// Kind::missing when there is no such value.
Result<std::string> unset_in_text(std::string_view text, const Path& path);

// A value as text, indented by two spaces; for output and for new files.
std::string pretty_json(const json::value& value);

} // namespace openclaw::config
