// config.schema: the schema of this build and what a form wants to know about its keys. Both come from the sections
// themselves, so they say what this program reads and nothing else.
#include "base/clock.hpp"
#include "config/json5.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

constexpr int kDeepest = 16;

// "controlUi" -> "Control Ui"
std::string label_of(std::string_view key) {
  std::string label;
  for (const char letter : key) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (upper && !label.empty()) label += ' ';
    label += label.empty() && letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return label;
}

void add_hints(json::object& hints, const json::value& schema, const std::string& path, int depth) {
  if (depth > kDeepest) return;
  if (const auto* properties = find(schema, "properties"); properties && properties->is_object())
    for (const auto& member : properties->get_object()) {
      const std::string key(member.key());
      const auto inner = path.empty() ? key : path + "." + key;
      json::object hint;
      if (depth == 0) {
        hint["label"] = label_of(key);
        hint["group"] = label_of(key);
      }
      if (auto help = string_or(member.value(), "description"); !help.empty()) hint["help"] = std::move(help);
      if (config::is_secret_key(key)) hint["sensitive"] = true;
      if (!hint.empty()) hints[inner] = std::move(hint);
      add_hints(hints, member.value(), inner, depth + 1);
    }
  if (const auto* more = find(schema, "additionalProperties"); more && more->is_object())
    add_hints(hints, *more, path + ".*", depth + 1);
}

Task<json::value> config_schema(Call call) {
  const auto& schema = call.services.config.schema();
  json::object hints;
  add_hints(hints, schema, "", 0);
  co_return json::value(json::object{{"schema", schema},
                                     {"uiHints", std::move(hints)},
                                     {"version", call.services.version},
                                     {"generatedAt", iso_time(call.services.time.now_ms())}});
}

} // namespace

void register_config_schema(MethodTable& table) {
  table.add({"config.schema", Scope::read, R"({"type":"object"})", config_schema});
}

} // namespace openclaw::gateway
