// Boost.JSON at the edges: parsing with limits, and reading fields of a value without exceptions.
#pragma once
#include "base/result.hpp"
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw {

namespace json = boost::json;

// Strict JSON, at most 64 levels deep; the message names the offset. `what` names the text in that message
// ("frame", "answer of ..."). With a storage of its own (a json::monotonic_resource on the stack), a value that is read
// once and dropped costs few allocations.
Result<json::value> parse_json(std::string_view text, std::string_view what, json::storage_ptr storage = {});

// Reading: a missing or differently typed field is simply absent.
const json::value* find(const json::value& value, std::string_view key);
const json::value* find(const json::object& object, std::string_view key);
// A path of keys separated by dots, through objects only.
const json::value* find_path(const json::value& value, std::string_view path);
std::string string_or(const json::value& value, std::string_view key, std::string_view otherwise = {});
std::string string_or(const json::object& object, std::string_view key, std::string_view otherwise = {});
std::int64_t integer_or(const json::value& value, std::string_view key, std::int64_t otherwise);
std::int64_t integer_or(const json::object& object, std::string_view key, std::int64_t otherwise);
bool bool_or(const json::value& value, std::string_view key, bool otherwise);
bool bool_or(const json::object& object, std::string_view key, bool otherwise);
double number_or(const json::object& object, std::string_view key, double otherwise);
std::optional<std::int64_t> as_integer(const json::value& value);

inline std::string to_text(const json::value& value) {
  return json::serialize(value);
}

} // namespace openclaw
