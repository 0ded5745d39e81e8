#include "gateway/method.hpp"

#include "base/log.hpp"
#include "base/schema.hpp"
#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>

namespace openclaw::gateway {

void MethodTable::add(Method method) {
  auto schema = parse_json(method.params_schema, "parameter schema");
  if (!schema) {
    log::error("gateway", "The parameter schema of a method is broken; this is a bug.",
               {{"method", method.name}, {"why", schema.error().message}});
    std::abort();
  }
  const auto name = method.name;
  rows_[name] = Row{std::move(method), std::move(*schema)};
}

const Method* MethodTable::find(std::string_view name) const {
  const auto at = rows_.find(name);
  return at == rows_.end() ? nullptr : &at->second.method;
}

std::vector<std::string> MethodTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, row] : rows_)
    names.push_back(name);
  return names;
}

std::string MethodTable::problems(const Method& method, const json::object& params) const {
  const auto at = rows_.find(method.name);
  return at == rows_.end() ? std::string() : schema_problems(json::value(params), at->second.schema);
}

std::string schema_problems(const json::value& value, const json::value& schema) {
  std::string text;
  for (const auto& problem : check_schema(value, schema)) {
    if (!text.empty()) text += "; ";
    auto pointer = problem.path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    if (problem.message == "is required and missing") {
      const auto cut = pointer.rfind('/');
      const auto property = cut == std::string::npos ? pointer : pointer.substr(cut + 1);
      text += cut == std::string::npos
                  ? fmt::format("must have required property '{}'", property)
                  : fmt::format("at /{}: must have required property '{}'", pointer.substr(0, cut), property);
    } else if (problem.unknown_key) {
      text += fmt::format("at root: unexpected property '{}'", problem.path);
    } else if (pointer.empty()) {
      text += "at root: " + problem.message;
    } else {
      text += fmt::format("at /{}: {}", pointer, problem.message);
    }
  }
  return text;
}

const MethodTable& methods() {
  static const MethodTable table = [] {
    MethodTable made;
    register_methods(made);
    return made;
  }();
  return table;
}

} // namespace openclaw::gateway
