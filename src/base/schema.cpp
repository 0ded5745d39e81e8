#include "base/schema.hpp"

#include "base/text.hpp"
#include <fmt/core.h>
#include <re2/re2.h>

namespace openclaw {
namespace {

constexpr std::size_t kProblems = 20;
constexpr int kDepth = 64;

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "boolean";
  case json::kind::int64:
  case json::kind::uint64:
    return "integer";
  case json::kind::double_:
    return "number";
  case json::kind::string:
    return "string";
  case json::kind::array:
    return "array";
  case json::kind::object:
    return "object";
  }
  return "null";
}

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  if (type == "boolean") return "true or false";
  if (type == "integer") return "a whole number";
  return fmt::format("{} {}", type == "array" || type == "object" ? "an" : "a", type);
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "number") return value.is_number();
  if (type == "integer") return as_integer(value).has_value() || value.is_uint64();
  return type_name(value) == type;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string quoted_list(const json::array& values) {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += ", ";
    out += to_text(value);
  }
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const auto near = nearest(word, candidates);
  return near ? fmt::format("; did you mean \"{}\"?", *near) : std::string();
}

class Checker {
public:
  std::vector<SchemaProblem> problems;

  void check(const json::value& value, const json::value& schema, const std::string& path, int depth) {
    const auto* rules = schema.if_object();
    if (schema.is_bool() && !schema.get_bool()) return add(path, "is not allowed here");
    if (!rules || full()) return;
    if (depth > kDepth) return add(path, fmt::format("is nested more than {} levels deep", kDepth));
    if (!check_type(value, *rules, path)) return;
    check_choices(value, *rules, path);
    if (const auto* alternatives = find(*rules, "anyOf"); alternatives && alternatives->is_array())
      check_any(value, alternatives->get_array(), path, depth);
    if (value.is_number()) check_number(value, *rules, path);
    if (const auto* text = value.if_string()) check_string(*text, *rules, path);
    if (const auto* array = value.if_array()) check_array(*array, *rules, path, depth);
    if (const auto* object = value.if_object()) check_object(*object, *rules, path, depth);
  }

private:
  bool full() const { return problems.size() >= kProblems; }
  void add(const std::string& path, std::string message, bool unknown = false) {
    if (!full()) problems.push_back({path, std::move(message), unknown});
  }

  bool check_type(const json::value& value, const json::object& rules, const std::string& path) {
    const auto* type = find(rules, "type");
    if (!type) return true;
    std::vector<std::string> allowed;
    if (const auto* one = type->if_string()) allowed.emplace_back(*one);
    if (const auto* many = type->if_array())
      for (const auto& one : *many)
        if (one.is_string()) allowed.emplace_back(one.get_string());
    std::string wanted;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      if (has_type(value, allowed[i])) return true;
      wanted += (i == 0 ? "" : i + 1 == allowed.size() ? " or " : ", ") + with_article(allowed[i]);
    }
    if (allowed.empty()) return true;
    const auto is = value.is_bool() ? std::string(value.get_bool() ? "true" : "false") : with_article(type_name(value));
    add(path, fmt::format("must be {}, and is {}", wanted, is));
    return false;
  }

  void check_choices(const json::value& value, const json::object& rules, const std::string& path) {
    if (const auto* constant = find(rules, "const"); constant && *constant != value)
      add(path, fmt::format("must be {}", to_text(*constant)));
    const auto* choices = find(rules, "enum");
    if (!choices || !choices->is_array()) return;
    const auto& list = choices->get_array();
    if (std::find(list.begin(), list.end(), value) != list.end()) return;
    std::vector<std::string> words;
    for (const auto& choice : list)
      if (choice.is_string()) words.emplace_back(choice.get_string());
    const auto near = value.is_string() ? suggestion(std::string_view(value.get_string()), words) : std::string();
    add(path, fmt::format("must be one of {}{}", quoted_list(list), near));
  }

  // The alternative that fits best explains itself; where none has the value's type, all types are named.
  void check_any(const json::value& value, const json::array& alternatives, const std::string& path, int depth) {
    std::vector<SchemaProblem> best;
    std::size_t best_errors = SIZE_MAX;
    bool best_type_fits = false;
    std::string wanted;
    for (const auto& alternative : alternatives) {
      Checker inner;
      inner.check(value, alternative, path, depth + 1);
      const auto errors = static_cast<std::size_t>(std::count_if(
          inner.problems.begin(), inner.problems.end(), [](const auto& problem) { return !problem.unknown_key; }));
      const auto type = string_or(alternative, "type");
      const bool fits = type.empty() || has_type(value, type);
      if (!type.empty()) wanted += (wanted.empty() ? "" : " or ") + with_article(type);
      if (std::pair(!fits, errors) < std::pair(!best_type_fits, best_errors) || best_errors == SIZE_MAX) {
        best = std::move(inner.problems);
        best_errors = errors;
        best_type_fits = fits;
      }
      if (errors == 0 && best.empty()) return;
    }
    if (best_errors == SIZE_MAX) return;
    if (best_errors > 0 && !best_type_fits && !wanted.empty())
      return add(path, fmt::format("must be {}, and is {}", wanted, with_article(type_name(value))));
    for (auto& problem : best)
      add(problem.path, std::move(problem.message), problem.unknown_key);
  }

  void check_number(const json::value& value, const json::object& rules, const std::string& path) {
    const double number = value.to_number<double>();
    if (const auto* least = find(rules, "minimum"); least && least->is_number() && number < least->to_number<double>())
      add(path, fmt::format("must be at least {}, and is {}", least->to_number<double>(), number));
    if (const auto* most = find(rules, "maximum"); most && most->is_number() && number > most->to_number<double>())
      add(path, fmt::format("must be at most {}, and is {}", most->to_number<double>(), number));
  }

  void check_string(std::string_view text, const json::object& rules, const std::string& path) {
    const auto length = static_cast<std::int64_t>(code_points(text));
    if (const auto least = integer_or(rules, "minLength", 0); length < least)
      add(path, least == 1 ? std::string("must not be empty") : fmt::format("must have at least {} characters", least));
    if (const auto most = integer_or(rules, "maxLength", INT64_MAX); length > most)
      add(path, fmt::format("must have at most {} characters, and has {}", most, length));
    const auto* pattern = find(rules, "pattern");
    if (!pattern || !pattern->is_string()) return;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    const std::string_view source = pattern->get_string();
    const RE2 expression(re2::StringPiece(source.data(), source.size()), options);
    if (!expression.ok()) return add(path, fmt::format("cannot be checked: the schema's pattern {} is broken", source));
    if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), expression))
      add(path, fmt::format("must match the pattern {}", source));
  }

  void check_array(const json::array& array, const json::object& rules, const std::string& path, int depth) {
    const auto size = static_cast<std::int64_t>(array.size());
    if (const auto least = integer_or(rules, "minItems", 0); size < least)
      add(path, fmt::format("must have at least {} items, and has {}", least, size));
    if (const auto most = integer_or(rules, "maxItems", INT64_MAX); size > most)
      add(path, fmt::format("must have at most {} items, and has {}", most, size));
    const auto* items = find(rules, "items");
    if (!items) return;
    for (std::size_t i = 0; i < array.size() && !full(); ++i)
      check(array[i], *items, join_path(path, i), depth + 1);
  }

  void check_object(const json::object& object, const json::object& rules, const std::string& path, int depth) {
    const auto* declared = find(rules, "properties");
    const auto* properties = declared ? declared->if_object() : nullptr;
    const auto* others = find(rules, "additionalProperties");
    for (const auto& member : object) {
      const std::string_view key = member.key();
      const auto* known = properties ? properties->if_contains(key) : nullptr;
      if (known)
        check(member.value(), *known, join_path(path, key), depth + 1);
      else if (others && others->is_bool() && !others->get_bool())
        add_unknown(key, properties, path);
      else if (others)
        check(member.value(), *others, join_path(path, key), depth + 1);
      if (full()) return;
    }
    const auto* required = find(rules, "required");
    if (!required || !required->is_array()) return;
    for (const auto& name : required->get_array())
      if (name.is_string() && !object.contains(name.get_string()))
        add(join_path(path, name.get_string()), "is required and missing");
  }

  void add_unknown(std::string_view key, const json::object* properties, const std::string& path) {
    std::vector<std::string> names;
    if (properties)
      for (const auto& property : *properties)
        names.emplace_back(property.key());
    add(join_path(path, key), "is not a known key" + suggestion(key, names), true);
  }
};

} // namespace

std::string join_path(std::string_view parent, std::string_view key) {
  const bool plain = !key.empty() && std::none_of(key.begin(), key.end(), [](char c) {
    return c == '.' || c == '[' || c == ']' || c == '"' || c == '\'' || static_cast<unsigned char>(c) <= ' ';
  });
  if (!plain) return fmt::format("{}[{}]", parent, to_text(json::value(json::string(key))));
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string join_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

std::vector<SchemaProblem> check_schema(const json::value& value, const json::value& schema) {
  Checker checker;
  checker.check(value, schema, "", 0);
  return std::move(checker.problems);
}

} // namespace openclaw
