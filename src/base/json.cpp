#include "base/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <cmath>
#include <fmt/core.h>

namespace openclaw {

Result<json::value> parse_json(std::string_view text, std::string_view what, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = 64;
  unsigned char unfinished[2048]; // what most texts need while they are read
  json::stream_parser parser({}, options, unfinished, sizeof unfinished);
  parser.reset(std::move(storage));
  boost::system::error_code error;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
  std::size_t trailing = consumed;
  while (!error && trailing < text.size() && std::string_view(" \t\r\n").find(text[trailing]) != std::string_view::npos)
    ++trailing;
  if (!error && trailing < text.size()) error = json::make_error_code(json::error::extra_data);
  if (!error) parser.finish(error);
  if (error)
    return fail(Kind::invalid,
                fmt::format("The {} is not valid JSON: {} at byte {}.", what, error.message(), consumed));
  return parser.release();
}

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

const json::value* find(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object ? object->if_contains(key) : nullptr;
}

const json::value* find_path(const json::value& value, std::string_view path) {
  const json::value* at = &value;
  while (at) {
    const auto dot = path.find('.');
    at = find(*at, path.substr(0, dot));
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

std::string string_or(const json::object& object, std::string_view key, std::string_view otherwise) {
  const auto* field = find(object, key);
  if (field && field->is_string()) return std::string(field->get_string());
  return std::string(otherwise);
}
std::string string_or(const json::value& value, std::string_view key, std::string_view otherwise) {
  const auto* object = value.if_object();
  return object ? string_or(*object, key, otherwise) : std::string(otherwise);
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64() && value.get_uint64() <= static_cast<std::uint64_t>(INT64_MAX))
    return static_cast<std::int64_t>(value.get_uint64());
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::abs(number) < 9e15 && std::floor(number) == number) return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

std::int64_t integer_or(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* field = find(object, key);
  return field ? as_integer(*field).value_or(otherwise) : otherwise;
}
std::int64_t integer_or(const json::value& value, std::string_view key, std::int64_t otherwise) {
  const auto* object = value.if_object();
  return object ? integer_or(*object, key, otherwise) : otherwise;
}

bool bool_or(const json::object& object, std::string_view key, bool otherwise) {
  const auto* field = find(object, key);
  return field && field->is_bool() ? field->get_bool() : otherwise;
}
bool bool_or(const json::value& value, std::string_view key, bool otherwise) {
  const auto* object = value.if_object();
  return object ? bool_or(*object, key, otherwise) : otherwise;
}

double number_or(const json::object& object, std::string_view key, double otherwise) {
  const auto* field = find(object, key);
  if (!field || !field->is_number()) return otherwise;
  return field->to_number<double>();
}

} // namespace openclaw
