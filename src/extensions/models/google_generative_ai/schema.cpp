#include "extensions/models/google_generative_ai/wire.hpp"
#include <algorithm>

namespace openclaw::ports::google {
namespace {

constexpr int kDeepest = 24;

class Converter {
public:
  explicit Converter(const json::value& root) : root_(root) {}

  json::object convert(const json::value& given, int depth) const {
    const auto* schema = resolved(given);
    json::object out;
    if (depth >= kDeepest || !schema || !schema->is_object()) return {{"type", "object"}};
    const auto& source = schema->get_object();
    copy_plain(source, out);
    set_type(source, out);
    set_choices(source, out);
    for (const auto* key : {"anyOf", "oneOf"})
      if (const auto* list = find(source, key); list && list->is_array()) set_any(list->get_array(), out, depth);
    if (const auto* list = find(source, "allOf"); list && list->is_array())
      for (const auto& part : list->get_array())
        for (auto& [key, value] : convert(part, depth + 1))
          if (!out.contains(key)) out[key] = value;
    set_object(source, out, depth);
    if (string_or(out, "type") == "array") {
      const auto* items = find(source, "items");
      out["items"] = items ? convert(*items, depth + 1) : json::object{{"type", "string"}};
    }
    if (!out.contains("type") && !out.contains("anyOf")) out["type"] = out.contains("properties") ? "object" : "string";
    return out;
  }

private:
  const json::value* resolved(const json::value& given) const {
    const json::value* at = &given;
    for (int hops = 0; hops < 8; ++hops) {
      const auto reference = string_or(*at, "$ref");
      if (reference.empty()) return at;
      if (!reference.starts_with("#/")) return nullptr;
      const json::value* target = &root_;
      for (std::size_t begin = 2; target && begin <= reference.size();) {
        const auto end = std::min(reference.find('/', begin), reference.size());
        target = find(*target, std::string_view(reference).substr(begin, end - begin));
        begin = end + 1;
      }
      if (!target) return nullptr;
      at = target;
    }
    return nullptr;
  }

  static void copy_plain(const json::object& source, json::object& out) {
    for (const auto* key : {"title", "description", "nullable", "minimum", "maximum", "minItems", "maxItems",
                            "minLength", "maxLength", "pattern"})
      if (const auto* value = find(source, key)) out[key] = *value;
    if (const auto format = string_or(source, "format");
        format == "date-time" || format == "int32" || format == "int64" || format == "float" || format == "double")
      out["format"] = format;
  }

  static void set_type(const json::object& source, json::object& out) {
    const auto* type = find(source, "type");
    if (!type) return;
    if (type->is_string() && type->get_string() != "null") out["type"] = *type;
    if (!type->is_array()) return;
    json::array others;
    for (const auto& one : type->get_array()) {
      if (!one.is_string()) continue;
      if (one.get_string() == "null")
        out["nullable"] = true;
      else
        others.push_back({{"type", one}});
    }
    if (others.size() == 1)
      out["type"] = others.front().at("type");
    else if (!others.empty())
      out["anyOf"] = std::move(others);
  }

  // Gemini chooses among strings only.
  static void set_choices(const json::object& source, json::object& out) {
    json::array choices;
    if (const auto* list = find(source, "enum"); list && list->is_array()) {
      for (const auto& choice : list->get_array())
        if (choice.is_string()) choices.push_back(choice);
    } else if (const auto* only = find(source, "const"); only && only->is_string()) {
      choices.push_back(*only);
    }
    if (choices.empty()) return;
    out["enum"] = std::move(choices);
    out["type"] = "string";
  }

  void set_any(const json::array& list, json::object& out, int depth) const {
    json::array choices;
    for (const auto& one : list) {
      if (string_or(one, "type") == "null")
        out["nullable"] = true;
      else
        choices.push_back(convert(one, depth + 1));
    }
    if (choices.size() == 1) {
      for (auto& [key, value] : choices.front().get_object())
        if (!out.contains(key)) out[key] = value;
    } else if (!choices.empty() && !out.contains("type")) {
      out["anyOf"] = std::move(choices);
    }
  }

  void set_object(const json::object& source, json::object& out, int depth) const {
    const auto* properties = find(source, "properties");
    // An object without properties is refused where "properties" is there and empty.
    if (!properties || !properties->is_object() || properties->get_object().empty()) return;
    json::object converted;
    for (const auto& [name, property] : properties->get_object())
      converted[name] = convert(property, depth + 1);
    json::array required;
    if (const auto* list = find(source, "required"); list && list->is_array())
      for (const auto& name : list->get_array())
        if (name.is_string() && converted.contains(name.get_string())) required.push_back(name);
    out["properties"] = std::move(converted);
    if (!required.empty()) out["required"] = std::move(required);
  }

  const json::value& root_;
};

} // namespace

std::optional<json::object> gemini_schema(const json::value& schema) {
  auto out = Converter(schema).convert(schema, 0);
  if (!out.contains("properties")) return std::nullopt;
  out["type"] = "object";
  return out;
}

} // namespace openclaw::ports::google
