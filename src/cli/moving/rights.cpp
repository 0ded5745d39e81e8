#include "cli/moving/rights.hpp"

#include <fmt/core.h>

namespace openclaw::cli {
namespace {

// A key whose value gives a right, wherever it stands below the place that is searched.
struct Rule {
  std::string_view key;
  std::vector<std::string_view> values; // "true" for the boolean
  std::string_view safe;
};

const std::vector<Rule>& rules_of(std::string_view section) {
  static const std::vector<Rule> gateway = {
      {"bind", {"lan", "custom", "tailnet", "auto"}, "loopback"},
      {"allowInsecureAuth", {"true"}, "false"},
      {"dangerouslyDisableDeviceAuth", {"true"}, "false"},
      {"allowTailscale", {"true"}, "false"},
      {"mode", {"serve", "funnel"}, "off"},
  };
  static const std::vector<Rule> channels = {
      {"dmPolicy", {"open"}, "pairing"},
      {"policy", {"open"}, "pairing"},
      {"groupPolicy", {"open"}, "allowlist"},
  };
  static const std::vector<Rule> hooks = {{"allowUnsafeExternalContent", {"true"}, "false"}};
  static const std::vector<Rule> commands = {
      {"bash", {"true"}, "false"}, {"config", {"true"}, "false"}, {"debug", {"true"}, "false"}};
  static const std::vector<Rule> browser = {{"noSandbox", {"true"}, "false"}};
  // Of the tools of everybody and of single agents.
  static const std::vector<Rule> tools = {
      {"security", {"full"}, "allowlist"},
      {"ask", {"off"}, "on-miss"},
      {"elevatedDefault", {"on", "ask", "full"}, "off"},
  };
  static const std::vector<Rule> none;
  if (section == "gateway") return gateway;
  if (section == "channels") return channels;
  if (section == "hooks") return hooks;
  if (section == "commands") return commands;
  if (section == "browser") return browser;
  if (section == "tools" || section == "agents") return tools;
  return none;
}

std::string spelling(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

json::value safe_value(std::string_view text) {
  if (text == "false") return false;
  return json::value(json::string(text));
}

void add(std::vector<Right>& out, const config::Path& path, json::value safe, std::string was) {
  auto grant = fmt::format("openclaw config set {} {}", config::path_text(path), was);
  out.push_back({path, std::move(safe), std::move(was), std::move(grant)});
}

bool is_elevation(const config::Path& path) {
  return path.size() >= 2 && path.back() == "elevated" && path[path.size() - 2] == "tools";
}

void search(const json::value& value, const std::vector<Rule>& rules, config::Path& path, std::vector<Right>& out,
            int depth) {
  if (depth > 16) return;
  if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      path.push_back(std::to_string(i));
      search((*list)[i], rules, path, out, depth + 1);
      path.pop_back();
    }
    return;
  }
  const auto* object = value.if_object();
  if (!object) return;
  // Elevated commands leave the sandbox: on unless it is said otherwise.
  if (is_elevation(path) && bool_or(*object, "enabled", true) && !object->empty()) {
    path.emplace_back("enabled");
    add(out, path, false, "true");
    path.pop_back();
  }
  for (const auto& member : *object) {
    path.emplace_back(member.key());
    const auto written = spelling(member.value());
    for (const auto& rule : rules)
      if (rule.key == member.key() && std::find(rule.values.begin(), rule.values.end(), written) != rule.values.end())
        add(out, path, safe_value(rule.safe), written);
    const auto* list = member.value().if_array();
    if (path.front() == "channels" && list && member.key().ends_with("llowFrom"))
      if (std::any_of(list->begin(), list->end(), [](const auto& one) { return spelling(one) == "*"; })) {
        json::array known;
        for (const auto& one : *list)
          if (spelling(one) != "*") known.push_back(one);
        out.push_back(
            {path, known, "everybody (*)", fmt::format("openclaw config set {} '[\"*\"]'", config::path_text(path))});
      }
    search(member.value(), rules, path, out, depth + 1);
    path.pop_back();
  }
}

} // namespace

std::vector<Right> granted_rights(const json::value& config) {
  std::vector<Right> out;
  const auto* object = config.if_object();
  if (!object) return out;
  for (const auto& section : *object) {
    const auto& rules = rules_of(section.key());
    if (rules.empty()) continue;
    config::Path path{std::string(section.key())};
    search(section.value(), rules, path, out, 0);
  }
  return out;
}

} // namespace openclaw::cli
