// The configuration's schema, put together from sections: each belongs to the layer or extension that reads it.
#pragma once
#include "base/embedded.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include <string>
#include <vector>

namespace openclaw::config {

struct Section {
  std::string path;        // "gateway", "channels.telegram"
  std::string schema_json; // JSON Schema of what stands there
  std::string help;        // one line
  // Settings of OpenClaw that are kept and that nothing here reads: a path, in which "*" is any key or item, and what
  // is done instead.
  struct WithoutEffect {
    std::string path;
    std::string why;
  };
  std::vector<WithoutEffect> without_effect;
};

class SectionTable {
public:
  // Kind::conflict when the path is taken; Kind::bug when the schema is not JSON.
  Result<> add(Section section);
  // Each embedded config_schema*.json: {"path", "help", "schema", "withoutEffect": {PATH BELOW IT: WHY}}, or a list of
  // these.
  Result<> add_embedded(std::span<const EmbeddedFile> files);
  const std::vector<Section>& sections() const { return sections_; }

private:
  std::vector<Section> sections_;
};

// The whole: unknown keys are problems everywhere, except below the keys of OpenClaw 2026.1.30 that this build does not
// read.
json::value compose_schema(const SectionTable& table);
// Those of them that stand in this configuration, each by its own path.
std::vector<Section::WithoutEffect> settings_without_effect(const SectionTable& table, const json::value& config);
// All sections that are linked into the program.
Result<SectionTable> linked_sections();

} // namespace openclaw::config
