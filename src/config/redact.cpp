#include "config/redact.hpp"

#include "config/edit.hpp"
#include "config/json5.hpp"
#include "config/secret_reference.hpp"
#include <fmt/core.h>

namespace openclaw::config {
namespace {

bool is_reference(const json::value& value) {
  const auto* text = value.if_string();
  return text && text->starts_with("${") && text->ends_with("}") && text->find('}') == text->size() - 1;
}

bool hides(const json::value& scalar) {
  if (scalar.is_null() || scalar.is_bool() || is_reference(scalar)) return false;
  return !(scalar.is_string() && scalar.get_string().empty());
}

json::value redacted(const json::value& value, bool secret) {
  if (is_secret_reference(value)) return value;
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& member : *object)
      out[member.key()] = redacted(member.value(), secret || is_secret_place(member.key()));
    return out;
  }
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const auto& element : *array)
      out.push_back(redacted(element, secret));
    return out;
  }
  return secret && hides(value) ? json::value(json::string(kRedacted)) : value;
}

// Calls `found` for each scalar below a secret key, in the order of the text.
template <class Found>
void each_secret(const Json5Node& node, Path& path, bool secret, const Found& found) {
  if (node.type == Json5Node::Type::scalar) {
    if (secret && hides(node.scalar)) found(node, path);
    return;
  }
  if (secret && is_secret_reference(node.value())) return;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const auto& child = node.children[i];
    const bool member = node.type == Json5Node::Type::object;
    path.push_back(member ? child.key : std::to_string(i));
    each_secret(child, path, secret || (member && is_secret_place(child.key)), found);
    path.pop_back();
  }
}

} // namespace

// Below "headers" and "vars" every text is a secret, whatever it is called.
bool is_secret_place(std::string_view key) {
  return is_secret_key(key) || key == "headers" || key == "vars";
}

std::vector<PlainSecret> plain_secrets(std::string_view text) {
  std::vector<PlainSecret> found;
  const auto document = parse_json5(text, "the configuration");
  if (!document) return found;
  Path path;
  each_secret(document->root, path, false, [&](const Json5Node& node, const Path& at) {
    if (const auto* value = node.scalar.if_string()) found.push_back({at, std::string(*value)});
  });
  return found;
}

void each_secret_text(const json::value& value, const std::function<void(std::string_view)>& found) {
  std::function<void(const json::value&, bool)> look = [&](const json::value& part, bool secret) {
    if (const auto* object = part.if_object())
      for (const auto& member : *object)
        look(member.value(), secret || is_secret_key(member.key()));
    else if (const auto* array = part.if_array())
      for (const auto& element : *array)
        look(element, secret);
    else if (secret && part.is_string() && hides(part))
      found(part.get_string());
  };
  look(value, false);
}

json::value redact_for_display(const json::value& value) {
  return redacted(value, false);
}

json::value redact_for_display(const json::value& value, std::string_view last_key) {
  return redacted(value, is_secret_place(last_key));
}

std::string redact_text_for_display(std::string_view text) {
  const auto document = parse_json5(text, "the configuration");
  if (!document) return {};
  std::string out;
  std::size_t at = 0;
  Path path;
  each_secret(document->root, path, false, [&](const Json5Node& node, const Path&) {
    out.append(text.substr(at, node.begin - at)).append("\"***\"");
    at = node.end;
  });
  return out.append(text.substr(at));
}

Result<std::string> restore_redacted(std::string new_text, std::string_view old_text) {
  if (new_text.find(kRedacted) == std::string::npos) return new_text;
  TRY(const auto document, parse_json5(new_text, "the new configuration"));
  TRY(const auto old, parse_json5(old_text, "the configuration"));
  const auto before = old.root.value();
  std::vector<Path> marked;
  Path path;
  each_secret(document.root, path, false, [&](const Json5Node& node, const Path& at) {
    if (node.scalar == json::value(json::string(kRedacted))) marked.push_back(at);
  });
  for (const auto& at : marked) {
    const auto* value = value_at(before, at);
    if (!value)
      return fail(
          Kind::invalid,
          fmt::format("{} is \"***\", which stands for a hidden value, and there is none to keep.", path_text(at)),
          "Write the value itself, or leave the key out.");
    TRY(new_text, set_in_text(new_text, at, *value));
  }
  return new_text;
}

} // namespace openclaw::config
