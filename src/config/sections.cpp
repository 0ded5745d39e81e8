#include "config/sections.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::config {
namespace {

// `pattern` is what is left of the path below `value`, which stands at `at`.
void find_settings(const json::value& value, std::string_view pattern, const std::string& at, const std::string& why,
                   std::vector<Section::WithoutEffect>& found) {
  if (pattern.empty()) {
    found.push_back({at, why});
    return;
  }
  const auto dot = pattern.find('.');
  const auto key = pattern.substr(0, dot);
  const auto rest = dot == std::string_view::npos ? std::string_view() : pattern.substr(dot + 1);
  const auto below = [&](const json::value& inner, std::string_view name) {
    find_settings(inner, rest, at.empty() ? std::string(name) : fmt::format("{}.{}", at, name), why, found);
  };
  if (const auto* object = value.if_object()) {
    for (const auto& [name, inner] : *object)
      if (key == "*" || key == std::string_view(name)) below(inner, name);
  } else if (const auto* array = value.if_array(); array && key == "*") {
    for (std::size_t index = 0; index < array->size(); ++index)
      below((*array)[index], std::to_string(index));
  }
}

} // namespace

Result<> SectionTable::add(Section section) {
  for (const auto& known : sections_)
    if (known.path == section.path)
      return fail(Kind::conflict, fmt::format("The configuration section {} is described twice.", section.path));
  if (const auto parsed = parse_json(section.schema_json, "schema"); !parsed)
    return fail(Kind::bug, fmt::format("The schema of the section {}: {}", section.path, parsed.error().message));
  sections_.push_back(std::move(section));
  return {};
}

Result<> SectionTable::add_embedded(std::span<const EmbeddedFile> files) {
  for (const auto& file : files) {
    const auto name = file.name.substr(file.name.rfind('/') + 1);
    if (!name.starts_with("config_schema") || !name.ends_with(".json")) continue;
    TRY(const auto content, parse_json(file.content, file.name));
    const auto add_one = [&](const json::value& described) -> Result<> {
      const auto* schema = find(described, "schema");
      const auto path = string_or(described, "path");
      if (!schema || path.empty()) return fail(Kind::bug, fmt::format("{} lacks \"path\" or \"schema\".", file.name));
      Section section{path, to_text(*schema), string_or(described, "help"), {}};
      if (const auto* without = find(described, "withoutEffect"); without && without->is_object())
        for (const auto& [below, why] : without->get_object())
          section.without_effect.push_back({below.empty() ? path : fmt::format("{}.{}", path, std::string_view(below)),
                                            why.is_string() ? std::string(why.get_string()) : std::string()});
      return add(std::move(section));
    };
    if (const auto* list = content.if_array()) {
      for (const auto& described : *list)
        TRY_VOID(add_one(described));
    } else {
      TRY_VOID(add_one(content));
    }
  }
  return {};
}

json::value compose_schema(const SectionTable& table) {
  json::object root{{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}};
  root["properties"].as_object()["$schema"] = json::object{{"type", "string"}};
  auto sections = table.sections();
  std::sort(sections.begin(), sections.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const auto& section : sections) {
    auto schema = parse_json(section.schema_json, "schema");
    if (!schema) continue;
    auto* holder = &root;
    const auto keys = split(section.path, '.');
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
      auto& properties = (*holder)["properties"];
      if (!properties.is_object()) properties = json::object();
      auto& inner = properties.get_object()[keys[i]];
      if (!inner.is_object()) inner = json::object{{"type", "object"}};
      holder = &inner.get_object();
    }
    auto& properties = (*holder)["properties"];
    if (!properties.is_object()) properties = json::object();
    if (!section.help.empty() && schema->is_object()) schema->get_object()["description"] = section.help;
    properties.get_object()[keys.back()] = std::move(*schema);
  }
  return root;
}

std::vector<Section::WithoutEffect> settings_without_effect(const SectionTable& table, const json::value& config) {
  std::vector<Section::WithoutEffect> found;
  for (const auto& section : table.sections())
    for (const auto& setting : section.without_effect)
      find_settings(config, setting.path, "", setting.why, found);
  return found;
}

Result<SectionTable> linked_sections() {
  SectionTable table;
  TRY_VOID(table.add_embedded(embedded_texts()));
  return table;
}

} // namespace openclaw::config
